"""Amounts as they arrive, and the currencies that they are in."""

from __future__ import annotations

from decimal import Decimal

from app.domain.money import Money, MoneyError, UnknownCurrency, chargeable
from app.errors import AmountInvalid, CurrencyUnsupported

# What decimal arithmetic keeps exactly; a longer amount would be rounded somewhere on its way.
_MOST_DIGITS = 28


def money_to_charge(amount: Decimal, currency: str) -> Money:
    """The money that Stripe will charge. Raises AmountInvalid or CurrencyUnsupported."""
    try:
        return chargeable(exact(amount), currency.lower())
    except UnknownCurrency as error:
        raise CurrencyUnsupported(str(error), errors={"currency": [str(error)]}) from error
    except MoneyError as error:
        raise AmountInvalid(str(error), errors={"amount": [str(error)]}) from error


def exact(amount: Decimal) -> Decimal:
    """The amount itself, when it is short enough to be handled without rounding. Raises AmountInvalid."""
    if not amount.is_finite() or len(amount.as_tuple().digits) > _MOST_DIGITS:
        message = "The amount has more digits than any currency needs."
        raise AmountInvalid(message, errors={"amount": [message]})
    return amount
