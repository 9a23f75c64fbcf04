"""The disputes of a payment: what is known of each, merged and derived.

Sources: docs.stripe.com/api/disputes/object, docs.stripe.com/disputes/how-disputes-work (the disputed amount can differ
from the charge's, also in its currency).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from app.domain.payments.evidence import DisputeEvidence, PaymentState
from app.domain.payments.facts import Booking, DisputeFact
from app.domain.payments.joins import fill
from app.domain.payments.payment import Dispute


def merge_dispute(state: PaymentState, fact: DisputeFact) -> PaymentState:
    """What Stripe says of one dispute: the furthest status wins, and what was ever booked for it stays known."""
    new = DisputeEvidence(
        charge_id=fact.charge_id,
        amount=fact.amount,
        currency=fact.currency,
        status=fact.status,
        reason=fact.reason,
        created=fact.created,
        evidence_due_by=fact.evidence_due_by,
        is_charge_refundable=fact.is_charge_refundable,
        bookings=fact.bookings,
        # Before the end there may be no booking yet; only a lost dispute without one has taken nothing.
        lost_nothing=True if fact.bookings == {} and fact.status.takes_money else None,
    )
    old = state.disputes.get(fact.dispute_id)
    if old:
        furthest = max(old, new, key=_dispute_order)
        new = replace(
            furthest,
            bookings=_all_bookings(old.bookings, new.bookings),
            lost_nothing=fill(old.lost_nothing, new.lost_nothing),
        )
        if new == old:
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
            is_charge_refundable=dispute.is_charge_refundable,
            withdrawn=_withdrawn(dispute),
        )
        for dispute_id, dispute in state.disputes.items()
    ]
    return tuple(sorted(disputes, key=lambda dispute: (dispute.created, dispute.id)))


def left_to_refund(left: int, disputes: tuple[Dispute, ...], currency: str) -> int:
    """What of ``left`` (minor units of ``currency``) disputes leave refundable.

    Amounts of two currencies are never subtracted: a lost dispute in another one leaves nothing, unless its bookings
    say in the payment's own currency what was taken.
    """
    for dispute in disputes:
        lost = dispute.lost_in(currency)
        if lost is None or dispute.forbids_refunds:
            return 0
        left -= lost
    return max(0, left)


def _withdrawn(dispute: DisputeEvidence) -> Mapping[str, int] | None:
    """What Stripe took for the dispute and did not give back, in minor units by settlement currency, without fees."""
    if dispute.bookings:
        sums: Counter[str] = Counter()
        for booking in dispute.bookings.values():
            sums[booking["currency"]] -= booking["amount"]
        return dict(sorted(sums.items()))
    return {} if dispute.lost_nothing else None


def _all_bookings(old: Mapping[str, Booking] | None, new: Mapping[str, Booking] | None) -> Mapping[str, Booking] | None:
    """The bookings of both snapshots; a booking never changes, so of two under one id either is right."""
    if old is None or new is None:
        return new if old is None else old
    return {id_: fill(old.get(id_), new.get(id_)) for id_ in sorted({*old, *new})}  # type: ignore[misc]


def _dispute_order(evidence: DisputeEvidence) -> tuple[int, int, int, str, str, int]:
    """The furthest status wins; the rest only makes the choice between equals the same in every order."""
    # Of two answers in one state the one that refuses is the safe one.
    refundable = {None: 0, True: 1, False: 2}[evidence.is_charge_refundable]
    return (
        evidence.status.rank,
        evidence.evidence_due_by or 0,
        evidence.amount,
        evidence.currency,
        evidence.reason,
        refundable,
    )
