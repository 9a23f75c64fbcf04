"""Amounts that people enter for a payment that exists."""

from __future__ import annotations

from decimal import Decimal

from app.domain.money import Money, MoneyError
from app.errors import AmountInvalid


def minor_units(amount: Decimal | None, currency: str) -> int | None:
    """The amount in minor units; None stays None, for all that there is. Raises AmountInvalid."""
    if amount is None:
        return None
    try:
        money = Money.from_major(amount, currency)
    except MoneyError as error:
        raise AmountInvalid(str(error), errors={"amount": [str(error)]}) from error
    if money.minor <= 0:
        message = "The amount must be greater than zero."
        raise AmountInvalid(message, errors={"amount": [message]})
    return money.minor
