"""The filters of the list of payments, read from an address: for the page and for its exports alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.payments.methods import METHOD_TYPES
from app.domain.payments.states import FraudSignal
from app.models.listing.payments import FigureFilter, PaymentFilter, SortOrder
from dashboards.lists.labels import DIFFERS, PAYMENT, REFUNDED, SIGNAL, humanize, options
from dashboards.lists.query import ListQuery, Reader, quoted

STATUS: Mapping[str, str] = dict(options(PAYMENT))
FRAUD: Mapping[str, str] = dict(options(SIGNAL))
METHOD: Mapping[str, str] = {name: humanize(name) for name in METHOD_TYPES}
REFUND_STATUS: Mapping[str, str] = dict(options(REFUNDED))
SORT: Mapping[str, str] = {
    SortOrder.NEWEST: "Newest first",
    SortOrder.OLDEST: "Oldest first",
    SortOrder.LARGEST: "Largest first",
    SortOrder.SMALLEST: "Smallest first",
}
# What a figure counts, and the figure.
COUNTS: Mapping[str, str] = {
    FigureFilter.COMPLETED: "completed · success rate",
    FigureFilter.FAILED: "failed · success rate",
    FigureFilter.DECIDED: "completed or failed · success rate",
    FigureFilter.CANCELED: "canceled without a failed attempt",
    FigureFilter.OPEN: "open · neither completed nor failed yet",
    FigureFilter.ABANDONED: "never attempted",
    FigureFilter.FIRST_SUCCEEDED: "paid at the first attempt · first-attempt success",
    FigureFilter.WITH_OUTCOME: "attempted with an outcome · first-attempt success",
    FigureFilter.REFUNDED: "refunded · refund rate",
    FigureFilter.DISPUTED: "disputed · dispute rate",
    FigureFilter.THREE_D_SECURE: "asked for 3-D Secure · 3DS rate",
    FigureFilter.CAPTURED: "captured · gross volume, by the day of capture",
}
_EVERY = "Showing every payment."
_NEWEST = "Showing the newest payments first."
_REASON = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PAYMENT_ID = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class PaymentQuery(ListQuery[PaymentFilter]):
    """The list of payments. ``searched`` says what the search box was taken to mean."""

    order: SortOrder
    searched: str | None


def read(arguments: Mapping[str, str], zone: ZoneInfo) -> PaymentQuery:
    """The list that an address describes, as far as it is valid."""
    reader = Reader(arguments, zone)
    ids, searched = _search(reader)
    figure = reader.option("counts", "Payments counted as", COUNTS, noun="figure", fallback=_EVERY)
    start, end = reader.range("Captured" if figure == FigureFilter.CAPTURED else "Created")
    status = reader.option("status", "Status", STATUS)
    signal = reader.option("fraud", "Fraud signal", FRAUD)
    method = reader.option("method", "Payment method", METHOD, noun="payment method")
    where = PaymentFilter(
        method=method,
        start=start,
        end=end,
        figure=FigureFilter(figure) if figure else None,
        reason=reader.pattern(
            "reason", "Failure", _REASON, "insufficient_funds", in_words=humanize, noun="failure reason"
        ),
        statuses=(status,) if status else None,
        refund_status=reader.option("refund_status", "Refund status", REFUND_STATUS, noun="refund status"),
        disputed=reader.flag("disputed", "Disputed"),
        differs=reader.flag("differs", DIFFERS.word),
        signal=FraudSignal(signal) if signal else None,
        **reader.shared_filters(),
        order_id=reader.identifier("order", "Order"),
        customer_id=reader.identifier("customer", "Customer"),
        **ids,
    )
    order = _order(reader, where)
    return PaymentQuery(where, reader.parameters, reader.chips, reader.problems, order, searched)


def _search(reader: Reader) -> tuple[dict[str, Any], str | None]:
    """Which id the search box holds, by its shape."""
    text = reader.identifier("q", "Search")
    if text is None:
        return {}, None
    if _PAYMENT_ID.fullmatch(text.lower()):
        return {"payment_id": text.lower()}, "the payment with this ID"
    if text.startswith("pi_"):
        return {"payment_intent_id": text}, "the payment with this Stripe intent"
    return {"named": text}, "payments whose order or customer is exactly this"


def _order(reader: Reader, where: PaymentFilter) -> SortOrder:
    text = reader.text("sort") or SortOrder.NEWEST.value
    if text not in SORT:
        reader.refuse(f"“{quoted(text)}” is not a sort order.", _NEWEST)
        return SortOrder.NEWEST
    order = SortOrder(text)
    if order.field == "amount" and not where.offers_amounts:
        fault = (
            "Sorting by amount needs a currency: amounts of different currencies cannot be compared."
            if where.currency is None
            else "A search, a failure reason or a fraud signal cannot be sorted by amount."
        )
        reader.refuse(fault, _NEWEST)
        return SortOrder.NEWEST
    if order != SortOrder.NEWEST:
        reader.parameters["sort"] = order.value
    return order
