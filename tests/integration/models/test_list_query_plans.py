"""No list without an index: every filter, pair of filters and order that is offered, also deep in the list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import combinations, product
from typing import Any

import pytest
from pymongo.database import Database

from app.models import keyset, payment_rows, refund_rows
from app.models.payment_row import Kind, counted_of, row_of
from app.models.payment_rows import Counts, Order, RowFilter, query_of, sorting
from app.models.refund_row import dispute_rows
from app.models.refund_row import refund_rows as rows_of_refunds
from app.models.refund_rows import NEWEST, DisputeFilter, RefundFilter
from config import Settings
from tests.support import stored

COUNT = 1200
PAGE = 51
IDS = {"order_id", "customer_id", "$or"}
EARLY, LATE = stored.EPOCH + timedelta(minutes=100), stored.EPOCH + timedelta(minutes=1100)
FILTERS: dict[str, dict[str, Any]] = {
    "range": {"start": EARLY, "end": LATE},
    "status": {"status": "failed"},
    "refund_status": {"refund_status": "partial"},
    "disputed": {"disputed": True},
    "currency": {"currency": "usd"},
    "rare currency": {"currency": "kwd"},
    "brand": {"brand": "visa"},
    "country": {"country": "DE"},
    "three_d_secure": {"three_d_secure": True},
    "reason": {"reason": "insufficient_funds"},
    "counts": {"counts": Counts.DECIDED},
    "captured": {"counts": Counts.CAPTURED},
    "order": {"order_id": "order-17"},
    "customer": {"customer_id": "customer-3"},
    "intent": {"payment_intent_id": "pi_0042"},
    "search": {"named": "customer-4"},
}
# What one index decides alone: no row is read that is not shown.
SINGLE = set(FILTERS) - {"counts", "rare currency"}


def _filters() -> Iterator[tuple[str, RowFilter]]:
    yield "none", RowFilter()
    for name, fields in FILTERS.items():
        yield name, RowFilter(**fields)
    for (one, first), (other, second) in combinations(FILTERS.items(), 2):
        # Failure reasons of captured payments are not offered.
        if not first.keys() & second.keys() and {one, other} != {"captured", "reason"}:
            yield f"{one}+{other}", RowFilter(**{**first, **second})


WHERES = dict(_filters())


@pytest.fixture(scope="module")
def rows(settings: Settings, database: Database[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row_of(payment) for payment in stored.mixed(COUNT)]


@pytest.fixture
def filled(rows: list[dict[str, Any]], settings: Settings, database: Database[dict[str, Any]]) -> Any:
    """A thousand rows; the settings have made the indexes."""
    database.payment_rows.insert_many(rows)
    payments = stored.mixed(COUNT)
    for payment in payments:
        payment["refunds"] = payment["refunds"] or [stored.refund(1, currency=payment["currency"])]
        payment["disputes"] = payment["disputes"] or [stored.dispute(1)]
    for collection, made in ((database.refund_rows, rows_of_refunds), (database.dispute_rows, dispute_rows)):
        collection.insert_many([child for p in payments for child in made(p, row_of(p), False)])
    return database


def stages(plan: Mapping[str, Any]) -> Iterator[str]:
    yield plan["stage"]
    for inner in (plan.get("inputStage"), *plan.get("inputStages", ())):
        if inner:
            yield from stages(inner)


def explained(cursor: Any) -> tuple[set[str], int, int, int]:
    """The stages of the plan, how many rows were read and returned, and how many keys read."""
    told = cursor.explain()
    plan, run = told["queryPlanner"]["winningPlan"], told["executionStats"]
    found = set(stages(plan.get("queryPlan", plan)))
    return found, run["totalDocsExamined"], run["nReturned"], run["totalKeysExamined"]


def check(
    collection: Any, query: Mapping[str, Any], by: keyset.Sorting, after: Any = None
) -> tuple[int, int]:
    read = shown = 0
    for part in keyset.beyond(query, by, after):
        cursor = collection.find(part).sort(by.keys).limit(PAGE)
        found, examined, returned, keys = explained(cursor)
        assert "COLLSCAN" not in found, part
        # Where fewer rows match than merging an index's ranges (one for each kind) takes, MongoDB sorts those few.
        # What one order or one customer has is few by nature.
        assert "SORT" not in found or keys <= 3 * PAGE or IDS & query.keys(), (found, keys, part)
        read, shown = read + examined, shown + returned
    return read, shown


@pytest.mark.parametrize("order", Order)
def test_every_list_of_payments_is_read_in_order_from_an_index(filled: Any, order: Order) -> None:
    for name, asked in WHERES.items():
        where = asked
        if order.field == "amount":
            if where.reason or where.is_search:
                continue  # not offered
            where = where if where.currency else replace(where, currency="usd")
        query = query_of(where)
        if query is None:
            continue
        by = sorting(where, order)
        place = filled.payment_rows.find(query).sort(by.keys).skip(5).limit(1)
        for after in (None, *((row[by.field], row["_id"]) for row in place)):
            read, shown = check(filled.payment_rows, query, by, after)
            if name in SINGLE:
                assert read <= shown + 2, (name, order, read, shown)


@pytest.mark.parametrize("name", sorted(SINGLE))
def test_counting_reads_no_rows_where_one_filter_is_chosen(filled: Any, name: str) -> None:
    query = query_of(WHERES[name])
    told = filled.payment_rows.find(query, {"_id": 1}).limit(10_001).explain()
    assert "COLLSCAN" not in str(told["queryPlanner"]["winningPlan"])


CHILD_FILTERS: dict[str, dict[str, Any]] = {
    "range": {"start": EARLY, "end": LATE},
    "status": {"status": "succeeded"},
    "currency": {"currency": "usd"},
    "brand": {"brand": "visa"},
    "country": {"country": "DE"},
    "three_d_secure": {"three_d_secure": False},
}


@pytest.mark.parametrize("kind", [RefundFilter, DisputeFilter])
def test_every_list_of_refunds_and_disputes_is_read_in_order_from_an_index(filled: Any, kind: Any) -> None:
    collection = filled.refund_rows if kind is RefundFilter else filled.dispute_rows
    special = {"counted": True} if kind is RefundFilter else {"chargeback": True}
    filters = {**CHILD_FILTERS, "special": special}
    pairs = [{}, *filters.values(), *({**a, **b} for a, b in combinations(filters.values(), 2))]
    for fields, by in product(pairs, (NEWEST, NEWEST.reversed)):
        query = kind(**fields).query()
        last = collection.find_one(query, sort=by.keys, skip=5)
        for after in (None, (last["at"], last["_id"]) if last else None):
            read, shown = check(collection, query, by, after)
            assert read <= shown + 2 or len(fields) > 1, (fields, read, shown)


def test_what_needs_somebody_is_read_in_order_from_an_index(filled: Any) -> None:
    for collection, states, by in (
        (filled.refund_rows, refund_rows.REFUNDS_FOR_PEOPLE, NEWEST.keys),
        (filled.dispute_rows, refund_rows.DISPUTES_FOR_PEOPLE, [("evidence_due_by", 1), ("_id", 1)]),
    ):
        found, *_ = explained(collection.find({"status": {"$in": list(states)}}).sort(by).limit(50))
        assert not found & {"COLLSCAN", "SORT"}


def test_choices_are_read_off_the_indexes(filled: Any) -> None:
    found = payment_rows.choices()
    assert found["currency"] == ["eur", "jpy", "kwd", "usd"]
    assert found["reason"] == ["do_not_honor", "expired_card", "insufficient_funds"]
    del filled


def test_kinds_are_few_enough_to_be_merged(filled: Any) -> None:
    """MongoDB merges up to 200 ranges of an index; beyond that it would sort in memory."""
    found = filled.payment_rows.distinct("kind")
    assert len(found) < 60
    assert all(
        Kind.of(counted_of(row), row["refund_status"]).text in found for row in filled.payment_rows.find()
    )
