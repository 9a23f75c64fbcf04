"""The signature check of webhook deliveries, and the facts inside an event.

Source: docs.stripe.com/webhooks/signature. The raw bytes are checked, against every configured secret, so that a secret
can be rolled; timestamps older than five minutes are refused.

Uses metadata, readable, redaction, snapshots.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import stripe

from app.domain.payments.facts import ChargeFact, DisputeFact, FraudWarningFact, IntentFact, RefundFact, ReviewFact
from app.errors import ValidationFailed, WebhookSignatureInvalid
from app.gateway import readable
from app.gateway.metadata import is_foreign, metadata_of, payment_id_of
from app.gateway.redaction import strip_event
from app.gateway.snapshots import charge_fact, dispute_fact, fraud_warning_fact, intent_fact, refund_fact, review_fact

TOLERANCE_SECONDS = 300

StripeFact = IntentFact | ChargeFact | RefundFact | DisputeFact | FraudWarningFact | ReviewFact

# The events whose object we read. Every other type is stored and ignored.
APPLIED_TYPES = frozenset(
    "payment_intent.created payment_intent.requires_action payment_intent.processing payment_intent.succeeded "
    "payment_intent.payment_failed payment_intent.canceled payment_intent.amount_capturable_updated "
    "charge.succeeded charge.failed charge.pending charge.updated charge.captured charge.expired charge.refunded "
    "charge.refund.updated refund.created refund.updated refund.failed "
    "charge.dispute.created charge.dispute.updated charge.dispute.closed "
    "charge.dispute.funds_withdrawn charge.dispute.funds_reinstated "
    "radar.early_fraud_warning.created radar.early_fraud_warning.updated review.opened review.closed".split()
)
FAILED_REFUND = "refund.failed"
CHARGE_REFUNDED = "charge.refunded"
# The shapes of all versions since this year are read (``earlier_shapes``).
OLDEST_VERSION = "2017"
# From this version on, refund.* events tell of every refund (docs.stripe.com/changelog/acacia/2024-10-28).
ALL_REFUND_EVENTS_SINCE = "2024-10-28"
# Facts that carry the time at which they were true, and those that need none.
_TIMED: dict[str, Callable[[Any, int], StripeFact]] = {
    "payment_intent": intent_fact,
    "charge": charge_fact,
    "refund": refund_fact,
}
_FACTS: dict[str, Callable[[Any], StripeFact]] = {
    "dispute": dispute_fact,
    "radar.early_fraud_warning": fraud_warning_fact,
    "review": review_fact,
}


def verify(payload: bytes, header: str | None, secrets: Sequence[str]) -> dict[str, Any]:
    """The event inside a delivery that Stripe signed.

    Raises WebhookSignatureInvalid when no secret matches or the timestamp is too old, and ValidationFailed for a
    signed body that is not a snapshot event.
    """
    if not header or not header.isascii() or not secrets:
        raise WebhookSignatureInvalid
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WebhookSignatureInvalid from error
    if not any(_matches(text, header, secret) for secret in secrets):
        raise WebhookSignatureInvalid
    try:
        event = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValidationFailed("The body is signed but is not JSON.") from error
    if isinstance(event, dict) and event.get("object") == "v2.core.event":
        raise ValidationFailed(
            "This is a thin event. Register the endpoint for snapshot events (payload style: snapshot)."
        )
    if not _is_event(event):
        raise ValidationFailed("The body is signed but is not a Stripe event.")
    return dict(event)


def facts_of(event: Mapping[str, Any]) -> list[StripeFact]:
    """The facts in an event; empty for a type that we do not read.

    Raises ValidationFailed for an object that cannot be read.
    """
    if event["type"] not in APPLIED_TYPES:
        return []
    version = event.get("api_version")
    if version and version < OLDEST_VERSION:
        raise ValidationFailed(
            f"The event is written in version {version} of Stripe's API, which is older than this service reads. "
            "Give the webhook endpoint a version of its own: flask stripe setup."
        )
    try:
        target = strip_event(event)["data"]["object"]
        readable.check(target)
        kind = target.get("object")
        if kind in _TIMED:
            fact = _TIMED[kind](target, event["created"])
        elif kind in _FACTS:
            fact = _FACTS[kind](target)
        else:
            return []
        readable.check_complete(fact)
        return [fact]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValidationFailed(f"The event cannot be read: {type(error).__name__} in its object.") from error


def shows_foreign(event: Mapping[str, Any]) -> bool:
    """True when the object itself shows that another application made it.

    Only intents and charges can: a charge has a copy of its intent's metadata, refunds and disputes have none of it.
    """
    target = event["data"]["object"]
    shown = target.get("object") in {"payment_intent", "charge"} and "metadata" in target
    return shown and is_foreign(metadata_of(target))


def names_our_key(event: Mapping[str, Any]) -> bool:
    """True when the object carries the key that only this service writes."""
    return bool(payment_id_of(metadata_of(event["data"]["object"])))


def _matches(payload: str, header: str, secret: str) -> bool:
    try:
        return bool(stripe.WebhookSignature.verify_header(payload, header, secret, TOLERANCE_SECONDS))
    except stripe.SignatureVerificationError:
        return False


def _is_event(event: object) -> bool:
    if not isinstance(event, dict):
        return False
    data = event.get("data")
    return (
        event.get("object") == "event"
        and isinstance(event.get("id"), str)
        and 0 < len(event["id"]) <= 255
        and event["id"].isprintable()
        and isinstance(event.get("type"), str)
        and len(event["type"]) <= 255
        and event["type"].isprintable()
        and readable.is_time(event.get("created"))
        and isinstance(event.get("livemode"), bool)
        and all(event.get(name) is None or _is_word(event[name]) for name in ("api_version", "account"))
        and isinstance(data, dict)
        and isinstance(data.get("object"), dict)
    )


def _is_word(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 255 and value.isascii() and value.isprintable()
