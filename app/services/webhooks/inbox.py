"""Stripe's events: stored once, then applied; "received" is not "applied" (DESIGN section 4, rule 5).

Source: docs.stripe.com/webhooks (duplicates, any order, retries for three days on anything but a 2xx).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars, unbind_contextvars

from app import telemetry
from app.clock import now
from app.domain.payments.attempts import open_challenges
from app.domain.payments.derivation import doubts
from app.domain.payments.evidence import PaymentState
from app.domain.payments.facts import ChargeFact, Fact
from app.domain.payments.merge import ContradictoryFact
from app.errors import PaydeskError, StripeNotInitialized, ValidationFailed, WebhookSignatureInvalid
from app.gateway import webhooks
from app.gateway.client import StripeGateway, settling
from app.gateway.redaction import strip_event
from app.models.payments.repository import StoredPayment
from app.models.webhooks.events import EventState, IgnoredReason, fail, finish, receive
from app.services.payments.updates import Source, learn
from app.services.webhooks.ownership import Foreign, Ownership, Undecided, intent_of_charge

logger = structlog.get_logger(__name__)

_LONGEST_ERROR = 500
_LARGEST_INTEGER = 2**63 - 1
# How a delivery is counted that raised nothing.
_OUTCOMES = {EventState.APPLIED: "applied", EventState.IGNORED: "ignored", EventState.RECEIVED: "postponed"}


class WebhookInbox:
    """Receives deliveries and applies events."""

    def __init__(self, gateway: StripeGateway, secrets: Sequence[str], *, livemode: bool) -> None:
        self._gateway = gateway
        self._secrets = secrets
        self._ownership = Ownership(gateway, livemode=livemode)
        telemetry.expect_deliveries(webhooks.APPLIED_TYPES)

    def deliver(self, payload: bytes, signature: str | None) -> EventState:
        """Take one delivery: verify, store, apply. Returning means that Stripe need not send it again.

        Raises WebhookSignatureInvalid, and ValidationFailed for a body that is no event, with nothing stored; any
        other error leaves the event stored and unapplied, for Stripe's next delivery or the worker.
        """
        if not self._secrets:
            raise StripeNotInitialized("STRIPE_WEBHOOK_SECRET is not set, so no delivery can be verified.")
        try:
            event = webhooks.verify(payload, signature, self._secrets)
        except WebhookSignatureInvalid:
            telemetry.webhook_delivered(telemetry.OTHER, "bad_signature")
            raise
        elsewhere = self._ownership.elsewhere(event)
        kind = event["type"] if event["type"] in webhooks.APPLIED_TYPES and not elsewhere else telemetry.OTHER
        outcome = "failed"
        try:
            is_duplicate, state = self._take(event)
            outcome = "duplicate" if is_duplicate else _OUTCOMES[state]
            outcome = elsewhere.value if elsewhere and not is_duplicate else outcome
        finally:
            telemetry.webhook_delivered(kind, outcome)
        return state

    def _take(self, event: dict[str, Any]) -> tuple[bool, EventState]:
        """Store and apply a verified event; whether it was dealt with before, and what has become of it."""
        kept = _storable(event)
        bind_contextvars(event_id=kept["id"], event_type=kept["type"])
        state = receive(kept["id"], _row(kept), now=now())
        if state in {EventState.APPLIED, EventState.IGNORED}:
            return True, state
        return False, self.apply(kept)

    def apply(self, event: dict[str, Any]) -> EventState:
        """Apply a stored event; applying it again changes nothing. What it raises is noted on the event.

        RECEIVED means that Stripe cannot say just now whose the event is, so that the worker asks again.
        """
        # For the log: this event and, as soon as it is known, its payment, not those of the one before.
        unbind_contextvars("payment_id", "order_id")
        bind_contextvars(event_id=event["id"], event_type=event["type"])
        started = time.perf_counter()
        reason: IgnoredReason | None = None
        try:
            state = EventState.APPLIED if self._apply(event) else EventState.IGNORED
        except Foreign as foreign:
            state, reason = EventState.IGNORED, foreign.reason
        except Undecided as undecided:
            fail(event["id"], _description(undecided.error), state=EventState.RECEIVED)
            return EventState.RECEIVED
        except ContradictoryFact as error:
            fail(event["id"], _description(error))
            raise ValidationFailed("The event contradicts what is known of its payment.") from error
        except Exception as error:
            logger.warning("webhook_failed", error=type(error).__name__)
            fail(event["id"], _description(error))
            raise
        finally:
            telemetry.webhook_applied(time.perf_counter() - started)
        finish(event["id"], state, reason)
        return state

    def _apply(self, event: dict[str, Any]) -> bool:
        """True when the event concerned a payment of ours, False when its type is not read. Raises Foreign."""
        if event["type"] not in webhooks.APPLIED_TYPES:
            return False
        if reason := self._ownership.elsewhere(event):
            raise Foreign(reason)
        facts = webhooks.facts_of(event)
        if not facts:
            raise ValidationFailed("The event has an object of a kind that its type never has.")
        source = Source(channel="webhook", reference=event["id"])
        stored, fact = self._ownership.payment_of(event, facts[0], source)
        bind_contextvars(payment_id=stored.id, order_id=stored.state.order_id)
        self._resolve(stored, fact, event["type"], source)
        return True

    def _resolve(self, stored: StoredPayment, fact: Any, event_type: str, source: Source) -> None:
        """Ask Stripe where the evidence alone could mislead (DESIGN section 4, rule 2)."""
        intent_id = str(stored.state.intent_id)
        if doubts(stored.state, stored.payment):
            challenges = open_challenges(stored.payment)
            stored = learn(stored, [settling(self._gateway.retrieve_intent(intent_id).fact, challenges)], source)
        # The charge names no refund, and before 2024-10-28.acacia no other event does when one is made. Its sum proves
        # nothing: we may know as much of an earlier refund, whose failure has not reached us.
        named = event_type != webhooks.CHARGE_REFUNDED
        if isinstance(fact, ChargeFact) and (not named or fact.amount_refunded > _known_refunds(stored.state)):
            refunds: list[Fact] = list(self._gateway.refunds_of(intent_id))
            learn(stored, refunds, source)


def _description(error: Exception) -> str:
    """What is kept of a failure: the class, and the message of our own errors; other errors quote their input."""
    name = type(error).__name__
    return f"{name}: {error.message}"[:_LONGEST_ERROR] if isinstance(error, PaydeskError) else name


def _known_refunds(state: PaymentState) -> int:
    """Minor units of refunds that Stripe has confirmed to us and not taken back."""
    return sum(r.amount for r in state.refunds.values() if r.stripe_refund_id and not r.status.returned)


def _storable(event: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of the event. Raises ValidationFailed where MongoDB could not keep it."""
    try:
        kept = strip_event(event)
        json.dumps(kept, ensure_ascii=False).encode()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValidationFailed("The body is signed but holds what no event of Stripe's does.") from error
    if not _fits(kept):
        raise ValidationFailed("The body is signed but holds numbers that no event of Stripe's does.")
    return kept


def _fits(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(map(_fits, value.values()))
    if isinstance(value, list):
        return all(map(_fits, value))
    return not isinstance(value, int) or abs(value) <= _LARGEST_INTEGER


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _row(event: dict[str, Any]) -> dict[str, Any]:
    target = event["data"]["object"]
    intent = target.get("id") if target.get("object") == "payment_intent" else target.get("payment_intent")
    return {
        "type": event["type"],
        "api_version": event["api_version"],
        "created": event["created"],
        "livemode": bool(event["livemode"]),
        "object_id": _text(target.get("id")),
        "payment_intent_id": _text(intent) or intent_of_charge(target.get("charge")),
        **({"account": event["account"]} if event.get("account") else {}),
        "payload": event,
    }
