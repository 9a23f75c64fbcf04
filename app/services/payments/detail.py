"""Everything about one payment, as its page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.payments.payment import view
from app.errors import NotFound
from app.ids import is_id
from app.models.pagination import Row
from app.models.payments import repository
from app.models.payments.mapping import Document, state_of
from app.models.webhooks import events as webhook_events
from app.services.audit import Finding, check_payment

_MOST_EVENTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDetail:
    """The stored payment, what is wrong with its history or values, and the newest events about its intent.

    ``dispute_open`` is true while a dispute forbids refunds.
    """

    document: Document
    findings: list[Finding]
    dispute_open: bool
    events: list[Row]
    has_more_events: bool


def payment_detail(payment_id: str) -> PaymentDetail:
    """One payment in full. Raises NotFound, also for what is no id."""
    document = repository.whole(payment_id) if is_id(payment_id) else None
    if document is None:
        raise NotFound
    intent_id = document.get("payment_intent_id")
    events = webhook_events.of_intent(intent_id, _MOST_EVENTS + 1) if intent_id else []
    return PaymentDetail(
        document=document,
        findings=check_payment(document),
        dispute_open=_dispute_open(document),
        events=events[:_MOST_EVENTS],
        has_more_events=len(events) > _MOST_EVENTS,
    )


def _dispute_open(document: Document) -> bool:
    try:
        return view(state_of(document)).dispute_open
    except (KeyError, TypeError, ValueError, AttributeError):
        return True  # what cannot be read (the findings say so) must not be refunded either
