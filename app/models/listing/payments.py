"""Queries on the rows of payments: what lists and exports show, always in order from an index."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bson import ObjectId
from pymongo.client_session import ClientSession

from app.domain.figures.contributions import FirstAttempt, Outcome
from app.domain.payments.states import FraudSignal, RefundStatus
from app.models import pagination
from app.models.connection import raw, unavailable_as_ours
from app.models.listing.payment_summary import BEGINNING, LISTED_FIELDS, PAST, FilterKey, PaymentRow, facet
from app.models.pagination import Find, Position, Row, Sorting

# So many rows are sorted while a person waits: reading them takes some ten milliseconds.
_SORTED = 3_000
_INDEX_OF_ID = {"payment_intent_id": "intent", "order_id": "order_created", "customer_id": "customer_created"}


class SortOrder(StrEnum):
    """How a list of payments can be sorted. Amounts are comparable within one currency only."""

    NEWEST = "newest"
    OLDEST = "oldest"
    LARGEST = "largest"
    SMALLEST = "smallest"

    @property
    def field(self) -> str:
        return "amount" if self in {SortOrder.LARGEST, SortOrder.SMALLEST} else "created_at"

    @property
    def direction(self) -> int:
        return -1 if self in {SortOrder.NEWEST, SortOrder.LARGEST} else 1


class FigureFilter(StrEnum):
    """The payments behind a figure: what its ``n`` or its total counts."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    OPEN = "open"
    ABANDONED = "abandoned"
    DECIDED = "decided"
    FIRST_SUCCEEDED = "first_succeeded"
    WITH_OUTCOME = "with_outcome"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    THREE_D_SECURE = "three_d_secure"
    CAPTURED = "captured"

    def matches(self, key: FilterKey) -> bool:
        """True when the figure counts payments with this key."""
        return _MATCHES[self](key)


_COMPLETED = Outcome.COMPLETED.value
_MATCHES: Mapping[FigureFilter, Callable[[FilterKey], bool]] = {
    FigureFilter.COMPLETED: lambda k: k.outcome == _COMPLETED,
    FigureFilter.FAILED: lambda k: k.outcome == Outcome.FAILED,
    FigureFilter.CANCELED: lambda k: k.outcome == Outcome.CANCELED,
    FigureFilter.OPEN: lambda k: k.outcome == Outcome.OPEN,
    FigureFilter.ABANDONED: lambda k: k.outcome == Outcome.ABANDONED,
    FigureFilter.DECIDED: lambda k: k.outcome in {Outcome.COMPLETED, Outcome.FAILED},
    FigureFilter.FIRST_SUCCEEDED: lambda k: k.first_attempt == FirstAttempt.SUCCEEDED,
    FigureFilter.WITH_OUTCOME: lambda k: k.first_attempt != FirstAttempt.NO_OUTCOME,
    FigureFilter.REFUNDED: lambda k: k.outcome == _COMPLETED and RefundStatus(k.refund_status).counts_as_refunded,
    FigureFilter.DISPUTED: lambda k: k.outcome == _COMPLETED and k.disputed,
    FigureFilter.THREE_D_SECURE: lambda k: k.three_d_secure,
    FigureFilter.CAPTURED: lambda k: k.outcome == _COMPLETED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFilter:
    """What a list is narrowed to; None means any. ``start`` is inclusive, ``end`` exclusive.

    The range is of creation, but of completion for the payments behind a gross volume (``figure`` CAPTURED).
    """

    start: datetime | None = None
    end: datetime | None = None
    currency: str | None = None
    brand: str | None = None
    country: str | None = None
    three_d_secure: bool | None = None
    method: str | None = None
    statuses: Collection[str] | None = None
    refund_status: str | None = None
    disputed: bool | None = None
    differs: bool | None = None
    figure: FigureFilter | None = None
    reason: str | None = None
    signal: FraudSignal | None = None
    order_id: str | None = None
    customer_id: str | None = None
    payment_intent_id: str | None = None
    payment_id: str | None = None
    # An order or a customer, whichever has this id.
    named: str | None = None

    @property
    def is_search(self) -> bool:
        """True where the list is narrowed to an id, so that few rows can match."""
        ids = (self.order_id, self.customer_id, self.payment_intent_id, self.payment_id, self.named)
        return any(id_ is not None for id_ in ids)

    @property
    def offers_amounts(self) -> bool:
        """True where the list can be sorted by amount: amounts of one currency only, and in order from an index."""
        return self.currency is not None and self.reason is None and self.signal is None and not self.is_search

    @property
    def dated_by(self) -> str:
        """The field that the range is of, and that lists by time are sorted by."""
        return "completed_at" if self.figure == FigureFilter.CAPTURED else "created_at"

    def matches_key(self, key: FilterKey) -> bool:
        """True when rows with this key pass the filters that a key decides."""
        return (
            (self.statuses is None or key.status in self.statuses)
            and self.refund_status in {None, key.refund_status}
            and self.disputed in {None, key.disputed}
            and self.differs in {None, key.differs}
            and self.three_d_secure in {None, key.three_d_secure}
            and self.method in {None, key.method}
            and (self.figure is None or self.figure.matches(key))
        )

    def matches(self, row: Row) -> bool:
        """True when a row is of the list, as its query decides for those that are stored."""
        names = ("currency", "brand", "country", *_INDEX_OF_ID)
        at = row[self.dated_by]
        return (
            all(getattr(self, name) in {None, row[name]} for name in names)
            and self.matches_key(FilterKey.parse(row["kind"]))
            and (self.reason is None or any(a.get("reason") == self.reason for a in row["attempts"]))
            and (self.signal is None or self.signal in row["signals"])
            and (self.named is None or self.named in {row["order_id"], row["customer_id"]})
            and (self.payment_id is None or self.payment_id == str(row["_id"]))
            and at is not None
            and (self.start is None or self.start <= at)
            and (self.end is None or at < self.end)
        )


def sorting(where: PaymentFilter, order: SortOrder) -> Sorting:
    """What the list is sorted by."""
    return Sorting(where.dated_by if order.field == "created_at" else order.field, order.direction)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a list is found: its query, and the index to read, named so that MongoDB does not try out others first.

    An index of None leaves it to MongoDB, for a search of orders and customers at once.
    """

    query: Row
    index: str | None


def rows_after(
    where: PaymentFilter,
    order: SortOrder,
    by: Sorting,
    *,
    limit: int,
    after: Position | None = None,
    session: ClientSession | None = None,
    without: Collection[ObjectId] = (),
) -> list[Row]:
    """Up to ``limit`` rows of a list, ``by`` its order or the reverse, those after ``after``.

    ``without`` names rows to leave out. They are passed over in the index, as the ids of rows that have changed.
    Raises DatabaseUnavailable.
    """
    with unavailable_as_ours():
        plan = plan_of(where, _index_order(where, order, session), session)
        if plan is None:
            return []
        find = _find(plan, {"_id": 1, by.field: 1} if without else LISTED_FIELDS, session)
        rows = pagination.rows_after(find, plan.query, by, limit=limit + len(without), after=after)
        if without:
            ids = [row["_id"] for row in rows if row["_id"] not in without][:limit]
            rows = list(raw(PaymentRow).find({"_id": {"$in": ids}}, LISTED_FIELDS, session=session))
            rows.sort(key=by.position, reverse=by.direction == -1)
    return rows


def stream(where: PaymentFilter, order: SortOrder) -> Iterator[Row]:
    """All rows in order, read as they are taken. Raises DatabaseUnavailable."""
    with unavailable_as_ours():
        plan = plan_of(where, _index_order(where, order, None))
        if plan is not None:
            yield from pagination.stream(_find(plan, LISTED_FIELDS), plan.query, sorting(where, order))


def count(where: PaymentFilter, *, most: int, session: ClientSession | None = None) -> int:
    """How many rows there are, but not more than ``most``. Raises DatabaseUnavailable."""
    with unavailable_as_ours():
        plan = plan_of(where, SortOrder.NEWEST, session)
        if plan is None:
            return 0
        hint = {"hint": plan.index} if plan.index else {}
        return int(raw(PaymentRow).count_documents(plan.query, limit=most, session=session, **hint))


def options() -> dict[str, list[str]]:
    """The currencies, brands, countries and failure reasons of the stored payments, each in alphabetical order."""
    with unavailable_as_ours():
        return {name: list(values(name)) for name in ("reason", "currency", "brand", "country")}


def values(name: str, session: ClientSession | None = None) -> Iterator[str]:
    """Every value of one filter, by one step into the index for each; ``distinct`` would read every row.

    The facets with a value lie together, the value alone first, and ``PAST`` leads beyond the last of them.
    """
    head, _, tail = facet(**{name: PAST}).partition(PAST)
    last = head
    while True:
        beyond = {"facets": {"$gt": last + PAST}}
        rows = raw(PaymentRow).find(beyond, {"facets": 1}, session=session)
        row = next(rows.hint("facet_newest").limit(1), None)
        next_ = min((f for f in row["facets"] if f > last + PAST), default="") if row else ""
        if not next_.startswith(head) or not next_.endswith(tail):
            return
        last = next_.removesuffix(tail)
        yield last.removeprefix(head)


def existing_orders(order_ids: Collection[str]) -> set[str]:
    """Those of some orders that have a payment."""
    with unavailable_as_ours():
        rows = raw(PaymentRow).find({"order_id": {"$in": list(order_ids)}}, {"_id": 0, "order_id": 1})
        return {row["order_id"] for row in rows}


def plan_of(where: PaymentFilter, order: SortOrder, session: ClientSession | None = None) -> Plan | None:
    """How to find the rows in this order; None when nothing can match.

    But for a search, every index begins with the filters, the facet and the kinds, so every key read is of a match.
    """
    # A row's kind is its filter key as text. There are some dozens, which MongoDB reads from the index alone.
    kinds = raw(PaymentRow).distinct("kind", session=session)
    matching = [kind for kind in kinds if where.matches_key(FilterKey.parse(kind))]
    if not matching:
        return None
    query: Row = {"kind": {"$in": matching}, **_between(where)}
    if where.is_search:
        return _search(where, query)
    name = facet(where.currency, where.brand, where.country, where.reason, where.signal)
    if order.field == "amount":
        return Plan({"priced": name, **query}, "facet_largest")
    by = "completed" if where.dated_by == "completed_at" else "newest"
    return Plan({"facets": name, **query}, f"facet_{by}") if name != facet() else Plan(query, f"kind_{by}")


def _between(where: PaymentFilter) -> Row:
    """The range of time. The indexes of completed payments serve only queries with a time of completion."""
    start, end = where.start, where.end
    if where.dated_by == "completed_at":
        start = max(start or BEGINNING, BEGINNING)
    bounds = {operator: moment for operator, moment in (("$gte", start), ("$lt", end)) if moment}
    return {where.dated_by: bounds} if bounds else {}


def _search(where: PaymentFilter, query: Row) -> Plan:
    """Few rows have the id, and the other filters are checked in them."""
    names = ("currency", "brand", "country", *_INDEX_OF_ID)
    query |= {name: value for name in names if (value := getattr(where, name)) is not None}
    if where.reason is not None:
        query["attempts.reason"] = where.reason
    if where.signal is not None:
        query["signals"] = where.signal.value
    if where.named is not None:
        query["$or"] = [{"order_id": where.named}, {"customer_id": where.named}]
    if where.payment_id is not None:
        query["_id"] = ObjectId(where.payment_id) if ObjectId.is_valid(where.payment_id) else None
        return Plan(query, "_id_")
    return Plan(query, next((index for name, index in _INDEX_OF_ID.items() if name in query), None))


def _index_order(where: PaymentFilter, order: SortOrder, session: ClientSession | None) -> SortOrder:
    """The order of the index to read.

    A short range of time among all amounts is like a needle in a haystack: its rows are read by time and then sorted.
    Of a longer range enough rows lie on the way through the amounts.
    """
    if order.field != "amount" or not (where.start or where.end):
        return order
    return SortOrder.NEWEST if count(where, most=_SORTED + 1, session=session) <= _SORTED else order


def _find(plan: Plan, fields: Mapping[str, int], session: ClientSession | None = None) -> Find:
    """Reads only some fields, by the plan's index."""

    def find(query: Row) -> Any:
        rows = raw(PaymentRow).find(query, fields, session=session)
        return rows.hint(plan.index) if plan.index else rows

    return find
