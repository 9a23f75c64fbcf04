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
from typing import Any

from app.domain.payments.attempts import merge_challenge, merge_charge, merge_error, merge_progress
from app.domain.payments.closings import closing_refused, closing_requested, closing_unanswered, key_spent
from app.domain.payments.disputes import merge_dispute
from app.domain.payments.evidence import ChallengeEvidence, ChargeEvidence, PaymentState
from app.domain.payments.facts import (
    ChargeFact,
    ClosingRefused,
    ClosingRequested,
    ClosingUnanswered,
    DisputeFact,
    Fact,
    FraudWarningFact,
    IntentFact,
    IntentRefused,
    KeySpent,
    RefundFact,
    RefundRefused,
    RefundRequested,
    RefundSettled,
    RefundUnanswered,
    ReviewFact,
)
from app.domain.payments.fraud_signals import merge_fraud_warning, merge_review
from app.domain.payments.joins import earliest, fill, latest
from app.domain.payments.refunds import (
    merge_refund,
    refund_refused,
    refund_requested,
    refund_settled,
    refund_unanswered,
)
from app.domain.payments.states import CaptureMethod, ChargeStatus, IntentStatus
from app.domain.payments.taken import charge_that_took_money, first_taken

_UNDER_WAY = frozenset({IntentStatus.PROCESSING, IntentStatus.REQUIRES_CAPTURE})


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
    charge_id = charge_that_took_money(state)
    if charge_id is None:
        return state
    charge = state.charges[charge_id]
    timed = replace(charge, taken_at=first_taken(charge, state.succeeded_at))
    return replace(
        state,
        amount=charge.amount,
        currency=charge.currency or state.currency,
        amount_as_of=0,
        succeeded_at=None,
        amount_received=0,
        idle_at=None,
        held_at=None,
        processing_at=None,
        charges=state.charges if timed == charge else {**state.charges, charge_id: timed},
    )


def _intent(state: PaymentState, fact: IntentFact) -> PaymentState:
    # Only an update at Stripe changes an intent's amount or currency; the newest snapshot has both.
    newer = (fact.as_of, fact.amount, fact.currency) > (state.amount_as_of, state.amount, state.currency)
    state = replace(
        state,
        intent_id=fact.intent_id,
        intent_created=fact.created,
        livemode=fact.livemode,
        amount=fact.amount if newer else state.amount,
        currency=fact.currency if newer else state.currency,
        amount_as_of=max(state.amount_as_of, fact.as_of),
        amount_received=max(state.amount_received, fact.amount_received),
        capture_method=state.capture_method or _manual(fact.capture_method),
    )
    if fact.status == IntentStatus.SUCCEEDED:
        state = replace(state, succeeded_at=earliest(state.succeeded_at, fact.as_of))
    elif fact.status == IntentStatus.CANCELED:
        state = replace(
            state,
            canceled_at=earliest(state.canceled_at, fact.canceled_at or fact.as_of),
            cancellation_reason=fill(state.cancellation_reason, fact.cancellation_reason),
        )
    elif fact.status == IntentStatus.REQUIRES_ACTION and fact.payment_method_id:
        request = ChallengeEvidence(
            requested_at=fact.as_of,
            last_requested_at=fact.as_of,
            after_charge_id=fact.latest_charge_id,
            action=fact.action,
            method=fact.method,
        )
        state = merge_challenge(state, fact.payment_method_id, request)
    elif fact.status.is_idle:
        state = replace(state, idle_at=latest(state.idle_at, fact.as_of))
    elif fact.status in _UNDER_WAY:
        state = merge_progress(state, fact)
    if fact.last_error:
        state = merge_error(state, fact.last_error, fact.as_of)
    for payment_method_id in fact.settled:
        state = merge_challenge(state, payment_method_id, ChallengeEvidence(settled=True))
    return _charge(state, fact.charge) if fact.charge else state


def _charge(state: PaymentState, fact: ChargeFact) -> PaymentState:
    authorized = fact.status == ChargeStatus.SUCCEEDED
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
        risk=fact.risk,
        capture_before=fact.capture_before,
        method=fact.method,
        currency=fact.currency,
        taken_at=fact.as_of if authorized and fact.captured else None,
        booked_at=fact.booked_at,
        held=authorized and not fact.captured,
        delayed=fact.is_delayed,
    )
    return merge_charge(replace(state, intent_id=fact.intent_id or state.intent_id), fact.charge_id, evidence)


def _manual(word: str) -> CaptureMethod | None:
    """What the state keeps of Stripe's capture method: nothing for the usual one."""
    method = CaptureMethod.of_intent(word)
    return method if method.is_manual else None


def _intent_refused(state: PaymentState, fact: IntentRefused) -> PaymentState:
    if state.intent_id:
        return state
    return replace(state, refused_code=fact.code, canceled_at=earliest(state.canceled_at, fact.refused_at))


_MERGE: dict[type, Callable[[PaymentState, Any], PaymentState]] = {
    IntentFact: _intent,
    ChargeFact: _charge,
    RefundFact: merge_refund,
    DisputeFact: merge_dispute,
    FraudWarningFact: merge_fraud_warning,
    ReviewFact: merge_review,
    IntentRefused: _intent_refused,
    RefundRequested: refund_requested,
    RefundUnanswered: refund_unanswered,
    RefundRefused: refund_refused,
    RefundSettled: refund_settled,
    ClosingRequested: closing_requested,
    ClosingUnanswered: closing_unanswered,
    ClosingRefused: closing_refused,
    KeySpent: key_spent,
}
