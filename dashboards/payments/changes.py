"""What changed in a payment, as lines for people instead of the stored form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.declines import explain
from app.domain.payments.methods import Card, PaymentMethod
from app.domain.payments.snapshot import Record
from app.extensions import settings
from dashboards.lists import labels
from dashboards.lists.formats import amount, local_time, unix_time
from dashboards.lists.labels import card, humanize, label_of, payment_method

Line = tuple[str, str]
"""The name of a field and its change."""

# The fields whose names are not their words.
_FIELDS = {
    "order_id": "Order",
    "customer_id": "Customer",
    "payment_intent_id": "Payment intent",
    "livemode": "Live mode",
    "amount_captured": "Captured",
    "amount_refundable": "Refundable",
    "three_d_secure": "3-D Secure",
    "created_at": "Created",
    "completed_at": "Completed",
    "capture_method": "Capture method",
    "hold_expires_at": "Hold expires",
    "payment_method": "Payment method",
    "amount_released": "Released",
    "differs": "Differs from the order",
}
_AMOUNTS = frozenset({"amount", "amount_captured", "amount_refunded", "amount_refundable", "amount_released"})
_LISTS = {
    "attempts": "Attempt",
    "refunds": "Refund",
    "disputes": "Dispute",
    "fraud_warnings": "Early fraud warning",
    "reviews": "Review",
}
_TIMES = frozenset({"created_at", "completed_at", "hold_expires_at"})
_NOTHING = "none"
_TABLES: Mapping[str, labels.Table] = {
    "status": labels.PAYMENT,
    "refund_status": labels.REFUNDED,
    "attempts": labels.ATTEMPT,
    "refunds": labels.REFUND,
    "disputes": labels.DISPUTE,
    "fraud_warnings": labels.FRAUD_WARNING,
    "reviews": labels.REVIEW,
}
_NOT_REQUESTED = "not requested"
# The values that every payment starts with are not worth a line.
_INITIAL = frozenset({_NOTHING, "no", _NOT_REQUESTED, label_of(labels.REFUNDED, "none").word})


def change_lines(changes: Record, currency: str) -> list[Line]:
    """The changes of a history entry, or those that a replay would make, without initial values."""
    # The payment method says all of the card.
    said = {name: change for name, change in changes.items() if name != "card" or "payment_method" not in changes}
    sides = _currencies(changes, currency)
    return [line for name, change in said.items() for line in _lines(name, change, sides)]


def drift_lines(fields: Record, currency: str) -> list[tuple[str, str, str]]:
    """(what, ours, Stripe's) of the fields in which a payment differs."""
    before, after = _currencies(fields, currency)
    return [
        (field_name(name), _side(name, sides[0], before), _side(name, sides[1], after))
        for name, sides in fields.items()
        if isinstance(sides, list) and len(sides) == 2
    ]


def field_name(name: str) -> str:
    """What pages call a field."""
    return _FIELDS.get(name, humanize(name))


def _currencies(changes: Record, currency: str) -> tuple[str, str]:
    """The currency of the amounts before a change and after it; ``currency`` where it did not change."""
    sides = changes.get("currency")
    if not isinstance(sides, list) or len(sides) != 2:
        return currency, currency
    return str(sides[0] or sides[1]), str(sides[1])


def _lines(name: str, change: Any, currencies: tuple[str, str]) -> Iterator[Line]:
    currency = currencies[1]
    if name in _LISTS and isinstance(change, list):
        for item in change:
            if isinstance(item, Mapping):
                yield _LISTS[name], _item(name, item, currency)
    elif isinstance(change, list) and len(change) == 2:
        old, new = (_value(name, side, of) for side, of in zip(change, currencies, strict=True))
        if change[0] is not None and old != new:
            yield field_name(name), f"{old} → {new}"
        elif change[0] is None and new not in _INITIAL and new != amount(0, currency):
            yield field_name(name), new
    else:
        yield field_name(name), str(change)


def _side(name: str, value: Any, currency: str) -> str:
    if name in _LISTS and isinstance(value, list):
        return ", ".join(label_of(_TABLES[name], item).word for item in value) or _NOTHING
    return _value(name, value, currency)


def _value(name: str, value: Any, currency: str) -> str:
    if value is None:
        return _NOTHING
    if name in _AMOUNTS:
        return amount(value, currency)
    if name in _TIMES and isinstance(value, int):
        moment = unix_time(value)
        return local_time(moment, zone()) if moment else _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "differs" and isinstance(value, Mapping):
        return _differs(value, currency)
    if isinstance(value, Mapping):
        return _group(name, value)
    if name in _TABLES:
        return label_of(_TABLES[name], value).word
    return str(value).upper() if name == "currency" else str(value)


def _group(name: str, value: Mapping[str, Any]) -> str:
    if name == "card":
        return _card(value)
    if name == "payment_method":
        return payment_method(PaymentMethod(**value))
    if name == "failure":
        return _failure(value)
    if name == "three_d_secure":
        if not value.get("attempted"):
            return _NOT_REQUESTED
        return label_of(labels.AUTHENTICATION, value.get("outcome")).word.lower()
    if name == "risk":
        level = label_of(labels.RISK, value.get("level")).word
        return level if value.get("score") is None else f"{level} ({value['score']})"
    return ", ".join(f"{humanize(key)}: {item}" for key, item in value.items() if item is not None)


def _differs(value: Mapping[str, Any], currency: str) -> str:
    asked_currency, taken_currency = value.get("currency") or (currency, currency)
    amounts = value.get("amount")
    if not amounts:
        return f"asked in {str(asked_currency).upper()}, taken in {str(taken_currency).upper()}"
    return f"asked {amount(amounts[0], asked_currency)}, taken {amount(amounts[1], taken_currency)}"


def _item(name: str, item: Mapping[str, Any], currency: str) -> str:
    if name in {"fraud_warnings", "reviews"}:
        return _signal(name, item)
    status = label_of(_TABLES[name], item.get("status")).word
    if name == "attempts":
        return f"{status}{_with_method(item)}" + (f": {_failure(item['failure'])}" if item.get("failure") else "")
    money = amount(item.get("amount"), item.get("currency") or currency)
    if name == "refunds":
        settled = f", refunded outside Stripe as noted by {item['settled_by']}" if item.get("settled_by") else ""
        return f"{money}: {status}{settled}"
    return f"{money}, {humanize(item.get('reason'))}: {status}"


def _signal(name: str, item: Mapping[str, Any]) -> str:
    if name == "fraud_warnings":
        state = "actionable" if item.get("actionable") else "not actionable"
        reason = item.get("fraud_type")
    else:
        state = "open" if item.get("is_open") else "closed"
        reason = item.get("opened_reason") if item.get("is_open") else item.get("closed_reason")
    word = label_of(_TABLES[name], state).word
    return f"{word}: {humanize(reason)}" if reason else word


def _card(value: Mapping[str, Any]) -> str:
    return card(Card(value.get("brand"), value.get("last4"), value.get("country")))


def _with_method(attempt: Mapping[str, Any]) -> str:
    if attempt.get("payment_method"):
        return f" with {payment_method(PaymentMethod(**attempt['payment_method']))}"
    return f" with {_card(attempt['card'])}" if attempt.get("card") else ""


def _failure(value: Mapping[str, Any]) -> str:
    # Only the reason: the page explains each decline in its list of attempts.
    return humanize(explain(value.get("code"), value.get("decline_code")).code)


def zone() -> ZoneInfo:
    """The time zone of the pages; ``ZoneInfo`` caches its instances."""
    return ZoneInfo(settings.dashboard_timezone)
