"""How an open payment ends: the capture of a hold, or a cancellation.

A hold is a charge that succeeded and is not captured. Sources: docs.stripe.com/api/payment_intents/capture and /cancel,
docs.stripe.com/payments/place-a-hold-on-a-payment-method.
"""

from __future__ import annotations

from dataclasses import replace

from app.domain.payments.evidence import ChargeEvidence, ClosingEvidence, PaymentState
from app.domain.payments.facts import ClosingRefused, ClosingRequested, ClosingUnanswered, KeySpent
from app.domain.payments.joins import fill, latest
from app.domain.payments.states import CaptureMethod, ChargeStatus

# How long Stripe keeps a hold whose charge does not say how long.
_USUAL_HOLD_SECONDS = 7 * 86_400


def closing_requested(state: PaymentState, fact: ClosingRequested) -> PaymentState:
    """A capture or cancellation is noted before Stripe is asked."""
    old = state.closings.get(fact.closing_id)
    new = ClosingEvidence(
        kind=fact.kind,
        amount=fact.amount,
        requested_by=fact.requested_by,
        requested_at=fact.requested_at,
        asked_at=fact.requested_at,
    )
    if old:
        new = replace(
            old, requested_at=min(old.requested_at, new.requested_at), asked_at=max(old.asked_at, new.asked_at)
        )
    return _with(state, fact.closing_id, new)


def closing_unanswered(state: PaymentState, fact: ClosingUnanswered) -> PaymentState:
    """The call for it ended without an answer."""
    old = state.closings[fact.closing_id]
    return _with(state, fact.closing_id, replace(old, unanswered_at=latest(old.unanswered_at, fact.unanswered_at)))


def closing_refused(state: PaymentState, fact: ClosingRefused) -> PaymentState:
    """It will not be made."""
    old = state.closings[fact.closing_id]
    return _with(state, fact.closing_id, replace(old, refused=fill(old.refused, fact.reason)))


def key_spent(state: PaymentState, fact: KeySpent) -> PaymentState:
    """The next call for the intent, a refund or a closing takes another idempotency key."""
    if fact.subject is None:
        return replace(state, key_number=latest(state.key_number, fact.number))
    if fact.subject in state.closings:
        old = state.closings[fact.subject]
        return _with(state, fact.subject, replace(old, key_number=latest(old.key_number, fact.number)))
    refund = state.refunds[fact.subject]
    moved = replace(refund, key_number=latest(refund.key_number, fact.number))
    return replace(state, refunds={**state.refunds, fact.subject: moved})


def undecided(state: PaymentState) -> tuple[str, ClosingEvidence] | None:
    """The latest closing that was requested and not refused. Of a payment that has ended it says nothing."""
    waiting = [(closing.asked_at, id_) for id_, closing in state.closings.items() if closing.refused is None]
    if not waiting:
        return None
    closing_id = max(waiting)[1]
    return closing_id, state.closings[closing_id]


def hold_of(state: PaymentState) -> ChargeEvidence | None:
    """The charge that is held and not captured; None where the payment has no hold, or had one that was captured."""
    return next((c for c in state.charges.values() if c.status == ChargeStatus.SUCCEEDED and not c.captured), None)


def hold_expires(state: PaymentState) -> int | None:
    """When Stripe gives the hold of a payment back unless it is captured; None where there never was a hold."""
    if state.capture_method != CaptureMethod.MANUAL:
        return None
    held = [c for c in state.charges.values() if c.status == ChargeStatus.SUCCEEDED and c.created is not None]
    return min((c.capture_before or (c.created or 0) + _USUAL_HOLD_SECONDS for c in held), default=None)


def _with(state: PaymentState, closing_id: str, closing: ClosingEvidence) -> PaymentState:
    return replace(state, closings={**state.closings, closing_id: closing})
