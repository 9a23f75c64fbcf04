"""How an intent is asked for the payment methods that STRIPE_PAYMENT_METHODS names, in every API version.

Up to 2026-09-30.endive ``payment_method_types`` names them; from there on Stripe refuses it, and
``allowed_payment_method_types`` narrows what the account offers. ``automatic_payment_methods`` leaves the choice to the
account's settings in Stripe's dashboard. Sources: docs.stripe.com/api/payment_intents/create,
docs.stripe.com/changelog/endive/2026-09-30.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

AUTOMATIC = "automatic"
_NO_LONGER_WRITABLE = "2026-09-30"


def chosen(methods: Sequence[str], api_version: str) -> dict[str, Any]:
    """The parameters of a new intent for these types of payment methods, or for AUTOMATIC alone."""
    if list(methods) == [AUTOMATIC]:
        return {"automatic_payment_methods": {"enabled": True}}
    name = "payment_method_types" if api_version < _NO_LONGER_WRITABLE else "allowed_payment_method_types"
    return {name: list(methods)}
