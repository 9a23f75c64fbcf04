"""Queries on the rows of payments: what lists and exports show, always in order from an index."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from bson import ObjectId
from pymongo.client_session import ClientSession

from app.domain.counted import Counted, FirstAttempt, Outcome
from app.models import keyset
from app.models.connection import raw, unavailable_as_ours
from app.models.keyset import Sorting
from app.models.payment_row import COUNTED_FIELDS, Kind, PaymentRow, counted_of
from app.models.refund_row import DisputeRow, RefundRow

Row = dict[str, Any]
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
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


def sorting(where: RowFilter, order: Order) -> Sorting:
    """What the list is sorted by."""
    return Sorting(where.dated_by if order.field == "created_at" else order.field, order.direction)


def page(
    where: RowFilter, order: Order, *, limit: int, after: Position | None = None, backwards: bool = False
) -> list[Row]:
    """Rows in order, those after ``after``; ``backwards`` those before it. Raises DatabaseUnavailable."""
    by = sorting(where, order)
    with unavailable_as_ours():
        query = query_of(where)
        if query is None:
            return []
        place = (after[0], ObjectId(after[1])) if after else None
        found = keyset.page(
            raw(PaymentRow), query, by.reversed if backwards else by, limit=limit, after=place
        )
    return found[::-1] if backwards else found


def stream(where: RowFilter, order: Order) -> Iterator[Row]:
    """All rows in order, read as they are taken. Raises DatabaseUnavailable."""
    with unavailable_as_ours():
        query = query_of(where)
        if query is not None:
            yield from keyset.stream(raw(PaymentRow), query, sorting(where, order))


def count(where: RowFilter, *, most: int) -> int:
    """How many rows there are, but not more than ``most``. Raises DatabaseUnavailable."""
    with unavailable_as_ours():
        query = query_of(where)
        if query is None:
            return 0
        # Without a filter MongoDB would read the rows themselves.
        hint = {} if query else {"hint": "created"}
        return int(raw(PaymentRow).count_documents(query, limit=most, **hint))


def choices() -> dict[str, list[str]]:
    """The currencies, brands, countries and failure reasons that there are, each in the alphabet's order."""
    with unavailable_as_ours():
        found = {name: sorted(raw(PaymentRow).distinct(name)) for name in ("currency", "brand", "country")}
        return {**found, "reason": list(_reasons())}


def _reasons() -> Iterator[str]:
    """Every failure reason, by one step into the index for each; ``distinct`` would read all rows for a list field."""
    last = ""
    while True:
        beyond = {"attempts.reason": {"$gt": last}}
        row = next(raw(PaymentRow).find(beyond, {"attempts": 1}).hint("reason_newest").limit(1), None)
        if row is None:
            return
        last = min(r for a in row["attempts"] if (r := a.get("reason", "")) > last)
        yield last


def touched(spans: Sequence[tuple[datetime, datetime]], session: ClientSession) -> Iterator[Counted]:
    """The payments that were created, completed, refunded or disputed in any of some (short) spans, each once."""
    between = [{"$gte": start, "$lt": end} for start, end in spans]
    own = [{field: span} for field in ("created_at", "completed_at") for span in between]
    later = {"$or": [{"at": span} for span in between]}
    with unavailable_as_ours():
        seen: set[ObjectId] = set()
        for row in raw(PaymentRow).find({"$or": own}, COUNTED_FIELDS, session=session):
            seen.add(row["_id"])
            yield counted_of(row)
        others: set[ObjectId] = set()
        for kind in (RefundRow, DisputeRow):
            others.update(
                row["payment_id"] for row in raw(kind).find(later, {"payment_id": 1}, session=session)
            )
        missing = list(others - seen)
        if missing:
            for row in raw(PaymentRow).find({"_id": {"$in": missing}}, COUNTED_FIELDS, session=session):
                yield counted_of(row)


def query_of(where: RowFilter) -> Row | None:
    """As a MongoDB query of equalities, a list of kinds and one range; None when nothing can match."""
    if where.payment_id is not None and not ObjectId.is_valid(where.payment_id):
        return None
    names = ("currency", "brand", "country", "order_id", "customer_id", "payment_intent_id")
    query: Row = {name: value for name in names if (value := getattr(where, name)) is not None}
    if where.payment_id is not None:
        query["_id"] = ObjectId(where.payment_id)
    if where.named is not None:
        query["$or"] = [{"order_id": where.named}, {"customer_id": where.named}]
    if where.reason is not None:
        query["attempts.reason"] = where.reason
    between = {"$gte": where.start, "$lt": where.end}
    if any(between.values()):
        query[where.dated_by] = {operator: moment for operator, moment in between.items() if moment}
    elif where.dated_by == "completed_at":
        # What says that there is a time may use the indexes of those that have one.
        query["completed_at"] = {"$gt": _BEGINNING}
    # There are some dozens of kinds, and MongoDB reads them off the index without going through the rows.
    kinds = raw(PaymentRow).distinct("kind")
    chosen = [kind for kind in kinds if where.takes(Kind.parse(kind))]
    if not chosen:
        return None
    # Naming all kinds lets the indexes that begin with something else and the kind give rows in order. Without any
    # such filter, and for the few rows of a search, the plain order is better.
    begins = where.currency or where.brand or where.country
    if len(chosen) < len(kinds) or (begins and where.reason is None and not where.is_search):
        query["kind"] = {"$in": chosen}
    return query
