"""The payment as a pure function of the facts known about it: ``apply(state, fact) -> state``.

``PaymentState`` is a join: every field keeps an extreme (the earliest, the latest, the furthest status) or fills a gap,
so merging is commutative, associative and idempotent. Any order and any duplication of the same facts gives one
identical state (DESIGN section 4, rule 2); what people see is derived from it in ``payment``.

Sources: docs.stripe.com/payments/paymentintents/lifecycle (an intent may fail many times, succeeded and canceled are
final), docs.stripe.com/api/refunds/object (a succeeded refund can fail later), docs.stripe.com/api/disputes/object.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from typing import Any, TypeVar

from app.domain.payments.evidence import (
    ChallengeEvidence,
    ChargeEvidence,
    DisputeEvidence,
    PaymentState,
    RefundEvidence,
)
from app.domain.payments.facts import (
    ChargeFact,
    DisputeFact,
    Fact,
    IntentFact,
    IntentRefused,
    RefundFact,
    RefundRefused,
    RefundRequested,
    RefundSettled,
    RefundUnanswered,
)
from app.domain.payments.states import ChargeStatus, IntentStatus, RefundState

T = TypeVar("T")
_rank = attrgetter("rank")


class ContradictoryFact(Exception):
    """The fact belongs to another payment intent than the one of this payment."""


def adopt(fact: IntentFact, payment_id: str) -> PaymentState:
    """A payment for an intent that is ours (its metadata says so) but that we hold no row of."""
    state = PaymentState(
        payment_id=payment_id,
        order_id=fact.order_id or "",
        customer_id=fact.customer_id or "",
        amount=fact.amount,
        currency=fact.currency,
        opened_at=fact.created,
        description=fact.description,
    )
    return apply(state, fact)


def apply(state: PaymentState, fact: Fact) -> PaymentState:
    """Merge one fact; the same object comes back when the fact says nothing new.

    Raises ContradictoryFact when the fact is about another payment intent.
    """
    intent_id = getattr(fact, "intent_id", None)
    if intent_id and state.intent_id and intent_id != state.intent_id:
        raise ContradictoryFact(f"{intent_id} is not the intent of payment {state.payment_id}")
    merged = _without_the_superseded(_MERGE[type(fact)](state, fact))
    return state if merged == state else merged


def _without_the_superseded(state: PaymentState) -> PaymentState:
    """Once the charge that took the money is known, nothing else can say whether, when and how much.

    Leaving that out keeps the join what it is, and makes the second of two events on one success change nothing.
    """
    paid = [c.amount for c in state.charges.values() if c.status == ChargeStatus.SUCCEEDED and c.captured and c.created]
    if not paid:
        return state
    return replace(state, amount=max(paid), amount_as_of=0, succeeded_at=None, amount_received=0, idle_at=None)


def _intent(state: PaymentState, fact: IntentFact) -> PaymentState:
    # Only an update at Stripe changes an intent's amount; the newest snapshot has it.
    newer = (fact.as_of, fact.amount) > (state.amount_as_of, state.amount)
    state = replace(
        state,
        intent_id=fact.intent_id,
        intent_created=fact.created,
        livemode=fact.livemode,
        amount=fact.amount if newer else state.amount,
        amount_as_of=max(state.amount_as_of, fact.as_of),
        amount_received=max(state.amount_received, fact.amount_received),
    )
    if fact.status == IntentStatus.SUCCEEDED:
        state = replace(state, succeeded_at=_earliest(state.succeeded_at, fact.as_of))
    elif fact.status == IntentStatus.CANCELED:
        state = replace(
            state,
            canceled_at=_earliest(state.canceled_at, fact.canceled_at or fact.as_of),
            cancellation_reason=_fill(state.cancellation_reason, fact.cancellation_reason),
        )
    elif fact.status == IntentStatus.REQUIRES_ACTION and fact.payment_method_id:
        request = ChallengeEvidence(
            requested_at=fact.as_of, last_requested_at=fact.as_of, after_charge_id=fact.latest_charge_id
        )
        state = _challenge(state, fact.payment_method_id, request)
    elif fact.status.is_idle:
        state = replace(state, idle_at=_latest(state.idle_at, fact.as_of))
    elif fact.status == IntentStatus.PROCESSING and fact.latest_charge_id:
        state = _charge_evidence(
            state,
            fact.latest_charge_id,
            ChargeEvidence(
                status=ChargeStatus.PENDING, first_seen=fact.as_of, payment_method_id=fact.payment_method_id
            ),
        )
    if fact.last_error:
        error = fact.last_error
        if error.charge_id:
            failed = ChargeEvidence(
                status=ChargeStatus.FAILED,
                first_seen=fact.as_of,
                failure=error.failure,
                payment_method_id=error.payment_method_id,
                card=error.card,
            )
            state = _charge_evidence(state, error.charge_id, failed)
        elif error.payment_method_id:
            unauthenticated = ChallengeEvidence(failed_at=fact.as_of, failure=error.failure)
            state = _challenge(state, error.payment_method_id, unauthenticated)
    for payment_method_id in fact.settled:
        state = _challenge(state, payment_method_id, ChallengeEvidence(settled=True))
    return _charge(state, fact.charge) if fact.charge else state


def _charge(state: PaymentState, fact: ChargeFact) -> PaymentState:
    evidence = ChargeEvidence(
        status=fact.status,
        first_seen=fact.created,
        created=fact.created,
        amount=fact.amount,
        amount_captured=fact.amount_captured if fact.captured else 0,
        captured=fact.captured,
        payment_method_id=fact.payment_method_id,
        failure=fact.failure,
        card=fact.card,
        three_d_secure=fact.three_d_secure,
    )
    return _charge_evidence(replace(state, intent_id=fact.intent_id or state.intent_id), fact.charge_id, evidence)


def _charge_evidence(state: PaymentState, charge_id: str, new: ChargeEvidence) -> PaymentState:
    old = state.charges.get(charge_id)
    if old:
        new = ChargeEvidence(
            status=max(old.status, new.status, key=_rank),
            first_seen=min(old.first_seen, new.first_seen),
            created=_earliest(old.created, new.created),
            amount=max(old.amount, new.amount),
            amount_captured=max(old.amount_captured, new.amount_captured),
            captured=old.captured or new.captured,
            payment_method_id=_fill(old.payment_method_id, new.payment_method_id),
            failure=_fill(old.failure, new.failure),
            card=_fill(old.card, new.card),
            three_d_secure=_fill(old.three_d_secure, new.three_d_secure),
        )
    return replace(state, charges={**state.charges, charge_id: new})


def _challenge(state: PaymentState, payment_method_id: str, new: ChallengeEvidence) -> PaymentState:
    old = state.challenges.get(payment_method_id)
    if old:
        first = min((e for e in (old, new) if e.requested_at is not None), key=_first_request, default=old)
        new = ChallengeEvidence(
            requested_at=first.requested_at,
            last_requested_at=_latest(old.last_requested_at, new.last_requested_at),
            after_charge_id=first.after_charge_id,
            failed_at=_latest(old.failed_at, new.failed_at),
            failure=_fill(old.failure, new.failure),
            settled=old.settled or new.settled,
        )
    return replace(state, challenges={**state.challenges, payment_method_id: new})


def _refund(state: PaymentState, fact: RefundFact) -> PaymentState:
    evidence = RefundEvidence(
        amount=fact.amount,
        status=fact.status,
        stripe_refund_id=fact.stripe_refund_id,
        created=fact.created,
        reason=fact.reason,
        failure_reason=fact.failure_reason,
        notes=fact.notes,
        requested_by=fact.requested_by,
    )
    refund_id = _refund_key(state, fact)
    return _refund_evidence(replace(state, intent_id=fact.intent_id or state.intent_id), refund_id, evidence)


def _refund_key(state: PaymentState, fact: RefundFact) -> str:
    """Our id where the refund's metadata carries it and no other refund at Stripe has taken it."""
    ours = state.refunds.get(fact.refund_id or "")
    if fact.refund_id and (ours is None or ours.stripe_refund_id in {None, fact.stripe_refund_id}):
        return fact.refund_id
    return fact.stripe_refund_id


def _refund_requested(state: PaymentState, fact: RefundRequested) -> PaymentState:
    evidence = RefundEvidence(
        amount=fact.amount,
        status=RefundState.PENDING,
        requested_at=fact.requested_at,
        reason=fact.reason,
        notes=fact.notes,
        requested_by=fact.requested_by,
    )
    return _refund_evidence(state, fact.refund_id, evidence)


def _refund_unanswered(state: PaymentState, fact: RefundUnanswered) -> PaymentState:
    waiting = replace(state.refunds[fact.refund_id], unanswered=True)
    return replace(state, refunds={**state.refunds, fact.refund_id: waiting})


def _refund_refused(state: PaymentState, fact: RefundRefused) -> PaymentState:
    old = state.refunds[fact.refund_id]
    if old.stripe_refund_id:
        return state
    refused = replace(old, status=RefundState.FAILED, failure_reason=fact.failure_reason)
    return replace(state, refunds={**state.refunds, fact.refund_id: refused})


def _refund_settled(state: PaymentState, fact: RefundSettled) -> PaymentState:
    old = state.refunds[fact.refund_id]
    settled = replace(old, settled_by=_fill(old.settled_by, fact.settled_by))
    return replace(state, refunds={**state.refunds, fact.refund_id: settled})


def _refund_evidence(state: PaymentState, refund_id: str, new: RefundEvidence) -> PaymentState:
    old = state.refunds.get(refund_id)
    if old:
        # What Stripe says of a refund outweighs what we assumed before it had one.
        decisive = [e for e in (old, new) if e.stripe_refund_id] or [old, new]
        new = RefundEvidence(
            amount=decisive[-1].amount,
            status=max((e.status for e in decisive), key=_rank),
            stripe_refund_id=_fill(old.stripe_refund_id, new.stripe_refund_id),
            requested_at=_latest(old.requested_at, new.requested_at),
            created=_earliest(old.created, new.created),
            reason=_fill(old.reason, new.reason),
            failure_reason=_fill(old.failure_reason, new.failure_reason),
            notes=_fill(old.notes, new.notes),
            requested_by=_fill(old.requested_by, new.requested_by),
            unanswered=old.unanswered or new.unanswered,
            settled_by=_fill(old.settled_by, new.settled_by),
        )
    return replace(state, refunds={**state.refunds, refund_id: new})


def _dispute(state: PaymentState, fact: DisputeFact) -> PaymentState:
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


def _dispute_order(evidence: DisputeEvidence) -> tuple[int, int, int, str]:
    """The furthest status wins; the rest only makes the choice between equals the same in every order."""
    return (evidence.status.rank, evidence.evidence_due_by or 0, evidence.amount, evidence.reason)


def _intent_refused(state: PaymentState, fact: IntentRefused) -> PaymentState:
    if state.intent_id:
        return state
    return replace(state, refused_code=fact.code, canceled_at=_earliest(state.canceled_at, fact.refused_at))


def _first_request(evidence: ChallengeEvidence) -> tuple[int, str]:
    return (evidence.requested_at or 0, evidence.after_charge_id or "")


def _earliest(old: int | None, new: int | None) -> int | None:
    return min((time for time in (old, new) if time is not None), default=None)


def _latest(old: int | None, new: int | None) -> int | None:
    return max((time for time in (old, new) if time is not None), default=None)


def _fill(old: T | None, new: T | None) -> T | None:
    """The one that is known; of two different ones the smaller text, so that order does not matter."""
    if old is None or new is None:
        return new if old is None else old
    return min(old, new, key=repr) if old != new else old


_MERGE: dict[type, Callable[[PaymentState, Any], PaymentState]] = {
    IntentFact: _intent,
    ChargeFact: _charge,
    RefundFact: _refund,
    DisputeFact: _dispute,
    IntentRefused: _intent_refused,
    RefundRequested: _refund_requested,
    RefundUnanswered: _refund_unanswered,
    RefundRefused: _refund_refused,
    RefundSettled: _refund_settled,
}
