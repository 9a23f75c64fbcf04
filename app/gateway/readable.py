"""Whether the values of an event's object can be what Stripe says they are.

A signed event proves who sent it, not that this service can keep it: a time of the year 33658 or a text of half a
character would be refused by MongoDB or shown as nonsense. Checked is what ``redaction`` keeps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from app.errors import ValidationFailed

# Twelve digits are the most that Stripe takes in any currency (docs.stripe.com/currencies).
LARGEST_AMOUNT = 999_999_999_999
# The end of the year 2105: no deadline of Stripe's is as far away.
LATEST_TIME = 2**32 - 1
_LONGEST_TEXT = 5_000
_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_CURRENCY = re.compile(r"[a-z]{3}")


def is_time(value: object) -> bool:
    """A time in Unix seconds."""
    return _is_integer(value) and 0 <= value <= LATEST_TIME  # type: ignore[operator]


def is_text(value: object) -> bool:
    """A text that can be stored."""
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def check(target: Mapping[str, Any]) -> None:
    """Raises ValidationFailed, with the name of the first field of an object that Stripe cannot have sent so."""
    _check(target, may_be_negative=False)


def check_complete(fact: Any) -> None:
    """Raises ValidationFailed for a fact without a value that every fact of its kind has."""
    for field in fields(fact):
        value = getattr(fact, field.name)
        if value is None and field.type in _REQUIRED:
            raise ValidationFailed(f"The event cannot be read: {field.name} is missing.")
        if is_dataclass(value):
            check_complete(value)


def _check(values: Mapping[str, Any], *, may_be_negative: bool) -> None:
    for name, value in values.items():
        if isinstance(value, Mapping):
            _check(value, may_be_negative=may_be_negative)
        elif isinstance(value, list):
            for item in value:
                # A booking takes money from the balance or gives it back.
                _check(item if isinstance(item, Mapping) else {name: item}, may_be_negative=True)
        elif value is not None and not _is_fine(name, value, may_be_negative):
            raise ValidationFailed(f"The event cannot be read: {name} has an impossible value.")


def _is_fine(name: str, value: object, may_be_negative: bool) -> bool:
    if name in _AMOUNTS:
        lowest = -LARGEST_AMOUNT if may_be_negative else 0
        return _is_integer(value) and lowest <= value <= LARGEST_AMOUNT  # type: ignore[operator]
    return _RULES.get(name, is_text)(value)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and bool(_ID.fullmatch(value))


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_score(value: object) -> bool:
    return _is_integer(value) and -1 <= value <= 100  # type: ignore[operator]


# Types as the facts write them; what may be missing there is declared with None.
_REQUIRED = frozenset({"int", "str", "bool"})
_AMOUNTS = frozenset({"amount", "amount_captured", "amount_received", "amount_refunded"})
_RULES: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(("created", "canceled_at", "due_by", "capture_before"), is_time),
    **dict.fromkeys(("id", "payment_intent", "charge", "payment_method", "latest_charge"), _is_id),
    **dict.fromkeys(
        ("livemode", "captured", "refunded", "disputed", "actionable", "open", "is_charge_refundable"), _is_flag
    ),
    "currency": lambda value: isinstance(value, str) and bool(_CURRENCY.fullmatch(value)),
    "risk_score": _is_score,
}
