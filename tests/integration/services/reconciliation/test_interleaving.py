"""Reconciliation beside webhooks: whatever comes first, the payments end as webhooks alone would have left them."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from flask import Flask

from tests.integration.services.reconciliation.conftest import (
    Json,
    Mongo,
    Run,
    assert_equal_to_the_books,
    events_of,
    payments_of,
)
from tests.integration.services.reconciliation.test_outage import _story
from tests.support.ownership import OURS
from tests.support.profiles import thorough_beside
from tests.support.sandbox import SandboxProcess


@pytest.mark.parametrize("seed", thorough_beside([1, 2], 1))
def test_the_end_is_that_of_webhooks_alone(
    app: Flask, reconcile: Run, silent: SandboxProcess, database: Mongo, deliver: Callable[[Json], None], seed: int
) -> None:
    silent.post("bulk", {"payments": 70, "days": 3, "seed": seed, "events": True, "metadata": OURS})
    for number in range(12):
        _story(silent, number)
    silent.drain()
    events = events_of(silent)
    for event in events:
        deliver(event)
    alone = payments_of(database)
    assert_equal_to_the_books(database, silent)
    for name in ("payments", "webhook_events"):
        database[name].delete_many({})

    chance = random.Random(seed)
    chance.shuffle(events)
    middle = len(events) // 2
    for event in events[:middle]:
        deliver(event)
    assert reconcile("--since", "4d").exit_code == 1
    assert reconcile("--since", "4d", "--repair").exit_code == 0
    assert payments_of(database) == alone
    for event in [*events[middle:], *events[: middle // 2]]:
        deliver(event)
    assert payments_of(database) == alone
    assert reconcile("--since", "4d").exit_code == 0
    assert app.test_cli_runner().invoke(args=["audit", "verify"]).exit_code == 0
