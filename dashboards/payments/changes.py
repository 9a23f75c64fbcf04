"""What changed in a payment, told line by line instead of as stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.declines import explain
from app.domain.payments.facts import Card
from app.domain.payments.snapshot import Record
from app.extensions import settings
from dashboards.lists.formats import local_time, status_words
from dashboards.lists.labels import (
    ATTEMPT_STATUS,
    AUTHENTICATION,
    DISPUTE_STATUS,
    REFUND_STATUS,
    REFUNDED,
    amount,
    card,
    words,
)

Line = tuple[str, str]
"""What changed, and how, in words."""

_LABELS = {
    "order_id": "Order",
    "customer_id": "Customer",
    "description": "Description",
    "payment_intent_id": "Payment intent",
    "livemode": "Live money",
    "amount": "Amount",
    "currency": "Currency",
    "status": "Status",
    "cancellation_reason": "Reason for canceling",
    "amount_captured": "Captured",
    "refund_status": "Refunded",
    "amount_refunded": "Amount refunded",
    "amount_refundable": "Left to refund",
    "disputed": "Disputed",
    "failure": "Why it failed",
    "three_d_secure": "3-D Secure",
    "card": "Card",
    "attempts": "Attempts",
    "refunds": "Refunds",
    "disputes": "Disputes",
    "created_at": "Created",
    "completed_at": "Completed",
}
_AMOUNTS = frozenset({"amount", "amount_captured", "amount_refunded", "amount_refundable"})
_TIMES = frozenset({"created_at", "completed_at"})
_LISTS = {"attempts": "Attempt", "refunds": "Refund", "disputes": "Dispute"}
_NOTHING = "none"
_STATUSES = {"attempts": ATTEMPT_STATUS, "refunds": REFUND_STATUS, "disputes": DISPUTE_STATUS}
# What a payment begins with says nothing.
_AT_FIRST = frozenset({_NOTHING, "no", "not asked for", REFUNDED["none"]})


def change_lines(changes: Record, currency: str) -> list[Line]:
    """The changes of a history entry, or those that a replay would make; what begins empty is left out."""
    return [line for name, change in changes.items() for line in _lines(name, change, currency)]


def drift_lines(fields: Record, currency: str) -> list[tuple[str, str, str]]:
    """(what, ours, Stripe's) of the fields in which a payment differs."""
    return [
        (label(name), _side(name, sides[0], currency), _side(name, sides[1], currency))
        for name, sides in fields.items()
        if isinstance(sides, list) and len(sides) == 2
    ]


def label(name: str) -> str:
    """What a field is called on pages."""
    return _LABELS.get(name, words(name))


def _lines(name: str, change: Any, currency: str) -> Iterator[Line]:
    if name in _LISTS and isinstance(change, list):
        for item in change:
            if isinstance(item, Mapping):
                yield _LISTS[name], _item(name, item, currency)
    elif isinstance(change, list) and len(change) == 2:
        old, new = (_value(name, side, currency) for side in change)
        if change[0] is not None and old != new:
            yield label(name), f"{old} → {new}"
        elif change[0] is None and new not in _AT_FIRST and new != amount(0, currency):
            yield label(name), new
    else:
        yield label(name), str(change)


def _side(name: str, value: Any, currency: str) -> str:
    if name in _LISTS and isinstance(value, list):
        return ", ".join(_STATUSES[name].get(str(item), words(item)) for item in value) or _NOTHING
    return _value(name, value, currency)


def _value(name: str, value: Any, currency: str) -> str:
    if value is None:
        return _NOTHING
    if name in _AMOUNTS:
        return amount(value, currency)
    if name in _TIMES and isinstance(value, int):
        return local_time(datetime.fromtimestamp(value, UTC), zone())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return _group(name, value)
    known = {"status": status_words(str(value)), "refund_status": REFUNDED.get(str(value), str(value))}
    return known.get(name, str(value).upper() if name == "currency" else str(value))


def _group(name: str, value: Mapping[str, Any]) -> str:
    if name == "card":
        return _card(value)
    if name == "failure":
        return _failure(value)
    if name == "three_d_secure":
        if not value.get("attempted"):
            return "not asked for"
        outcome = str(value.get("outcome"))
        return AUTHENTICATION.get(outcome, words(outcome)).rstrip(".")
    return ", ".join(f"{words(key)}: {item}" for key, item in value.items() if item is not None)


def _item(name: str, item: Mapping[str, Any], currency: str) -> str:
    status = str(item.get("status"))
    if name == "attempts":
        told = ATTEMPT_STATUS.get(status, words(status))
        with_card = f" with {_card(item['card'])}" if item.get("card") else ""
        return f"{told}{with_card}" + (f": {_failure(item['failure'])}" if item.get("failure") else "")
    sum_ = amount(item.get("amount"), item.get("currency") or currency)
    if name == "refunds":
        settled = f", settled in another way by {item['settled_by']}" if item.get("settled_by") else ""
        return f"{sum_}: {REFUND_STATUS.get(status, words(status))}{settled}"
    return f"{sum_}, {words(item.get('reason'))}: {DISPUTE_STATUS.get(status, words(status))}"


def _card(value: Mapping[str, Any]) -> str:
    return card(Card(value.get("brand"), value.get("last4"), value.get("country")))


def _failure(value: Mapping[str, Any]) -> str:
    # The word alone: the page explains each decline where it lists the attempts.
    return words(explain(value.get("code"), value.get("decline_code")).code)


def zone() -> ZoneInfo:
    """The time zone in which pages tell times; ``ZoneInfo`` keeps those that it has made."""
    return ZoneInfo(settings.dashboard_timezone)
