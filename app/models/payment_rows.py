"""Queries on the rows of payments: what lists and exports show, always in order from an index."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bson import ObjectId

from app.domain.counted import Counted, FirstAttempt, Outcome
from app.models.connection import raw, unavailable_as_ours
from app.models.payment_row import Kind, PaymentRow, counted_of
from app.models.refund_row import DisputeRow, RefundRow

Row = dict[str, Any]
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
    Counts.REFUNDED: lambda k: k.outcome == _COMPLETED and k.refund_status in {"partial", "full"},
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


def page(where: RowFilter, order: Order, *, limit: int, after: Position | None = None) -> list[Row]:
    """Rows in order, those after ``after``. Raises DatabaseUnavailable."""
    with unavailable_as_ours():
        query = _query(where)
        if query is None:
            return []
        field = where.dated_by if order.field == "created_at" else order.field
        if after:
            query = {"$and": [query, *_beyond(field, order.direction, after)]}
        sort = [(field, order.direction), ("_id", order.direction)]
        return list(raw(PaymentRow).find(query).sort(sort).limit(limit))


def stream(where: RowFilter, order: Order) -> Iterator[Row]:
    """All rows in order, read as they are taken. Raises DatabaseUnavailable."""
    with unavailable_as_ours():
        query = _query(where)
        if query is None:
            return
        field = where.dated_by if order.field == "created_at" else order.field
        yield from raw(PaymentRow).find(query).sort([(field, order.direction), ("_id", order.direction)])


def count(where: RowFilter, *, most: int) -> int:
    """How many rows there are, but not more than ``most``. Raises DatabaseUnavailable."""
    with unavailable_as_ours():
        query = _query(where)
        return 0 if query is None else int(raw(PaymentRow).count_documents(query, limit=most))


def choices() -> dict[str, list[str]]:
    """The currencies, brands and countries that there are payments of, each in the alphabet's order."""
    with unavailable_as_ours():
        return {name: sorted(raw(PaymentRow).distinct(name)) for name in ("currency", "brand", "country")}


def touched(start: datetime, end: datetime) -> Iterator[Counted]:
    """The payments that were created, completed, refunded or disputed in a (short) span."""
    between = {"$gte": start, "$lt": end}
    with unavailable_as_ours():
        ids: set[ObjectId] = set()
        for kind in (RefundRow, DisputeRow):
            ids.update(row["payment_id"] for row in raw(kind).find({"at": between}, {"payment_id": 1}))
        for field in ("created_at", "completed_at"):
            ids.update(row["_id"] for row in raw(PaymentRow).find({field: between}, {"_id": 1}))
        for row in raw(PaymentRow).find({"_id": {"$in": list(ids)}}):
            yield counted_of(row)


def _query(where: RowFilter) -> Row | None:
    """As a MongoDB query of equalities, a list of kinds and one range; None when nothing can match."""
    if where.payment_id is not None and not ObjectId.is_valid(where.payment_id):
        return None
    names = ("currency", "brand", "country", "order_id", "customer_id", "payment_intent_id")
    query: Row = {name: value for name in names if (value := getattr(where, name)) is not None}
    if where.payment_id is not None:
        query["_id"] = ObjectId(where.payment_id)
    if where.reason is not None:
        query["attempts.reason"] = where.reason
    between = {"$gte": where.start, "$lt": where.end}
    if any(between.values()):
        query[where.dated_by] = {operator: moment for operator, moment in between.items() if moment}
    # There are some dozens of kinds, and MongoDB reads them off the index without going through the rows.
    kinds = raw(PaymentRow).distinct("kind")
    chosen = [kind for kind in kinds if where.takes(Kind.parse(kind))]
    if not chosen:
        return None
    if len(chosen) < len(kinds):
        query["kind"] = {"$in": chosen}
    return query


def _beyond(field: str, direction: int, after: Position) -> list[Row]:
    value, last_id = after
    past, bound = ("$gt", "$gte") if direction == 1 else ("$lt", "$lte")
    further = {"$or": [{field: {past: value}}, {field: value, "_id": {past: ObjectId(last_id)}}]}
    return [{field: {bound: value}}, further]
