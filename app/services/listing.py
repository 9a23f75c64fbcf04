"""Lists of payments, refunds and disputes, read after everything that changed is counted: so list = figure = export.

Uses figures.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from app.cursors import Cursor
from app.domain.payments.payment import Payment
from app.domain.payments.states import FraudSignal
from app.errors import ValidationFailed
from app.models.connection import snapshot
from app.models.listing import children as child_list
from app.models.listing import payments as payment_list
from app.models.listing.disputes import DisputeFilter
from app.models.listing.payments import PaymentFilter, SortOrder
from app.models.listing.refunds import RefundFilter
from app.models.pagination import Page
from app.models.payments import repository
from app.models.payments.mapping import payment_of
from app.services.figures.keeper import FiguresKeeper

Row = Mapping[str, Any]
PAGE_SIZE = 50
MOST_COUNTED = 10_000
MOST_URGENT = 50
_OPTIONS_KEPT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Listing:
    """One page. ``total`` is of the whole list, MOST_COUNTED + 1 standing for more."""

    page: Page
    total: int

    @property
    def rows(self) -> Sequence[Row]:
        return self.page.rows


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """Whole payments, and where the pages before and after them begin; None where there is none."""

    payments: list[Payment]
    previous: Cursor | None
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class ChildListing(Listing):
    """Refunds or disputes: also those that wait for a person, and sums by currency (None when there are too many)."""

    urgent: Sequence[Row]
    totals: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class FilterOptions:
    """The values that payments can be filtered by."""

    currency: list[str]
    brand: list[str]
    country: list[str]
    reason: list[str]


class Listings:
    """Reads lists page by page, or as streams for exports."""

    def __init__(self, keeper: FiguresKeeper) -> None:
        self._keeper = keeper
        self._options: tuple[float, FilterOptions] | None = None

    @property
    def zone(self) -> ZoneInfo:
        return self._keeper.zone

    def payments(self, where: PaymentFilter, order: SortOrder, cursor: Cursor | None = None) -> Listing:
        """A page of payments. Raises ValidationFailed, FiguresNotReady, DatabaseUnavailable."""
        _check(where, order)
        with self._keeper.listing(where) as moment:
            page = moment.page(order, limit=PAGE_SIZE, cursor=cursor)
            return Listing(page, moment.count(most=MOST_COUNTED + 1))

    def payments_in_full(self, where: PaymentFilter, *, limit: int, cursor: Cursor | None = None) -> PaymentPage:
        """A page of whole payments, newest first, without their histories.

        Raises FiguresNotReady, DatabaseUnavailable.
        """
        with self._keeper.listing(where) as moment:
            page = moment.page(SortOrder.NEWEST, limit=limit, cursor=cursor)
            # Read in the same snapshot, so that each payment is in the state that the filter selected it in.
            documents = repository.listed([row["_id"] for row in page.rows], moment.session)
        return PaymentPage([payment_of(document) for document in documents], page.previous, page.next)

    def open_fraud_warnings(self) -> Listing:
        """The payments whose early fraud warning waits for a person, newest first, MOST_URGENT at most.

        Raises FiguresNotReady, DatabaseUnavailable.
        """
        with self._keeper.listing(PaymentFilter(signal=FraudSignal.WARNING_OPEN)) as moment:
            return Listing(moment.page(SortOrder.NEWEST, limit=MOST_URGENT), moment.count(most=MOST_COUNTED + 1))

    def children(self, where: RefundFilter | DisputeFilter, cursor: Cursor | None = None) -> ChildListing:
        """A page of refunds or disputes. Raises FiguresNotReady, DatabaseUnavailable."""
        self._keeper.catch_up()
        # One snapshot, so that the number, the sums and both tables are of the same rows.
        with snapshot() as session:
            page = child_list.page(where, session, limit=PAGE_SIZE, cursor=cursor)
            total = child_list.count(where, session, most=MOST_COUNTED + 1)
            totals = child_list.totals(where, session) if total <= MOST_COUNTED else None
            has_urgent = cursor is None and where.status is None
            urgent = child_list.urgent(where, session, limit=MOST_URGENT) if has_urgent else []
        return ChildListing(page, total, urgent=urgent, totals=totals)

    def stream_payments(self, where: PaymentFilter, order: SortOrder) -> Iterator[Row]:
        """Every payment of the list, read as it is taken; what changed before the call is counted."""
        _check(where, order)
        self._keeper.catch_up()
        return payment_list.stream(where, order)

    def stream_children(self, where: RefundFilter | DisputeFilter) -> Iterator[Row]:
        """Every refund or dispute of the list, read as it is taken; what changed before the call is counted."""
        self._keeper.catch_up()
        return child_list.stream(where)

    def existing_orders(self, order_ids: Collection[str]) -> set[str]:
        """Those of some orders that have a payment."""
        self._keeper.catch_up()
        return payment_list.existing_orders(order_ids)

    def options(self) -> FilterOptions:
        """What payments can be filtered by, at most half a minute old: a new country is offered that much later."""
        kept, present = self._options, time.monotonic()
        if kept is None or present - kept[0] > _OPTIONS_KEPT_SECONDS:
            kept = self._options = (present, FilterOptions(**payment_list.options()))
        return kept[1]


def _check(where: PaymentFilter, order: SortOrder) -> None:
    if order.field == "amount" and not where.offers_amounts:
        raise ValidationFailed("Sorting by amount needs a currency, and no search, failure reason or fraud signal.")
