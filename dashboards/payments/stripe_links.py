"""The link to a payment at Stripe, which does not know payments of the local sandbox."""

from __future__ import annotations

from app.domain.payments.payment import Payment
from dashboards.web.loopback import is_sandbox


def is_of_sandbox(payment: Payment, api_base: str) -> bool:
    """True for a payment of the sandbox. A live payment is Stripe's, whatever address the requests go to."""
    return not payment.livemode and is_sandbox(api_base)


def link(payment: Payment, api_base: str) -> str | None:
    """The payment's page at Stripe; None for a payment of the sandbox, and for one without an intent."""
    intent_id = payment.payment_intent_id
    if not intent_id or is_of_sandbox(payment, api_base):
        return None
    return f"https://dashboard.stripe.com/{'' if payment.livemode else 'test/'}payments/{intent_id}"
