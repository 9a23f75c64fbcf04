"""Lists of payments, refunds and disputes, read after everything that changed is counted: so list = figure = export.

Uses figures.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from app.errors import ValidationFailed
from app.models.connection import snapshot
from app.models.listing import payments as payment_list
from app.models.listing import refunds as refund_list
from app.models.listing.payments import Order, RowFilter
from app.models.listing.refunds import DisputeFilter, RefundFilter
from app.services.figures.keeper import FiguresKeeper

Row = Mapping[str, Any]
SHOWN = 50
MOST_COUNTED = 10_000
MOST_URGENT = 50
_CHOICES_KEPT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Place:
    """Beside which row a page lies: after it in the list, or before it when going back."""

    value: Any
    row_id: str
    back: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """One page. ``total`` is of the whole list, MOST_COUNTED + 1 standing for more."""

    rows: Sequence[Row]
    total: int
    previous: Place | None
    next: Place | None


@dataclass(frozen=True, slots=True)
class ChildListing(Listing):
    """Refunds or disputes: also those that wait for a person, and sums by currency (None when there are too many)."""

    urgent: Sequence[Row]
    totals: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to filter by."""

    currency: list[str]
    brand: list[str]
    country: list[str]
    reason: list[str]


class Listings:
    """Reads lists page by page, or as streams for exports."""

    def __init__(self, keeper: FiguresKeeper) -> None:
        self._keeper = keeper
        self._choices: tuple[float, Choices] | None = None

    @property
    def zone(self) -> ZoneInfo:
        return self._keeper.zone

    def payments(self, where: RowFilter, order: Order, place: Place | None = None) -> Listing:
        """A page of payments. Raises ValidationFailed, FiguresNotReady, DatabaseUnavailable."""
        _check(where, order)
        after, back = _position(place)
        with self._keeper.listing(where) as moment:
            rows = moment.page(order, limit=SHOWN + 1, after=after, backwards=back)
            total = moment.count(most=MOST_COUNTED + 1)
        shown, previous, following = _cut(rows, place, payment_list.sorting(where, order).field)
        return Listing(shown, total, previous, following)

    def children(self, where: RefundFilter | DisputeFilter, place: Place | None = None) -> ChildListing:
        """A page of refunds or disputes. Raises FiguresNotReady, DatabaseUnavailable."""
        self._keeper.catch_up()
        after, back = _position(place)
        # One moment, so that the number, the sums and both tables are of the same rows.
        with snapshot() as session:
            rows = refund_list.page(where, session, limit=SHOWN + 1, after=after, backwards=back)
            total = refund_list.count(where, session, most=MOST_COUNTED + 1)
            totals = refund_list.totals(where, session) if total <= MOST_COUNTED else None
            wants_urgent = place is None and where.status is None
            urgent = refund_list.urgent(where, session, limit=MOST_URGENT) if wants_urgent else []
        shown, previous, following = _cut(rows, place, refund_list.NEWEST.field)
        return ChildListing(shown, total, previous, following, urgent=urgent, totals=totals)

    def stream_payments(self, where: RowFilter, order: Order) -> Iterator[Row]:
        """Every payment of the list, read as it is taken; what changed before the call is counted."""
        _check(where, order)
        self._keeper.catch_up()
        return payment_list.stream(where, order)

    def stream_children(self, where: RefundFilter | DisputeFilter) -> Iterator[Row]:
        """Every refund or dispute of the list, read as it is taken; what changed before the call is counted."""
        self._keeper.catch_up()
        return refund_list.stream(where)

    def choices(self) -> Choices:
        """What payments can be filtered by, at most half a minute old: a new country may wait so long for its entry."""
        kept, present = self._choices, time.monotonic()
        if kept is None or present - kept[0] > _CHOICES_KEPT_SECONDS:
            kept = self._choices = (present, Choices(**payment_list.choices()))
        return kept[1]


def _check(where: RowFilter, order: Order) -> None:
    if order.field == "amount" and not where.offers_amounts:
        raise ValidationFailed(
            "Sorting by amount needs a currency, and neither a search nor a failure reason."
        )


def _position(place: Place | None) -> tuple[tuple[Any, str] | None, bool]:
    return ((place.value, place.row_id), place.back) if place else (None, False)


def _cut(
    rows: Sequence[Row], place: Place | None, field: str
) -> tuple[Sequence[Row], Place | None, Place | None]:
    """The rows of a page of which one more was read than is shown, and the places before and after it."""
    more, back = len(rows) > SHOWN, bool(place and place.back)
    shown = (rows[-SHOWN:] if back else rows[:SHOWN]) if more else rows
    if not shown:
        return [], None, None
    has_previous, has_next = (more, True) if back else (place is not None, more)
    first, last = shown[0], shown[-1]
    return (
        shown,
        Place(first[field], str(first["_id"]), back=True) if has_previous else None,
        Place(last[field], str(last["_id"])) if has_next else None,
    )
