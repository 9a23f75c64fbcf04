"""No query of payments or of the audit log makes MongoDB read a whole collection."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from app.cursors import Cursor
from app.models import pagination
from app.models.audit.entries import NEWEST, EntryFilter
from app.models.figures import counter
from app.models.payments import repository
from app.models.payments.document import PaymentDocument
from app.services import audit
from config import Settings
from tests.integration.models.test_event_query_plans import operations_of

NOW = datetime.now(UTC)
STAGES = {"IXSCAN", "IDHACK", "EXPRESS_IXSCAN"}


@pytest.fixture
def payments(settings: Settings, database: Database[dict[str, Any]]) -> Any:
    """A collection in which reading everything would show. The settings have made the indexes."""
    del settings
    rows: list[dict[str, Any]] = [
        {
            "payment_intent_id": f"pi_{n}",
            "open_slot": f"slot-{n}",
            "status": "processing" if n % 50 == 1 else "completed" if n % 3 else "failed",
            "livemode": False,
            "currency": "usd" if n % 2 else "eur",
            "amount": 1000,
            "order_id": f"order-{n}",
            "created_at": NOW - timedelta(minutes=n),
            "evidence": {},
            "history": [],
            "refunds": [{"status": "pending" if n % 100 == 0 else "succeeded", "stripe_refund_id": None}],
            **({"creating_until": NOW, "payment_intent_id": None} if n % 100 == 2 else {}),
            **({"uncounted": True} if n % 100 == 3 else {}),
            **({"closing_since": NOW} if n % 100 == 4 else {}),
        }
        for n in range(600)
    ]
    database.payments.insert_many(rows)
    return database.payments


def examined(cursor: Any) -> tuple[int, str]:
    """How many documents were read, and the name of the stage that found them."""
    explanation = cursor.explain()
    stage = explanation["queryPlanner"]["winningPlan"]
    while "inputStage" in stage:
        stage = stage["inputStage"]
    if stage["stage"] == "OR":
        stage = stage["inputStages"][0]
    return explanation["executionStats"]["totalDocsExamined"], stage["stage"]


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


SINCE = int((NOW - timedelta(hours=2)).timestamp())


@pytest.mark.parametrize(
    ("query", "most"),
    [
        (lambda: list(repository.created_between(SINCE, None, livemode=False)), 121),
        (lambda: list(repository.without_intent(SINCE, now=NOW, before=NOW)), 121),
        # However long ago they were made: a dozen of six hundred.
        (lambda: list(repository.waiting_for_stripe(int(NOW.timestamp()), livemode=False)), 12),
        (lambda: list(repository.by_intents(["pi_none"])), 0),
        (lambda: list(islice(counter.batches(50), 1)), 50),
        (lambda: audit.verify_newest_payments(20), 20),
        (lambda: repository.without_answer(NOW), 6),
        (repository.with_unnamed_refunds, 6),
        (lambda: repository.with_undecided_closings(NOW), 6),
        (lambda: counter.backlog(100), 0),
        (lambda: counter.uncounted(100), 6),
        (lambda: repository.find_by_intent("pi_none"), 0),
        (repository.exists, 1),
    ],
)
def test_every_query_of_payments_but_lists_has_an_index(payments: Any, query: Callable[[], Any], most: int) -> None:
    """Reconciliation, recovery, the audit and the figures; lists read the rows of ``models.listing``."""
    database = payments.database
    database.command("profile", 2)
    try:
        query()
        operations = operations_of(database)
    finally:
        database.command("profile", 0)
        database.drop_collection("system.profile")
    assert operations
    for operation, read, plan in operations:
        assert "COLLSCAN" not in plan or query is repository.exists, (operation, plan)
        assert "SORT" not in plan, (operation, plan)
        assert read <= most, (operation, plan)


def test_payments_carry_no_index_that_only_a_list_needs() -> None:
    """Each index is paid for by every webhook, so a new one must be added here with what it is for."""
    assert {spec["name"] for spec in PaymentDocument._meta["index_specs"]} == {
        "intent",  # webhooks, confirm
        "charge",  # webhooks of refunds and disputes that name their charge alone
        "open_slot",  # create-intent
        "created",  # reconciliation of a range, audit of the newest, building the figures
        "waiting",  # reconciliation of what is old and may still change
        "refund_unanswered",  # recovery
        "unanswered",  # recovery
        "closing",  # recovery
        "uncounted",  # figures
    }


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


@pytest.mark.parametrize("cursor", [None, Cursor(1_790_000_000_150, 451), Cursor(1_790_000_000_050, 151, back=True)])
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
    entries: Any, where: EntryFilter, cursor: Cursor | None
) -> None:
    by = NEWEST.reversed if cursor and cursor.back else NEWEST
    after = (cursor.value, cursor.row_id) if cursor else None
    for part, keys in pagination.beyond(where.query(), by, after):
        count, stage = examined(entries.find(part).sort(keys).limit(5))
        assert stage in STAGES | {"EOF"}
        assert count <= 5
