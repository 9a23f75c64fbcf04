"""Finished events are removed by MongoDB itself after a time; unfinished ones never."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pymongo
import pytest

from app.models import connection
from app.models.indexes import create_indexes, keep_events
from app.services import Services
from config import Settings
from tests.integration.services.worker.conftest import Mongo
from tests.support.child import Child
from tooling.mongo.node import find_binary
from tooling.process import free_port


@pytest.fixture
def eager(settings: Settings, tmp_path: Path) -> Iterator[Mongo]:
    """A MongoDB that looks for what has expired every second instead of every minute."""
    port = free_port()
    (tmp_path / "data").mkdir()
    command = [
        *(str(find_binary()), "--dbpath", str(tmp_path / "data"), "--port", str(port)),
        *("--bind_ip", "127.0.0.1", "--nounixsocket", "--setParameter", "ttlMonitorSleepSecs=1"),
    ]
    mongod = Child("mongod", command, tmp_path / "mongod.log", {})
    uri = f"mongodb://127.0.0.1:{port}/paydesk"
    try:
        with pymongo.MongoClient[dict[str, Any]](uri, retryWrites=False) as client:
            mongod.wait_until(lambda: "Waiting for connections" in mongod.output())
            connection.connect(uri)
            yield client.get_default_database()
    finally:
        connection.connect(settings.mongodb_uri)
        mongod.stop()


def event(name: str, state: str, days: int, *, finished: bool) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(days=days)
    row = {"_id": name, "state": state, "created": int(at.timestamp()), "first_delivery_at": at}
    return {**row, "finished_at": at} if finished else row


def test_only_what_is_finished_and_old_goes(eager: Mongo) -> None:
    events = eager["webhook_events"]
    events.insert_many(
        [
            event("old applied", "applied", 31, finished=True),
            event("old ignored", "ignored", 31, finished=True),
            event("young applied", "applied", 29, finished=True),
            event("old failed", "failed", 400, finished=False),
            event("old received", "received", 400, finished=False),
        ]
    )
    assert keep_events(30)
    deadline = time.monotonic() + 20
    while events.count_documents({}) > 3 and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(1.5)
    assert {row["_id"] for row in events.find()} == {"young applied", "old failed", "old received"}


def test_a_changed_setting_changes_the_index_and_nothing_else(uses: Services, database: Mongo) -> None:
    def index() -> dict[str, Any]:
        return dict(database["webhook_events"].index_information()["retention"])

    try:
        assert keep_events(45)
        assert index()["expireAfterSeconds"] == 45 * 86_400
        assert not keep_events(45)
        assert create_indexes() == []
        assert index()["expireAfterSeconds"] == 45 * 86_400, "creating what is missing does not set it back"
    finally:
        assert keep_events(90)
    assert index()["partialFilterExpression"] == {"finished_at": {"$type": "date"}}


def test_a_missing_index_is_made_with_the_setting(uses: Services, database: Mongo) -> None:
    """So that old events do not go by the default before a longer time is set."""
    database["webhook_events"].drop_index("retention")
    try:
        assert keep_events(365)
        made = database["webhook_events"].index_information()["retention"]
        assert made["expireAfterSeconds"] == 365 * 86_400
    finally:
        keep_events(90)
