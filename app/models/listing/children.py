"""What the lists of refunds and of disputes share: filters, and queries that are always in order from an index."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from mongoengine import BooleanField, DateTimeField, LongField, ObjectIdField, StringField

from app.cursors import Cursor
from app.models import pagination
from app.models.connection import Snapshot, raw, unavailable_as_ours
from app.models.document import StoredDocument
from app.models.pagination import Page, Row, Sorting
from app.models.payments.mapping import Document as Fields

NEWEST = Sorting("at", -1)
# What a row copies from its payment, and what an index carries so that a second filter is decided in the index.
_FROM_PAYMENT = ("order_id", "customer_id", "currency", "brand", "country")
CARD_FIELDS = ("brand", "country", "three_d_secure")
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class ChildRow:
    """The fields that the rows of refunds and of disputes share; ``at`` is when it was made or opened."""

    id = StringField(primary_key=True)
    payment_id = ObjectIdField(required=True)
    at = DateTimeField(required=True)
    amount = LongField(required=True)
    status = StringField(required=True)
    order_id = StringField(required=True)
    customer_id = StringField(required=True)
    currency = StringField(required=True)
    brand = StringField(required=True)
    country = StringField(required=True)
    three_d_secure = BooleanField(required=True)


@dataclass(frozen=True, slots=True)
class Urgent:
    """Which rows wait for a person, in which order, and the index that has them in it."""

    query: Row
    keys: list[tuple[str, int]]
    index: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildFilter:
    """What a list of refunds or disputes is narrowed to; None means any. ``start`` is inclusive, ``end`` exclusive.

    The range is of when the refund was made or the dispute opened. Currency, card and 3-D Secure are the payment's.
    """

    document: ClassVar[type[StoredDocument]]
    urgent: ClassVar[Urgent]
    amount_currency: ClassVar[str]

    start: datetime | None = None
    end: datetime | None = None
    status: str | None = None
    currency: str | None = None
    brand: str | None = None
    country: str | None = None
    three_d_secure: bool | None = None

    @abstractmethod
    def query(self) -> Row:
        """The same as a MongoDB query."""

    def sum_query(self) -> Row:
        """The query of the rows whose amounts are added up."""
        return self.query()

    def _shared_query(self) -> Row:
        names = ("status", "currency", "brand", "country", "three_d_secure")
        query: Row = {name: value for name in names if (value := getattr(self, name)) is not None}
        # A bound on the time is always there: MongoDB then decides the other filters from an index that begins with it.
        query["at"] = {"$gte": self.start or BEGINNING} | ({"$lt": self.end} if self.end else {})
        return query


def shared_fields(payment: Mapping[str, Any], child: Mapping[str, Any], *, three_d_secure: bool) -> Fields:
    """The fields of ``ChildRow``: from the row of the payment, and from its refund or dispute."""
    return {
        "_id": f"{payment['_id']}:{child['id']}",
        "payment_id": payment["_id"],
        "at": child["created_at"],
        "amount": child["amount"],
        "status": child["status"],
        **{name: payment[name] for name in _FROM_PAYMENT},
        "three_d_secure": three_d_secure,
    }


def page(where: ChildFilter, session: Snapshot, *, limit: int, cursor: Cursor | None = None) -> Page:
    """A page of the list, newest first. Raises DatabaseUnavailable."""
    with unavailable_as_ours():
        return pagination.page(_find(where, session), where.query(), NEWEST, limit=limit, cursor=cursor)


def stream(where: ChildFilter) -> Iterator[Row]:
    """All that match, newest first, read as they are taken. Raises DatabaseUnavailable."""
    with unavailable_as_ours():
        yield from pagination.stream(_find(where), where.query(), NEWEST)


def count(where: ChildFilter, session: Snapshot, *, most: int) -> int:
    """How many there are, but not more than ``most``."""
    with unavailable_as_ours():
        return int(raw(where.document).count_documents(where.query(), limit=most, session=session))


def totals(where: ChildFilter, session: Snapshot) -> dict[str, int]:
    """The sum of the amounts of each currency, in alphabetical order."""
    group = {"$group": {"_id": f"${where.amount_currency}", "amount": {"$sum": "$amount"}}}
    with unavailable_as_ours():
        steps = [{"$match": where.sum_query()}, group, {"$sort": {"_id": 1}}]
        return {row["_id"]: int(row["amount"]) for row in raw(where.document).aggregate(steps, session=session)}


def urgent(where: ChildFilter, session: Snapshot, *, limit: int) -> list[Row]:
    """Those that wait for a person: refunds newest first, disputes by their deadline."""
    rule = where.urgent
    with unavailable_as_ours():
        rows = _find(where, session)({**where.query(), **rule.query})
        return list(rows.sort(rule.keys).hint(rule.index).limit(limit))


def _find(where: ChildFilter, session: Snapshot | None = None) -> pagination.Find:
    return lambda query: raw(where.document).find(query, session=session)
