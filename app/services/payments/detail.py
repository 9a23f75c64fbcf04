"""Everything about one payment, as its page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.payments.closings import undecided
from app.domain.payments.evidence import ClosingEvidence
from app.domain.payments.payment import Payment
from app.errors import NotFound
from app.models.payments import repository
from app.models.payments.mapping import Document, payment_of, state_of
from app.models.webhooks import events as webhook_events
from app.models.webhooks.events import WebhookEvent
from app.services.audit import Finding, check_payment

_MOST_EVENTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDetail:
    """A payment, what is wrong with its history or values, and the newest events about its intent.

    ``closing`` is a capture or cancellation whose outcome is unknown.
    """

    payment: Payment
    findings: list[Finding]
    closing: ClosingEvidence | None
    events: list[WebhookEvent]
    has_more_events: bool


def payment_detail(payment_id: str) -> PaymentDetail:
    """One payment in full. Raises NotFound, also for what is no id."""
    document = repository.whole(payment_id)
    if document is None:
        raise NotFound
    intent_id = document.get("payment_intent_id")
    events = webhook_events.of_intent(intent_id, _MOST_EVENTS + 1) if intent_id else []
    return PaymentDetail(
        payment=payment_of(document),
        findings=check_payment(document),
        closing=_closing(document),
        events=events[:_MOST_EVENTS],
        has_more_events=len(events) > _MOST_EVENTS,
    )


def _closing(document: Document) -> ClosingEvidence | None:
    if "closing_since" not in document:
        return None
    waiting = undecided(state_of(document))
    return waiting[1] if waiting else None
