"""Stripe's events: stored once, then applied; "received" is not "applied" (DESIGN section 4, rule 5).

Source: docs.stripe.com/webhooks (duplicates, any order, retries for three days on anything but a 2xx).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars, unbind_contextvars

from app import telemetry
from app.clock import now
from app.domain.payments.attempts import open_challenges
from app.domain.payments.derivation import doubts
from app.domain.payments.evidence import PaymentState
from app.domain.payments.facts import ChargeFact, Fact, IntentFact
from app.errors import NotFound, PaydeskError, StripeNotInitialized, ValidationFailed, WebhookSignatureInvalid
from app.gateway import webhooks
from app.gateway.client import StripeGateway, settling
from app.gateway.redaction import strip_event
from app.models.payments import repository
from app.models.payments.repository import StoredPayment
from app.models.webhooks.events import EventState, fail, finish, receive
from app.services.payments.updates import Source, learn, row_waiting_for, stored_payment_of

logger = structlog.get_logger(__name__)

_LONGEST_ERROR = 500


class WebhookInbox:
    """Receives deliveries and applies events."""

    def __init__(self, gateway: StripeGateway, secrets: Sequence[str], *, livemode: bool) -> None:
        self._gateway = gateway
        self._secrets = secrets
        self._livemode = livemode
        telemetry.expect_deliveries(webhooks.APPLIED_TYPES)

    def deliver(self, payload: bytes, signature: str | None) -> EventState:
        """Take one delivery: verify, store, apply. Returning means that Stripe need not send it again.

        Raises WebhookSignatureInvalid and ValidationFailed with nothing stored; any other error leaves the event
        stored and unapplied, for Stripe's next delivery or the worker.
        """
        if not self._secrets:
            raise StripeNotInitialized("STRIPE_WEBHOOK_SECRET is not set, so no delivery can be verified.")
        try:
            event = webhooks.verify(payload, signature, self._secrets)
        except WebhookSignatureInvalid:
            telemetry.webhook_delivered(telemetry.OTHER, "bad_signature")
            raise
        if bool(event.get("livemode")) != self._livemode:
            telemetry.webhook_delivered(telemetry.OTHER, "wrong_mode")
            mode = "live" if event.get("livemode") else "test"
            raise ValidationFailed(f"This is a {mode}-mode event, but STRIPE_SECRET_KEY is of the other mode.")
        kind = event["type"] if event["type"] in webhooks.APPLIED_TYPES else telemetry.OTHER
        outcome = "failed"
        try:
            is_duplicate, state = self._take(event)
            outcome = "duplicate" if is_duplicate else state.value
        finally:
            telemetry.webhook_delivered(kind, outcome)
        return state

    def _take(self, event: dict[str, Any]) -> tuple[bool, EventState]:
        """Store and apply a verified event; whether it was dealt with before, and what has become of it."""
        kept = strip_event(event)
        bind_contextvars(event_id=kept["id"], event_type=kept["type"])
        state = receive(kept["id"], _row(kept), now=now())
        if state in {EventState.APPLIED, EventState.IGNORED}:
            return True, state
        return False, self.apply(kept)

    def apply(self, event: dict[str, Any]) -> EventState:
        """Apply a stored event; applying it again changes nothing. What it raises is noted on the event."""
        # For the log: this event and, as soon as it is known, its payment, not those of the one before.
        unbind_contextvars("payment_id", "order_id")
        bind_contextvars(event_id=event["id"], event_type=event["type"])
        started = time.perf_counter()
        try:
            state = EventState.APPLIED if self._apply(event) else EventState.IGNORED
        except Exception as error:
            logger.warning("webhook_failed", error=type(error).__name__)
            fail(event["id"], _description(error))
            raise
        finally:
            telemetry.webhook_applied(time.perf_counter() - started)
        finish(event["id"], state)
        return state

    def _apply(self, event: dict[str, Any]) -> bool:
        """True when the event concerned a payment of ours."""
        facts = webhooks.facts_of(event)
        if not facts or not facts[0].intent_id:
            return False
        source = Source(channel="webhook", reference=event["id"])
        fact = facts[0]
        stored = repository.find_by_intent(str(fact.intent_id))
        if stored:
            stored = learn(stored, [fact], source)
        else:
            stored = self._unknown(fact, source)
            if stored is None:
                return False
        bind_contextvars(payment_id=stored.id, order_id=stored.state.order_id)
        self._resolve(stored, fact, event["type"], source)
        return True

    def _unknown(self, fact: Any, source: Source) -> StoredPayment | None:
        """The payment of an intent that no row names yet: a race with create-intent, an adoption, or not ours."""
        if isinstance(fact, IntentFact):
            if not fact.is_ours:
                return None
            waiting = row_waiting_for(fact)
            if waiting:
                return learn(waiting, [fact], source)
        # Nothing is adopted on the word of an event: our own key has to see the intent (DESIGN section 4, rule 2).
        try:
            intent = self._gateway.retrieve_intent(fact.intent_id).fact
        except NotFound:
            return None
        return stored_payment_of(intent, source, further=[fact])

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


def _row(event: dict[str, Any]) -> dict[str, Any]:
    target = event["data"]["object"]
    intent = target["id"] if target.get("object") == "payment_intent" else target.get("payment_intent")
    return {
        "type": event["type"],
        "api_version": event["api_version"],
        "created": event["created"],
        "livemode": bool(event["livemode"]),
        "object_id": target.get("id"),
        "payment_intent_id": intent,
        "payload": event,
    }
