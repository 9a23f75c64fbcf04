"""Queries on the rows of refunds and disputes: always in order from an index, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.domain.payments.states import NEEDS_RESPONSE
from app.models import pagination
from app.models.connection import Snapshot, raw, unavailable_as_ours
from app.models.listing.refund_summary import DisputeRow, RefundRow
from app.models.pagination import Position, Sorting

Row = dict[str, Any]
NEWEST = Sorting("at", -1)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildFilter:
    """What a list of refunds or disputes is narrowed to; None means any. ``start`` is inclusive, ``end`` exclusive.

    The range is of when the refund was made or the dispute opened. Currency, card and 3-D Secure are the payment's.
    """

    start: datetime | None = None
    end: datetime | None = None
    status: str | None = None
    currency: str | None = None
    brand: str | None = None
    country: str | None = None
    three_d_secure: bool | None = None

    def query(self) -> Row:
        """The same as a MongoDB query."""
        names = ("status", "currency", "brand", "country", "three_d_secure")
        found: Row = {name: value for name in names if (value := getattr(self, name)) is not None}
        # Some bound there must be, for the other filters to be judged from an index that begins with the time.
        found["at"] = {"$gte": self.start or _BEGINNING} | ({"$lt": self.end} if self.end else {})
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFilter(ChildFilter):
    """Refunds; ``counted`` are those that a refunded volume counts."""

    counted: bool | None = None

    def query(self) -> Row:
        return ChildFilter.query(self) | ({} if self.counted is None else {"counted": self.counted})


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeFilter(ChildFilter):
    """Disputes; ``chargeback`` is False for inquiries."""

    chargeback: bool | None = None

    def query(self) -> Row:
        return ChildFilter.query(self) | ({} if self.chargeback is None else {"chargeback": self.chargeback})


Where = RefundFilter | DisputeFilter


def page(
    where: Where, session: Snapshot, *, limit: int, after: Position | None = None, backwards: bool = False
) -> list[Row]:
    """Newest first, those after ``after``; ``backwards`` those before it. Raises DatabaseUnavailable."""
    by = NEWEST.reversed if backwards else NEWEST
    with unavailable_as_ours():
        found = pagination.page(_Seen(where, session), where.query(), by, limit=limit, after=after)
    return found[::-1] if backwards else found


def stream(where: Where) -> Iterator[Row]:
    """All that match, newest first, read as they are taken. Raises DatabaseUnavailable."""
    with unavailable_as_ours():
        yield from pagination.stream(_rows(where), where.query(), NEWEST)


def count(where: Where, session: Snapshot, *, most: int) -> int:
    """How many there are, but not more than ``most``."""
    with unavailable_as_ours():
        return int(_rows(where).count_documents(where.query(), limit=most, session=session))


def totals(where: Where, session: Snapshot) -> dict[str, int]:
    """The sum of the amounts of each currency, by the alphabet.

    Of refunds in whatever state, only those that paid money back are summed.
    """
    currency = "$dispute_currency" if isinstance(where, DisputeFilter) else "$currency"
    group = {"$group": {"_id": currency, "amount": {"$sum": "$amount"}}}
    with unavailable_as_ours():
        query = where.query()
        if isinstance(where, RefundFilter) and where.status is None:
            query["counted"] = True
        steps = [{"$match": query}, group, {"$sort": {"_id": 1}}]
        found = _rows(where).aggregate(steps, session=session)
        return {row["_id"]: int(row["amount"]) for row in found}


def urgent(where: Where, session: Snapshot, *, limit: int) -> list[Row]:
    """Those that wait for a person: refunds newest first, disputes by their deadline."""
    waiting: Row = {"needs_person": True}
    by, index = NEWEST.keys, "needs_person_newest"
    if isinstance(where, DisputeFilter):
        waiting, by = {"status": {"$in": list(NEEDS_RESPONSE)}}, [("evidence_due_by", 1), ("_id", 1)]
        index = "status_due"
    with unavailable_as_ours():
        found = _Seen(where, session).find({**where.query(), **waiting})
        return list(found.sort(by).hint(index).limit(limit))


def disputes_due(bounds: Mapping[str, datetime], *, most: int) -> dict[str, int]:
    """How many disputes that need a response are due by which bound; ``later`` are those beyond all, or without a date.

    ``bounds`` go from the earliest to the latest. No more than ``most`` are counted.
    """
    # A row without a date would be less than any bound.
    dated = {"$gt": ["$evidence_due_by", None]}
    branches = [
        {"case": {"$and": [dated, {"$lte": ["$evidence_due_by", bound]}]}, "then": name}
        for name, bound in bounds.items()
    ]
    steps = [
        {"$match": {"status": {"$in": list(NEEDS_RESPONSE)}}},
        {"$limit": most},
        {"$group": {"_id": {"$switch": {"branches": branches, "default": "later"}}, "n": {"$sum": 1}}},
    ]
    with unavailable_as_ours():
        found = raw(DisputeRow).aggregate(steps, hint="status_due")
        return {row["_id"]: int(row["n"]) for row in found}


def _rows(where: Where) -> Any:
    return raw(DisputeRow if isinstance(where, DisputeFilter) else RefundRow)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The rows at one moment, for what is asked of them one after the other."""

    where: Where
    session: Snapshot

    def find(self, query: Row) -> Any:
        return _rows(self.where).find(query, session=self.session)
