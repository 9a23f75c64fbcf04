"""Where a payment is found at Stripe, if it is there: the local sandbox takes payments that Stripe does not know."""

from __future__ import annotations

from app.domain.payments.payment import Payment
from dashboards.web.loopback import is_sandbox


def is_of_sandbox(payment: Payment, api_base: str) -> bool:
    """True for a payment that Stripe does not know; a live one it always does, by whatever way it was asked."""
    return not payment.livemode and is_sandbox(api_base)


def link(payment: Payment, api_base: str) -> str | None:
    """The payment's page at Stripe; None for the sandbox's, and for one without an intent."""
    intent_id = payment.payment_intent_id
    if not intent_id or is_of_sandbox(payment, api_base):
        return None
    return f"https://dashboard.stripe.com/{'' if payment.livemode else 'test/'}payments/{intent_id}"
