"""The refunds of a payment: what is known of each, merged and derived."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter

from app.domain.payments.evidence import PaymentState, RefundEvidence
from app.domain.payments.facts import RefundFact, RefundRefused, RefundRequested, RefundSettled, RefundUnanswered
from app.domain.payments.joins import earliest, fill, latest
from app.domain.payments.payment import Refund
from app.domain.payments.states import RefundState, RefundStatus


def merge_refund(state: PaymentState, fact: RefundFact) -> PaymentState:
    """What Stripe says of one refund."""
    evidence = RefundEvidence(
        amount=fact.amount,
        status=fact.status,
        stripe_refund_id=fact.stripe_refund_id,
        created=fact.created,
        reason=fact.reason,
        failure_reason=fact.failure_reason,
        notes=fact.notes,
        requested_by=fact.requested_by,
        stripe_reason=fact.stripe_reason,
    )
    refund_id = _refund_key(state, fact)
    return _merge(replace(state, intent_id=fact.intent_id or state.intent_id), refund_id, evidence)


def refund_requested(state: PaymentState, fact: RefundRequested) -> PaymentState:
    """A refund is reserved before Stripe is asked."""
    evidence = RefundEvidence(
        amount=fact.amount,
        status=RefundState.PENDING,
        requested_at=fact.requested_at,
        reason=fact.reason,
        notes=fact.notes,
        requested_by=fact.requested_by,
        stripe_reason=fact.stripe_reason,
    )
    return _merge(state, fact.refund_id, evidence)


def refund_unanswered(state: PaymentState, fact: RefundUnanswered) -> PaymentState:
    """The call for a refund ended without an answer."""
    waiting = replace(state.refunds[fact.refund_id], unanswered=True)
    return replace(state, refunds={**state.refunds, fact.refund_id: waiting})


def refund_refused(state: PaymentState, fact: RefundRefused) -> PaymentState:
    """Stripe refused a refund that it never named."""
    old = state.refunds[fact.refund_id]
    if old.stripe_refund_id:
        return state
    refused = replace(old, status=RefundState.FAILED, failure_reason=fact.failure_reason)
    return replace(state, refunds={**state.refunds, fact.refund_id: refused})


def refund_settled(state: PaymentState, fact: RefundSettled) -> PaymentState:
    """A person refunded a failed refund outside Stripe."""
    old = state.refunds[fact.refund_id]
    settled = replace(old, settled_by=fill(old.settled_by, fact.settled_by))
    return replace(state, refunds={**state.refunds, fact.refund_id: settled})


def refunds_of(state: PaymentState) -> tuple[Refund, ...]:
    """In the order in which they were made."""
    if not state.refunds:
        return ()
    refunds = [
        Refund(
            id=refund_id,
            payment_id=state.payment_id,
            stripe_refund_id=refund.stripe_refund_id,
            amount=refund.amount,
            currency=state.currency,
            status=refund.status,
            reason=refund.reason,
            failure_reason=refund.failure_reason,
            notes=refund.notes,
            requested_by=refund.requested_by,
            created=refund.created if refund.created is not None else refund.requested_at or 0,
            settled_by=refund.settled_by,
            stripe_reason=refund.stripe_reason,
        )
        for refund_id, refund in state.refunds.items()
    ]
    return tuple(sorted(refunds, key=lambda refund: (refund.created, refund.id)))


def refund_status(refunds: tuple[Refund, ...], captured: int, refunded: int) -> RefundStatus:
    if captured and refunded >= captured:
        return RefundStatus.FULL
    if refunded:
        return RefundStatus.PARTIAL
    if captured and any(r.status.is_open for r in refunds):
        return RefundStatus.PENDING
    return RefundStatus.NONE


def _refund_key(state: PaymentState, fact: RefundFact) -> str:
    """Our id where the refund's metadata carries it and no other refund at Stripe has taken it."""
    ours = state.refunds.get(fact.refund_id or "")
    if fact.refund_id and (ours is None or ours.stripe_refund_id in {None, fact.stripe_refund_id}):
        return fact.refund_id
    return fact.stripe_refund_id


def _merge(state: PaymentState, refund_id: str, new: RefundEvidence) -> PaymentState:
    old = state.refunds.get(refund_id)
    if old:
        # What Stripe says of a refund outweighs what we assumed before it had one.
        decisive = [e for e in (old, new) if e.stripe_refund_id] or [old, new]
        new = RefundEvidence(
            amount=decisive[-1].amount,
            status=max((e.status for e in decisive), key=attrgetter("rank")),
            stripe_refund_id=fill(old.stripe_refund_id, new.stripe_refund_id),
            requested_at=latest(old.requested_at, new.requested_at),
            created=earliest(old.created, new.created),
            reason=fill(old.reason, new.reason),
            failure_reason=fill(old.failure_reason, new.failure_reason),
            notes=fill(old.notes, new.notes),
            requested_by=fill(old.requested_by, new.requested_by),
            unanswered=old.unanswered or new.unanswered,
            settled_by=fill(old.settled_by, new.settled_by),
            stripe_reason=fill(old.stripe_reason, new.stripe_reason),
            key_number=latest(old.key_number, new.key_number),
        )
    return replace(state, refunds={**state.refunds, refund_id: new})
