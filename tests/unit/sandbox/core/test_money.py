"""Currencies, and amounts as Stripe writes them in messages."""

from __future__ import annotations

import pytest

from sandbox.core import money


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(1000, "usd", "$10.00"), (500, "jpy", "¥500"), (5120, "kwd", "5.120 KWD"), (123456, "chf", "1,234.56 CHF")],
)
def test_amounts_in_messages(amount: int, currency: str, text: str) -> None:
    assert money.formatted(amount, currency) == text


def test_special_currencies_are_supported() -> None:
    assert money.ZERO_DECIMAL | money.THREE_DECIMAL | money.WHOLE_UNITS_ONLY <= money.SUPPORTED
    assert not money.ZERO_DECIMAL & money.THREE_DECIMAL
