"""A page of /metrics costs little however long the history: what it asks is answered from indexes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from app.models.connection import snapshot
from app.models.figures import activity, counter
from app.models.figures.rollups import EVERYTHING, Choice
from app.models.listing.disputes import dispute_rows, disputes_due
from app.models.listing.payment_summary import contribution_of, row_of
from app.models.listing.refunds import refund_rows as rows_of_refunds
from app.models.reconciliation import reports
from app.models.webhooks import events as webhook_events
from app.models.webhooks.events import EventFilter, EventState
from app.models.worker import heartbeats
from config import Settings
from tests.integration.models.test_event_query_plans import operations_of
from tests.support import stored

Mongo = Database[dict[str, Any]]
NOW = datetime.now(UTC).replace(microsecond=0)
ROWS = 1200
# Two quarters of an hour in the middle of the stored payments, which are a minute apart.
SPANS = [
    (stored.EPOCH + timedelta(minutes=300), stored.EPOCH + timedelta(minutes=310)),
    (stored.EPOCH + timedelta(minutes=700), stored.EPOCH + timedelta(minutes=710)),
]


@pytest.fixture
def recorded(settings: Settings, database: Mongo) -> Iterator[Mongo]:
    """Collections in which reading everything would show, and a MongoDB that records its queries."""
    del settings
    states = ["applied", "ignored", "received", "failed"]
    database.webhook_events.insert_many(
        {"_id": f"evt_{n:05}", "created": n, "state": states[n % 4], "payload": {}} for n in range(ROWS)
    )
    database.reconciliation_reports.insert_many(
        {"_id": str(n), "started_at": NOW - timedelta(hours=n), "finished_at": NOW, "state": "finished", "counts": {}}
        for n in range(ROWS)
    )
    database.worker_heartbeats.insert_many(
        {"_id": f"w{n}", "beat_at": NOW - timedelta(hours=n / 100)} for n in range(ROWS)
    )
    payments = stored.mixed(ROWS)
    for number, payment in enumerate(payments):
        payment.pop("uncounted")
        if number % 100 == 0:
            payment["uncounted"] = True
    database.payments.insert_many(payments)
    rows = [(payment, row_of(payment)) for payment in payments]
    database.payment_rows.insert_many(row for _, row in rows)
    for name, made in (("refund_rows", rows_of_refunds), ("dispute_rows", dispute_rows)):
        children = [child for payment, row in rows for child in made(payment, row, contribution_of(row).three_d_secure)]
        database[name].insert_many(children)
    database.command("profile", 2)
    yield database
    database.command("profile", 0)
    database.drop_collection("system.profile")


def of_spans(choice: Choice = EVERYTHING, least: int = 20) -> None:
    with snapshot() as session:
        assert len(list(activity.within(SPANS, choice, session))) >= least


@pytest.mark.parametrize(
    ("query", "most"),
    [
        (webhook_events.oldest_unapplied, 0),
        (lambda: webhook_events.count_up_to(EventFilter(state=EventState.FAILED), 10_000), 0),
        (reports.last_finished, 1),
        (heartbeats.newest, 1),
        (lambda: disputes_due({"overdue": NOW, "24h": NOW + timedelta(hours=24)}, most=10_000), 0),
        (lambda: counter.backlog(10_000), 12),
        (of_spans, 45),
        # Another index may serve these, and the rows that a card filter leaves out are read from it.
        (lambda: of_spans(Choice(currency="usd", brand="visa"), 1), 45),
    ],
)
def test_a_scrape_reads_little_more_than_it_shows(recorded: Mongo, query: Callable[[], Any], most: int) -> None:
    query()
    operations = operations_of(recorded)
    assert operations
    for operation, read, plan in operations:
        assert any(scan in plan for scan in ("IXSCAN", "COUNT_SCAN", "DISTINCT_SCAN")), (operation, plan)
        assert "COLLSCAN" not in plan, operation
        assert read <= most, plan


def test_disputes_are_counted_by_their_deadline(recorded: Mongo) -> None:
    recorded.dispute_rows.delete_many({})
    hours = (-5, -1, 3, 23, 30, None)
    recorded.dispute_rows.insert_many(
        {"_id": str(n), "status": "needs_response", "evidence_due_by": None if h is None else NOW + timedelta(hours=h)}
        for n, h in enumerate(hours)
    )
    recorded.dispute_rows.insert_one({"_id": "won", "status": "won", "evidence_due_by": NOW})
    bounds = {"overdue": NOW, "24h": NOW + timedelta(hours=24)}
    assert disputes_due(bounds, most=100) == {"overdue": 2, "24h": 2, "later": 2}
    assert sum(disputes_due(bounds, most=4).values()) == 4
