"""Early fraud warnings and reviews in Stripe's format."""

from __future__ import annotations

from sandbox.behaviour.rendering import fields
from sandbox.core.records import FraudWarning, Json, Review

_WARNING = "id actionable charge created fraud_type".split()
_REVIEW = "id charge closed_reason created opened_reason reason".split()


def early_fraud_warning(record: FraudWarning) -> Json:
    """docs.stripe.com/api/radar/early_fraud_warnings/object."""
    return {**fields(record, _WARNING), **_intent(record), "object": "radar.early_fraud_warning", "livemode": False}


def review(record: Review) -> Json:
    """docs.stripe.com/api/radar/reviews/object; without what only a browser of Stripe.js would tell."""
    return {
        **fields(record, _REVIEW),
        **_intent(record),
        **dict.fromkeys(("billing_zip", "ip_address", "ip_address_location", "session")),
        "object": "review",
        "livemode": False,
        "open": record.closed_reason is None,
    }


def _intent(record: FraudWarning | Review) -> Json:
    """The intent of the charge; the field is missing where there is none."""
    return {"payment_intent": record.payment_intent} if record.payment_intent else {}
