"""The disputes of a payment: what is known of each, merged and derived."""

from __future__ import annotations

from dataclasses import replace

from app.domain.payments.evidence import DisputeEvidence, PaymentState
from app.domain.payments.facts import DisputeFact
from app.domain.payments.payment import Dispute


def merge_dispute(state: PaymentState, fact: DisputeFact) -> PaymentState:
    """What Stripe says of one dispute; the furthest status wins."""
    new = DisputeEvidence(
        charge_id=fact.charge_id,
        amount=fact.amount,
        currency=fact.currency,
        status=fact.status,
        reason=fact.reason,
        created=fact.created,
        evidence_due_by=fact.evidence_due_by,
    )
    old = state.disputes.get(fact.dispute_id)
    if old and _dispute_order(old) >= _dispute_order(new):
        return state
    return replace(
        state, intent_id=fact.intent_id or state.intent_id, disputes={**state.disputes, fact.dispute_id: new}
    )


def disputes_of(state: PaymentState) -> tuple[Dispute, ...]:
    """In the order in which they were opened."""
    if not state.disputes:
        return ()
    disputes = [
        Dispute(
            id=dispute_id,
            charge_id=dispute.charge_id,
            amount=dispute.amount,
            currency=dispute.currency,
            status=dispute.status,
            reason=dispute.reason,
            evidence_due=dispute.evidence_due_by,
            created=dispute.created,
        )
        for dispute_id, dispute in state.disputes.items()
    ]
    return tuple(sorted(disputes, key=lambda dispute: (dispute.created, dispute.id)))


def _dispute_order(evidence: DisputeEvidence) -> tuple[int, int, int, str]:
    """The furthest status wins; the rest only makes the choice between equals the same in every order."""
    return (evidence.status.rank, evidence.evidence_due_by or 0, evidence.amount, evidence.reason)
