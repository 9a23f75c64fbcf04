"""No query without an index: what the payment store asks is answered by MongoDB without reading a whole collection."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from app.models.payment_store import PaymentFilter
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
