"""No list without an index: every filter, pair of filters and order that is offered, also deep in the list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import combinations, product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pymongo.database import Database

from app.domain.payments.states import FraudSignal
from app.models import pagination
from app.models.connection import snapshot
from app.models.listing import payments as payment_list
from app.models.listing.children import NEWEST, urgent
from app.models.listing.disputes import DisputeFilter, dispute_rows
from app.models.listing.payment_summary import FilterKey, contribution_of, row_of
from app.models.listing.payments import FigureFilter, PaymentFilter, SortOrder, plan_of, sorting
from app.models.listing.refunds import RefundFilter
from app.models.listing.refunds import refund_rows as rows_of_refunds
from app.services.figures.keeper import FiguresKeeper
from app.services.listing import Listings
from config import Settings
from tests.support import stored

COUNT = 1200
PAGE = 51
EARLY, LATE = stored.EPOCH + timedelta(minutes=100), stored.EPOCH + timedelta(minutes=1100)
FILTERS: dict[str, dict[str, Any]] = {
    "range": {"start": EARLY, "end": LATE},
    "status": {"statuses": ("failed",)},
    "refund_status": {"refund_status": "partial"},
    "disputed": {"disputed": True},
    "currency": {"currency": "usd"},
    "rare currency": {"currency": "kwd"},
    "brand": {"brand": "visa"},
    "country": {"country": "DE"},
    "three_d_secure": {"three_d_secure": True},
    "reason": {"reason": "insufficient_funds"},
    "signal": {"signal": FraudSignal.WARNING},
    "counts": {"figure": FigureFilter.DECIDED},
    "captured": {"figure": FigureFilter.CAPTURED},
    "order": {"order_id": "order-17"},
    "customer": {"customer_id": "customer-3"},
    "intent": {"payment_intent_id": "pi_0042"},
    "search": {"named": "customer-4"},
}
CARD = ("currency", "brand", "country")
# Beside the keys of the rows of the page, the first of each range (there is one for each kind) may be read without a
# match, and where two ranges meet the last of one.
RANGES = 60


def _filters() -> Iterator[tuple[str, PaymentFilter]]:
    """None, each, each two, and what makes facets with everything else; those of a card also where nothing has both."""
    yield "none", PaymentFilter()
    names = [*((name,) for name in FILTERS), *combinations(FILTERS, 2), CARD]
    names += [(*CARD, name) for name in FILTERS if name not in {*CARD, "rare currency"}]
    names += [("rare currency", "brand", "three_d_secure"), ("reason", "currency", "status", "range")]
    for chosen in names:
        fields: dict[str, Any] = {}
        for name in chosen:
            fields |= FILTERS[name]
        if len(fields) == sum(len(FILTERS[name]) for name in chosen):
            yield "+".join(chosen), PaymentFilter(**fields)
    yield "nothing has both", PaymentFilter(brand="amex", country="US")


WHERES = dict(_filters())


@pytest.fixture(scope="module")
def rows(settings: Settings, database: Database[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row_of(payment) for payment in stored.mixed(COUNT)]


@pytest.fixture(scope="module")
def filled(rows: list[dict[str, Any]], settings: Settings, lasting_database: Database[dict[str, Any]]) -> Any:
    """A thousand rows; the settings have made the indexes."""
    database = lasting_database
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


def indexes(plan: Mapping[str, Any]) -> set[str]:
    """The names of the indexes that a plan reads."""
    inner = [p for p in (plan.get("inputStage"), *plan.get("inputStages", ())) if p]
    return {plan["indexName"] for _ in "1" if "indexName" in plan}.union(*map(indexes, inner))


@dataclass(frozen=True, slots=True)
class Explanation:
    """What MongoDB explains: the stages, the indexes read, and how many keys and rows for how many returned."""

    stages: set[str]
    indexes: set[str]
    keys: int
    rows: int
    returned: int


def explained(explanation: Mapping[str, Any]) -> Explanation:
    if "stages" in explanation:
        explanation = explanation["stages"][0]["$cursor"]
    plan, run = explanation["queryPlanner"]["winningPlan"], explanation["executionStats"]
    plan = plan.get("queryPlan", plan)
    numbers = (run["totalKeysExamined"], run["totalDocsExamined"], run["nReturned"])
    return Explanation(set(stages(plan)), indexes(plan), *numbers)


def pages(where: PaymentFilter, order: SortOrder, rows: Any) -> Iterator[Explanation]:
    """The first page and one from the middle of the list, as ``models.listing.payments`` queries them."""
    plan, by = plan_of(where, order), sorting(where, order)
    if plan is None:
        return
    place = rows.find(plan.query).sort(by.keys).skip(5).limit(1)
    for after in (None, *((row[by.field], row["_id"]) for row in place)):
        for part, keys in pagination.beyond(plan.query, by, after):
            cursor = rows.find(part).sort(keys).limit(PAGE)
            yield explained((cursor.hint(plan.index) if plan.index else cursor).explain())


@pytest.mark.parametrize("order", SortOrder)
def test_every_list_of_payments_is_read_in_order_from_its_index(filled: Any, order: SortOrder) -> None:
    for name, filter_ in WHERES.items():
        where = filter_
        if order.field == "amount":
            if where.reason or where.is_search:
                continue  # not offered
            where = where if where.currency else replace(where, currency="usd")
        for explanation in pages(where, order, filled.payment_rows):
            assert "COLLSCAN" not in explanation.stages, name
            if where.is_search:
                assert explanation.rows <= COUNT // 5, (name, explanation)  # what one customer has
                continue
            assert "SORT" not in explanation.stages, (name, explanation)
            assert explanation.rows <= explanation.returned + (order.field == "amount" and RANGES), (name, explanation)
            if order.field == "created_at" or not where.start:
                assert explanation.keys <= explanation.returned + RANGES, (name, explanation)


def test_each_filter_and_order_has_its_index(filled: Any) -> None:
    for fields, order, index in (
        ({}, SortOrder.NEWEST, "kind_newest"),
        ({"statuses": ("failed",)}, SortOrder.OLDEST, "kind_newest"),
        ({"currency": "usd"}, SortOrder.NEWEST, "facet_newest"),
        ({"reason": "expired_card", "brand": "visa"}, SortOrder.OLDEST, "facet_newest"),
        ({"currency": "usd", "country": "DE"}, SortOrder.LARGEST, "facet_largest"),
        ({"currency": "usd", "start": EARLY}, SortOrder.SMALLEST, "facet_largest"),
        ({"figure": FigureFilter.CAPTURED}, SortOrder.NEWEST, "kind_completed"),
        ({"figure": FigureFilter.CAPTURED, "brand": "visa"}, SortOrder.OLDEST, "facet_completed"),
        ({"order_id": "order-17"}, SortOrder.NEWEST, "order_created"),
        ({"customer_id": "customer-3", "currency": "usd"}, SortOrder.NEWEST, "customer_created"),
        ({"payment_intent_id": "pi_0042"}, SortOrder.NEWEST, "intent"),
        ({"payment_id": "0" * 24}, SortOrder.NEWEST, "_id_"),
    ):
        for explanation in pages(PaymentFilter(**fields), order, filled.payment_rows):
            assert explanation.indexes <= {index}, (fields, explanation)
            assert explanation.indexes or explanation.stages & {"IDHACK", "EOF"}, (fields, explanation)


def test_a_short_range_is_read_by_time_and_then_sorted_by_amount(filled: Any) -> None:
    """The alternative is to pass all amounts of all times for the few of a day."""
    where = PaymentFilter(currency="usd", start=EARLY, end=EARLY + timedelta(minutes=60))
    plan = plan_of(where, SortOrder.NEWEST)
    assert plan is not None
    explanation = explained(filled.payment_rows.find(plan.query).sort("amount", -1).hint(plan.index).explain())
    assert explanation.indexes == {"facet_newest"} and explanation.rows == explanation.returned
    rows = payment_list.rows_after(where, SortOrder.LARGEST, sorting(where, SortOrder.LARGEST), limit=100)
    assert explanation.keys <= len(rows) + RANGES and len(rows) == explanation.returned
    assert [row["amount"] for row in rows] == sorted((row["amount"] for row in rows), reverse=True)


def test_counting_reads_only_the_keys_it_counts(filled: Any) -> None:
    for name, where in WHERES.items():
        plan = plan_of(where, SortOrder.NEWEST)
        if plan is None or where.is_search:
            continue
        steps = [{"$match": plan.query}, {"$limit": 100}, {"$group": {"_id": 1, "n": {"$sum": 1}}}]
        command = {"aggregate": "payment_rows", "pipeline": steps, "hint": plan.index, "cursor": {}}
        explanation = explained(filled.command({"explain": command, "verbosity": "executionStats"}))
        assert explanation.rows == 0, (name, explanation)
        assert explanation.keys <= 100 + RANGES, (name, explanation)


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
            for part, keys in pagination.beyond(query, by, after):
                explanation = explained(collection.find(part).sort(keys).limit(PAGE).explain())
                assert not explanation.stages & {"COLLSCAN", "SORT"}, (part, explanation)
                assert explanation.rows <= explanation.returned + 1 or len(fields) > 1, (part, explanation)


@pytest.mark.parametrize("where", [{}, {"start": LATE}, {"currency": "eur"}])
def test_what_needs_attention_is_read_in_order_from_an_index(filled: Any, where: Any) -> None:
    for kind in (RefundFilter, DisputeFilter):
        filled.command("profile", 2)
        with snapshot() as session:
            rows = urgent(kind(**where), session, limit=50)
        filled.command("profile", 0)
        (explanation,) = filled.system.profile.find({"op": "query"})
        filled.drop_collection("system.profile")
        assert rows and "IXSCAN" in explanation["planSummary"] and not explanation.get("hasSortStage"), explanation
        if not where:
            assert explanation["docsExamined"] == len(rows) and explanation["keysExamined"] <= len(rows) + 3, (
                explanation
            )


def test_options_are_read_from_the_indexes(filled: Any) -> None:
    options = payment_list.options()
    assert options["currency"] == ["eur", "jpy", "kwd", "usd"]
    assert options["reason"] == ["do_not_honor", "expired_card", "insufficient_funds"]
    del filled


def test_kinds_are_few_enough_to_be_merged(filled: Any) -> None:
    """MongoDB merges up to 200 ranges of an index; beyond that it would sort in memory."""
    kinds = filled.payment_rows.distinct("kind")
    assert len(kinds) < 60
    assert all(
        FilterKey.of(contribution_of(row), row["refund_status"]).text in kinds for row in filled.payment_rows.find()
    )


@pytest.mark.parametrize("kind", [RefundFilter, DisputeFilter])
def test_rows_number_sums_and_what_is_urgent_are_of_one_moment(filled: Any, kind: Any) -> None:
    listings = Listings(FiguresKeeper(ZoneInfo("UTC")))
    listings.children(kind())  # the first reading builds the figures
    filled.command("profile", 2)
    listings.children(kind())
    filled.command("profile", 0)
    read = [
        explanation["command"]
        for explanation in filled.system.profile.find({"ns": {"$regex": "(refund|dispute)_rows$"}})
    ]
    filled.drop_collection("system.profile")
    assert [command["readConcern"]["level"] for command in read] == ["snapshot"] * 4
    # The first is explanation its moment by MongoDB, and the others name it.
    first, *others = [command["readConcern"].get("atClusterTime") for command in read]
    assert first is None and others[0] is not None and len(set(others)) == 1
