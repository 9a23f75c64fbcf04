"""The worker rebuilds the figures once when their version or time zone differs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from app.factory import create_app
from app.models.figures import counter
from app.models.figures.counter import SHAPE
from config import Settings
from tests.integration.cli.test_metrics import counted
from tests.integration.services.worker.conftest import Mongo, StartWorker
from tests.support import stored


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_rebuild_after_an_upgrade_or_a_change_of_time_zone(
    settings: Settings, app: Flask, database: Mongo, start_worker: StartWorker, zone: str
) -> None:
    database.payments.insert_many(stored.mixed(300))
    assert app.test_cli_runner().invoke(args=["metrics", "rebuild"]).exit_code == 0
    if zone == settings.dashboard_timezone:
        database.figures_state.update_one({"_id": "figures"}, {"$set": {"shape": SHAPE - 1}})
        database.rollups.delete_many({})
    worker = start_worker(dashboard_timezone=zone)

    def is_built() -> bool:
        state = counter.state()
        return bool(state and state.built_at and (state.zone, state.shape) == (zone, SHAPE))

    worker.wait_until(is_built)
    worker.stop()
    by_the_worker = counted(database)
    assert len(by_the_worker["payment_rows"]) == 300
    again = create_app(replace(settings, dashboard_timezone=zone)).test_cli_runner()
    assert again.invoke(args=["metrics", "rebuild"]).exit_code == 0
    assert counted(database) == by_the_worker
