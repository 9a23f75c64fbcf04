"""No query without an index: what the pages of events and of reconciliation ask, as MongoDB itself recorded it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from app.cursors import Cursor
from app.ids import new_id
from app.models import idempotency
from app.models.reconciliation import reports
from app.models.webhooks import events as webhook_events
from app.models.webhooks.events import EventFilter, EventState
from config import Settings

Mongo = Database[dict[str, Any]]
NOW = datetime.now(UTC).replace(microsecond=0)
SECOND = int(NOW.timestamp())
ROWS = 2000


@pytest.fixture(scope="module")
def filled(settings: Settings, lasting_database: Mongo) -> Mongo:
    """Collections in which reading everything would show."""
    del settings
    database = lasting_database
    states = ["applied", "applied", "ignored", "received", "applied", "failed", "applied", "applied"]
    database["webhook_events"].insert_many(
        {
            "_id": f"evt_{n:05}",
            "type": "charge.rare" if n % 100 == 0 else f"type.{n % 7}",
            "created": SECOND - n // 3,
            "state": states[n % len(states)],
            "payment_intent_id": f"pi_{n % 400}",
            "payload": {},
        }
        for n in range(ROWS)
    )
    database["reconciliation_reports"].insert_many(
        {
            "_id": new_id(),
            "started_at": NOW - timedelta(seconds=n // 3),
            "state": "finished",
            "payment_id": f"{n:024}" if n % 2 else None,
            "drift": [] if n % 50 else [{"payment_id": f"{n + 1:024}", "intent_id": f"pi_{n}"}],
            "drift_total": int(n % 50 == 0),
        }
        for n in range(ROWS)
    )
    return database


@pytest.fixture
def recorded(filled: Mongo) -> Iterator[Mongo]:
    """A MongoDB that records its queries."""
    filled.command("profile", 2)
    yield filled
    filled.command("profile", 0)
    filled.drop_collection("system.profile")


def operations_of(database: Mongo) -> list[tuple[str, int, str]]:
    """(operation, documents read, plan) of the queries of the test."""
    database.command("profile", 0)
    entries = database["system.profile"].find({"ns": {"$not": {"$regex": r"\.system\."}}})
    return [
        (entry["op"], entry.get("docsExamined", 0), entry.get("planSummary", ""))
        for entry in entries
        if entry["op"] in {"query", "command", "getmore"} and "profile" not in entry.get("command", {})
    ]


POSITION = (SECOND - 200, "evt_00601")
MIDDLE = Cursor(*POSITION)


@pytest.mark.parametrize(
    ("query", "most"),
    [
        (lambda: webhook_events.page(EventFilter(), limit=50), 51),
        (lambda: webhook_events.page(EventFilter(), limit=50, cursor=MIDDLE), 54),
        (lambda: webhook_events.page(EventFilter(state=EventState.FAILED), limit=50), 51),
        (lambda: webhook_events.page(EventFilter(state=EventState.FAILED), limit=50, cursor=MIDDLE), 54),
        (lambda: webhook_events.page(EventFilter(state=EventState.RECEIVED, until=NOW), limit=50), 51),
        (lambda: webhook_events.page(EventFilter(type="charge.rare"), limit=50), 51),
        (lambda: webhook_events.page(EventFilter(type="charge.rare"), limit=50, cursor=MIDDLE), 54),
        (lambda: webhook_events.page(EventFilter(type="charge.none"), limit=50), 0),
        (lambda: webhook_events.page(EventFilter(type="charge.rare", state=EventState.FAILED), limit=50), 51),
        (lambda: webhook_events.of_intent("pi_7", 100), 5),
        (lambda: webhook_events.count_up_to(EventFilter(state=EventState.FAILED), 100), 0),
        (lambda: webhook_events.count_up_to(EventFilter(state=EventState.RECEIVED, until=NOW), 100), 100),
        (lambda: list(webhook_events.walk(EventFilter(state=EventState.FAILED), after=POSITION)), 210),
        (webhook_events.types, 0),
        (lambda: webhook_events.find("evt_00001"), 1),
        (lambda: idempotency.find("0" * 64), 0),
        (lambda: reports.page(limit=25), 26),
        (lambda: reports.page(limit=25, cursor=Cursor(NOW - timedelta(seconds=300), "0" * 24)), 30),
        (lambda: reports.find("0" * 24), 0),
        # A report with a difference in fifty, and for each the checks of its payment.
        (lambda: reports.open_drift(50), ROWS // 50 * 2),
    ],
)
def test_a_query_reads_little_more_than_it_shows(recorded: Mongo, query: Callable[[], Any], most: int) -> None:
    query()
    operations = operations_of(recorded)
    assert operations
    for operation, read, plan in operations:
        assert plan, operation
        assert "COLLSCAN" not in plan, operation
        assert "SORT" not in plan or "SORT_MERGE" in plan
        assert read <= most, plan
