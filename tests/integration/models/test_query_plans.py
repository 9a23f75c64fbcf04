"""No query without an index: what the payment store asks is answered by MongoDB without reading a whole collection."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from app.models.audit.entries import NEWEST_FIRST, EntryFilter, Position, beside
from app.models.payments.repository import PaymentFilter
from config import Settings

NOW = datetime.now(UTC)
STAGES = {"IXSCAN", "IDHACK", "EXPRESS_IXSCAN"}


@pytest.fixture
def payments(settings: Settings, database: Database[dict[str, Any]]) -> Any:
    """A collection in which reading everything would show. The settings have made the indexes."""
    del settings
    rows = [
        {
            "payment_intent_id": f"pi_{n}",
            "open_slot": f"slot-{n}",
            "status": "completed" if n % 3 else "failed",
            "refund_status": "none",
            "currency": "usd" if n % 2 else "eur",
            "order_id": f"order-{n}",
            "customer_id": f"customer-{n % 50}",
            "three_d_secure": {"attempted": n % 4 == 0},
            "attempts": [{"failure": {"reason": "insufficient_funds"}}] if n % 3 == 0 else [],
            "created_at": NOW - timedelta(minutes=n),
        }
        for n in range(600)
    ]
    database.payments.insert_many(rows)
    return database.payments


def examined(cursor: Any) -> tuple[int, str]:
    """How many documents were read, and the name of the stage that found them."""
    told = cursor.explain()
    stage = told["queryPlanner"]["winningPlan"]
    while "inputStage" in stage:
        stage = stage["inputStage"]
    if stage["stage"] == "OR":
        stage = stage["inputStages"][0]
    return told["executionStats"]["totalDocsExamined"], stage["stage"]


@pytest.mark.parametrize(
    "query",
    [
        {"payment_intent_id": "pi_7"},
        {"payment_intent_id": {"$in": ["pi_7"]}},
        {"open_slot": "slot-7"},
        {"_id": ObjectId("0" * 24), "version": 3},
    ],
    ids=str,
)
def test_one_payment_is_found_by_an_index(payments: Any, query: dict[str, Any]) -> None:
    count, stage = examined(payments.find(query))
    assert stage in STAGES
    assert count <= 1


@pytest.mark.parametrize(
    "where",
    [
        PaymentFilter(),
        PaymentFilter(status=["failed"]),
        PaymentFilter(currency="eur"),
        PaymentFilter(order_id="order-7"),
        PaymentFilter(customer_id="customer-7"),
        PaymentFilter(payment_intent_id="pi_7"),
        PaymentFilter(failure_code="insufficient_funds"),
        PaymentFilter(three_d_secure=True),
        PaymentFilter(created_from=NOW - timedelta(hours=2), created_to=NOW - timedelta(hours=1)),
        PaymentFilter(status=["failed"], created_from=NOW - timedelta(hours=2)),
        PaymentFilter(refund_status="full"),
    ],
)
def test_a_page_of_a_list_reads_no_more_than_it_shows(payments: Any, where: PaymentFilter) -> None:
    cursor = payments.find(where.query()).sort([("created_at", -1), ("_id", -1)]).limit(26)
    count, stage = examined(cursor)
    assert stage in STAGES
    assert count <= 26


@pytest.fixture
def entries(settings: Settings, database: Database[dict[str, Any]]) -> Any:
    """An audit log in which reading everything would show."""
    del settings
    rows = [
        {
            "_id": n,
            "at": 1_790_000_000_000 + n // 3,
            "actor": f"a{n % 4}@example.com",
            "action": ("login.succeeded", "login.failed", "user.created")[n % 3],
            "target": f"t{n % 5}@example.com" if n % 2 else None,
        }
        for n in range(1, 601)
    ]
    database.audit_entries.insert_many(rows)
    return database.audit_entries


@pytest.mark.parametrize("position", [None, (1_790_000_000_150, 451, False), (1_790_000_000_050, 151, True)])
@pytest.mark.parametrize(
    "where",
    [
        EntryFilter(),
        EntryFilter(since=1_790_000_000_020, until=1_790_000_000_190),
        EntryFilter(actor="a1@example.com"),
        EntryFilter(action="login.failed"),
        EntryFilter(target="t1@example.com"),
        EntryFilter(actor="a1@example.com", action="login.failed"),
        EntryFilter(target="t1@example.com", action="login.failed"),
        EntryFilter(target="t1@example.com", actor="a1@example.com"),
        EntryFilter(actor="a1@example.com", since=1_790_000_000_020, until=1_790_000_000_190),
    ],
)
def test_a_page_of_the_audit_log_reads_no_more_than_it_shows(
    entries: Any, where: EntryFilter, position: tuple[int, int, bool] | None
) -> None:
    found = Position(position[0], position[1], newer=position[2]) if position else None
    order = [(name, -way) for name, way in NEWEST_FIRST] if found and found.newer else NEWEST_FIRST
    count, stage = examined(entries.find(beside(where.query(), found)).sort(order).limit(5))
    assert stage in STAGES
    # Entries of the millisecond that the page begins in may be read once more than they are shown.
    assert count <= 5 + 3
