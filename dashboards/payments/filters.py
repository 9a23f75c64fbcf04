"""The filters of the list of payments, read from an address: for the page and for its exports alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.domain.payments.states import PaymentStatus
from app.models.listing.payments import Counts, Order, RowFilter
from dashboards.lists.formats import status_words
from dashboards.lists.labels import REFUNDED, words
from dashboards.lists.query import Chip, Reader

STATUS: Mapping[str, str] = {status.value: status_words(status.value) for status in PaymentStatus}
SORT: Mapping[str, str] = {
    Order.NEWEST: "Newest first",
    Order.OLDEST: "Oldest first",
    Order.LARGEST: "Largest first",
    Order.SMALLEST: "Smallest first",
}
# What a figure counts, and the figure.
COUNTS: Mapping[str, str] = {
    Counts.COMPLETED: "completed · success rate",
    Counts.FAILED: "failed · success rate",
    Counts.DECIDED: "completed or failed · success rate",
    Counts.CANCELED: "canceled without a failed attempt",
    Counts.OPEN: "open · neither completed nor failed yet",
    Counts.ABANDONED: "never attempted",
    Counts.FIRST_SUCCEEDED: "paid at the first attempt · first-attempt success",
    Counts.WITH_OUTCOME: "attempted with an outcome · first-attempt success",
    Counts.REFUNDED: "refunded · refund rate",
    Counts.DISPUTED: "disputed · dispute rate",
    Counts.THREE_D_SECURE: "asked for 3-D Secure · 3DS rate",
    Counts.CAPTURED: "captured · gross volume, by the day of capture",
}
_REASON = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PAYMENT_ID = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class PaymentQuery:
    """A list as an address asks for it. ``searched`` says how the words of the search box were taken."""

    where: RowFilter
    order: Order
    parameters: dict[str, str]
    chips: list[Chip]
    problems: list[str]
    searched: str | None


def read(arguments: Mapping[str, str], zone: ZoneInfo) -> PaymentQuery:
    """The list that an address means, as far as it was understood."""
    reader = Reader(arguments, zone)
    ids, searched = _search(reader)
    counts = reader.option("counts", "Payments counted as", COUNTS)
    start, end = reader.range("Captured" if counts == Counts.CAPTURED else "Created")
    where = RowFilter(
        start=start,
        end=end,
        counts=Counts(counts) if counts else None,
        reason=reader.pattern("reason", "Failure", _REASON, "insufficient_funds", in_words=words),
        status=reader.option("status", "Status", STATUS),
        refund_status=reader.option("refund_status", "Refunds", REFUNDED),
        disputed=reader.flag("disputed", "Disputed"),
        currency=reader.currency(),
        brand=reader.brand(),
        country=reader.country(),
        three_d_secure=reader.flag("three_d_secure", "3-D Secure"),
        order_id=reader.identifier("order", "Order"),
        customer_id=reader.identifier("customer", "Customer"),
        **ids,
    )
    order = _order(reader, where)
    return PaymentQuery(where, order, reader.parameters, reader.chips, reader.problems, searched)


def _search(reader: Reader) -> tuple[dict[str, str], str | None]:
    """Which id the search box holds, by its shape."""
    wanted = reader.identifier("q", "Search")
    if wanted is None:
        return {}, None
    if _PAYMENT_ID.fullmatch(wanted.lower()):
        return {"payment_id": wanted.lower()}, "the payment with this id"
    if wanted.startswith("pi_"):
        return {"payment_intent_id": wanted}, "the payment with this Stripe intent"
    return {"named": wanted}, "payments whose order or customer is exactly this"


def _order(reader: Reader, where: RowFilter) -> Order:
    wanted = reader.text("sort") or Order.NEWEST.value
    if wanted not in SORT:
        reader.problems.append("This order is not known; the newest come first.")
        return Order.NEWEST
    order = Order(wanted)
    if order.field == "amount" and not where.offers_amounts:
        reader.problems.append(
            "Choose a currency to sort by amount: amounts of different currencies cannot be compared."
            if where.currency is None
            else "A search or a failure reason cannot be sorted by amount; the newest come first."
        )
        return Order.NEWEST
    if order != Order.NEWEST:
        reader.parameters["sort"] = order.value
    return order
