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
from app.domain.payments.states import RefundStatus
from app.models import pagination
from app.models.connection import raw, unavailable_as_ours
from app.models.listing.payment_summary import BEGINNING, LISTED_FIELDS, PAST, Kind, PaymentRow, facet
from app.models.pagination import Sorting

Row = dict[str, Any]
# So many rows are sorted while somebody waits: reading them takes some ten milliseconds.
_SORTED = 3_000
_INDEX_OF_ID = {"payment_intent_id": "intent", "order_id": "order_created", "customer_id": "customer_created"}
# Where a page ended: the value that the list is sorted by, and the id of the last row seen.
Position = tuple[Any, str]


class Order(StrEnum):
    """The orders that a list of payments is offered in. Amounts are comparable within one currency only."""

    NEWEST = "newest"
    OLDEST = "oldest"
    LARGEST = "largest"
    SMALLEST = "smallest"

    @property
    def field(self) -> str:
        return "amount" if self in {Order.LARGEST, Order.SMALLEST} else "created_at"

    @property
    def direction(self) -> int:
        return -1 if self in {Order.NEWEST, Order.LARGEST} else 1


class Counts(StrEnum):
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

    def takes(self, kind: Kind) -> bool:
        """True when the figure counts payments of this kind."""
        return _TAKES[self](kind)


_COMPLETED = Outcome.COMPLETED.value
_TAKES: Mapping[Counts, Callable[[Kind], bool]] = {
    Counts.COMPLETED: lambda k: k.outcome == _COMPLETED,
    Counts.FAILED: lambda k: k.outcome == Outcome.FAILED,
    Counts.CANCELED: lambda k: k.outcome == Outcome.CANCELED,
    Counts.OPEN: lambda k: k.outcome == Outcome.OPEN,
    Counts.ABANDONED: lambda k: k.outcome == Outcome.ABANDONED,
    Counts.DECIDED: lambda k: k.outcome in {Outcome.COMPLETED, Outcome.FAILED},
    Counts.FIRST_SUCCEEDED: lambda k: k.first_attempt == FirstAttempt.SUCCEEDED,
    Counts.WITH_OUTCOME: lambda k: k.first_attempt != FirstAttempt.NO_OUTCOME,
    Counts.REFUNDED: lambda k: k.outcome == _COMPLETED and RefundStatus(k.refund_status).counts_as_refunded,
    Counts.DISPUTED: lambda k: k.outcome == _COMPLETED and k.disputed,
    Counts.THREE_D_SECURE: lambda k: k.three_d_secure,
    Counts.CAPTURED: lambda k: k.outcome == _COMPLETED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFilter:
    """What a list is narrowed to; None means any. ``start`` is inclusive, ``end`` exclusive.

    The range is of creation, but of completion for the payments behind a gross volume (``counts`` CAPTURED).
    """

    start: datetime | None = None
    end: datetime | None = None
    currency: str | None = None
    brand: str | None = None
    country: str | None = None
    three_d_secure: bool | None = None
    status: str | None = None
    refund_status: str | None = None
    disputed: bool | None = None
    counts: Counts | None = None
    reason: str | None = None
    order_id: str | None = None
    customer_id: str | None = None
    payment_intent_id: str | None = None
    payment_id: str | None = None
    # An order or a customer, whichever has this id.
    named: str | None = None

    @property
    def is_search(self) -> bool:
        """True where an id is asked for, so that few rows can match."""
        ids = (self.order_id, self.customer_id, self.payment_intent_id, self.payment_id, self.named)
        return any(id_ is not None for id_ in ids)

    @property
    def offers_amounts(self) -> bool:
        """True where the list can be had by amount: amounts of one currency only, and in order from an index."""
        return self.currency is not None and self.reason is None and not self.is_search

    @property
    def dated_by(self) -> str:
        """The field that the range is of, and that lists by time are sorted by."""
        return "completed_at" if self.counts == Counts.CAPTURED else "created_at"

    def takes(self, kind: Kind) -> bool:
        """True when rows of this kind pass the filters that a kind decides."""
        return all(
            wanted is None or wanted == has
            for wanted, has in (
                (self.status, kind.status),
                (self.refund_status, kind.refund_status),
                (self.disputed, kind.disputed),
                (self.three_d_secure, kind.three_d_secure),
            )
        ) and (self.counts is None or self.counts.takes(kind))

    def matches(self, row: Row) -> bool:
        """True when a row is of the list, as its query decides for those that are stored."""
        names = ("currency", "brand", "country", *_INDEX_OF_ID)
        at = row[self.dated_by]
        return (
            all(wanted is None or wanted == row[name] for name in names for wanted in (getattr(self, name),))
            and self.takes(Kind.parse(row["kind"]))
            and (self.reason is None or any(a.get("reason") == self.reason for a in row["attempts"]))
            and (self.named is None or self.named in {row["order_id"], row["customer_id"]})
            and (self.payment_id is None or self.payment_id == str(row["_id"]))
            and at is not None
            and (self.start is None or self.start <= at)
            and (self.end is None or at < self.end)
        )


def sorting(where: RowFilter, order: Order) -> Sorting:
    """What the list is sorted by."""
    return Sorting(where.dated_by if order.field == "created_at" else order.field, order.direction)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a list is found: its query, and the index to read, named so that MongoDB does not try out others first.

    An index of None leaves it to MongoDB, for a search of orders and customers at once.
    """

    query: Row
    index: str | None


def page(
    where: RowFilter,
    order: Order,
    *,
    limit: int,
    after: Position | None = None,
    backwards: bool = False,
    session: ClientSession | None = None,
    without: Collection[ObjectId] = (),
) -> list[Row]:
    """Rows in order, those after ``after``; ``backwards`` those before it. Raises DatabaseUnavailable.

    ``without`` names rows to leave out. They are passed over in the index, as the ids of rows that have changed.
    """
    by = sorting(where, order)
    by = by.reversed if backwards else by
    with unavailable_as_ours():
        plan = plan_of(where, _served_in(where, order, session), session)
        if plan is None:
            return []
        place = (after[0], ObjectId(after[1])) if after else None
        rows = _Found(plan, session, {"_id": 1, by.field: 1} if without else LISTED_FIELDS)
        found = pagination.page(rows, plan.query, by, limit=limit + len(without), after=place)
        if without:
            ids = [row["_id"] for row in found if row["_id"] not in without][:limit]
            found = list(raw(PaymentRow).find({"_id": {"$in": ids}}, LISTED_FIELDS, session=session))
            found.sort(key=by.position, reverse=by.direction == -1)
    return found[::-1] if backwards else found


def stream(where: RowFilter, order: Order) -> Iterator[Row]:
    """All rows in order, read as they are taken. Raises DatabaseUnavailable."""
    with unavailable_as_ours():
        plan = plan_of(where, _served_in(where, order, None))
        if plan is not None:
            yield from pagination.stream(_Found(plan, None, LISTED_FIELDS), plan.query, sorting(where, order))


def count(where: RowFilter, *, most: int, session: ClientSession | None = None) -> int:
    """How many rows there are, but not more than ``most``. Raises DatabaseUnavailable."""
    with unavailable_as_ours():
        plan = plan_of(where, Order.NEWEST, session)
        if plan is None:
            return 0
        hint = {"hint": plan.index} if plan.index else {}
        return int(raw(PaymentRow).count_documents(plan.query, limit=most, session=session, **hint))


def choices() -> dict[str, list[str]]:
    """The currencies, brands, countries and failure reasons that there are, each in the alphabet's order."""
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
        found = min((f for f in row["facets"] if f > last + PAST), default="") if row else ""
        if not found.startswith(head) or not found.endswith(tail):
            return
        last = found.removesuffix(tail)
        yield last.removeprefix(head)


def plan_of(where: RowFilter, order: Order, session: ClientSession | None = None) -> Plan | None:
    """How to find the rows in this order; None when nothing can match.

    But for a search, every index begins with what is asked for, the facet and the kinds, so no key is read in vain.
    """
    # There are some dozens of kinds, and MongoDB reads them off the index without going through the rows.
    kinds = raw(PaymentRow).distinct("kind", session=session)
    chosen = [kind for kind in kinds if where.takes(Kind.parse(kind))]
    if not chosen:
        return None
    query: Row = {"kind": {"$in": chosen}, **_between(where)}
    if where.is_search:
        return _search(where, query)
    name = facet(where.currency, where.brand, where.country, where.reason)
    if order.field == "amount":
        return Plan({"priced": name, **query}, "facet_largest")
    by = "completed" if where.dated_by == "completed_at" else "newest"
    return Plan({"facets": name, **query}, f"facet_{by}") if name != facet() else Plan(query, f"kind_{by}")


def _between(where: RowFilter) -> Row:
    """The range of time. The indexes of completed payments serve only queries that ask for a time of completion."""
    start, end = where.start, where.end
    if where.dated_by == "completed_at":
        start = max(start or BEGINNING, BEGINNING)
    bounds = {operator: moment for operator, moment in (("$gte", start), ("$lt", end)) if moment}
    return {where.dated_by: bounds} if bounds else {}


def _search(where: RowFilter, query: Row) -> Plan:
    """Few rows have the id, and what else is asked is looked up in them."""
    names = ("currency", "brand", "country", *_INDEX_OF_ID)
    query |= {name: value for name in names if (value := getattr(where, name)) is not None}
    if where.reason is not None:
        query["attempts.reason"] = where.reason
    if where.named is not None:
        query["$or"] = [{"order_id": where.named}, {"customer_id": where.named}]
    if where.payment_id is not None:
        query["_id"] = ObjectId(where.payment_id) if ObjectId.is_valid(where.payment_id) else None
        return Plan(query, "_id_")
    return Plan(query, next((index for name, index in _INDEX_OF_ID.items() if name in query), None))


def _served_in(where: RowFilter, order: Order, session: ClientSession | None) -> Order:
    """The order that the index is in.

    A short range of time among all amounts is like a needle in a haystack: its rows are read by time and then sorted.
    Of a longer range enough rows lie on the way through the amounts.
    """
    if order.field != "amount" or not (where.start or where.end):
        return order
    return Order.NEWEST if count(where, most=_SORTED + 1, session=session) <= _SORTED else order


@dataclass(frozen=True, slots=True)
class _Found:
    """The collection for ``keyset``: read by the plan's index, in a session, and only some fields."""

    plan: Plan
    session: ClientSession | None
    fields: Mapping[str, int]

    def find(self, query: Row) -> Any:
        found = raw(PaymentRow).find(query, self.fields, session=self.session)
        return found.hint(self.plan.index) if self.plan.index else found
