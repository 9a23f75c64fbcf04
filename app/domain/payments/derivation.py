"""The payment that the evidence shows.

Derivation is a pure function, so equal evidence always gives an equal payment (DESIGN section 2: status, refund_status;
section 5: the 3-D Secure split).
"""

from __future__ import annotations

from datetime import datetime

from app.domain.payments.attempts import NOT_AUTHENTICATED, attempts_of
from app.domain.payments.closings import hold_expires
from app.domain.payments.disputes import disputes_of, left_to_refund
from app.domain.payments.evidence import ChargeEvidence, PaymentState
from app.domain.payments.facts import Failure
from app.domain.payments.fraud_signals import fraud_warnings_of, reviews_of, risk_of
from app.domain.payments.payment import Attempt, Payment
from app.domain.payments.refunds import refund_status, refunds_of
from app.domain.payments.states import AttemptStatus, CaptureMethod, ChargeStatus, PaymentStatus
from app.domain.payments.taken import charge_that_took_money, charge_with_money, completed_at, differences, released

# Looked up once: Python 3.11 finds a member of an enum ten times slower than a global name.
_SUCCEEDED = ChargeStatus.SUCCEEDED


def derive(state: PaymentState, *, updated_at: datetime | None = None) -> Payment:
    """The payment that the evidence shows."""
    completed = state.succeeded_at is not None or any(_took_money(c) for c in state.charges.values())
    ended = completed or state.canceled_at is not None
    attempts = attempts_of(state, ended=ended)
    captured = _captured(state) if completed else 0
    amount, currency = _money(state)
    refunds, disputes = refunds_of(state, currency), disputes_of(state)
    # Amounts of different currencies are never subtracted.
    own = [r for r in refunds if r.currency == currency]
    refunded = sum(r.amount for r in own if r.status.counts_as_refunded) if captured else 0
    reserved = sum(r.amount for r in own if not r.status.returned)
    paid_by = next((a for a in reversed(attempts) if a.status == AttemptStatus.SUCCEEDED), None)
    decisive = paid_by or (attempts[-1] if attempts else None)
    authenticated = next((a for a in reversed(attempts) if a.three_d_secure.outcome), None)
    return Payment(
        id=state.payment_id,
        order_id=state.order_id,
        customer_id=state.customer_id,
        description=state.description,
        payment_intent_id=state.intent_id,
        livemode=state.livemode,
        amount=amount,
        currency=currency,
        differs=differences(state),
        status=_status(state, attempts, completed=completed),
        cancellation_reason=state.cancellation_reason,
        amount_captured=captured,
        refund_status=refund_status(refunds, captured, refunded),
        amount_refunded=refunded,
        amount_released=released(state),
        amount_refundable=left_to_refund(captured - reserved, disputes, currency),
        disputed=any(d.status.is_chargeback for d in disputes),
        failure=None if completed else _last_failure(state, attempts),
        three_d_secure=authenticated.three_d_secure if authenticated else NOT_AUTHENTICATED,
        card=decisive.card if decisive else None,
        payment_method=decisive.payment_method if decisive else None,
        attempts=attempts,
        refunds=refunds,
        disputes=disputes,
        created=state.intent_created if state.intent_created is not None else state.opened_at,
        risk=risk_of(state, decisive.charge_id) if decisive else None,
        fraud_warnings=fraud_warnings_of(state) if state.fraud_warnings else (),
        reviews=reviews_of(state) if state.reviews else (),
        completed=completed_at(state) if completed else None,
        updated_at=updated_at,
        capture_method=state.capture_method or CaptureMethod.AUTOMATIC,
        hold_expires=hold_expires(state),
    )


def doubts(state: PaymentState, payment: Payment) -> frozenset[str]:
    """Why the evidence alone may mislead, so that the intent should be fetched again; empty when it does not.

    ``charge_unknown``: the intent succeeded, but no fact has named its charge (card, time, 3-D Secure).
    ``captured_unknown``: a charge of a version before 2020-08-28 was captured and has refunds, one of which may be the
    part of a hold that was released.
    ``simultaneous``: a 3-D Secure request is open in the same second in which something else happened.
    """
    reasons = set()
    if state.succeeded_at is not None and charge_that_took_money(state) is None:
        reasons.add("charge_unknown")
    if any(_took_money(c) and not c.amount_captured and c.currency for c in state.charges.values()):
        reasons.add("captured_unknown")
    if not payment.status.is_final:
        for attempt in payment.attempts:
            if attempt.status == AttemptStatus.OPEN:
                others = {a.created for a in payment.attempts if a is not attempt}
                request = state.challenges[attempt.payment_method_id or ""]
                others |= {t for c in state.challenges.values() if c is not request and (t := c.failed_at)}
                requested = {attempt.created, request.last_requested_at}
                if requested & others or request.last_requested_at == request.failed_at:
                    reasons.add("simultaneous")
    return frozenset(reasons)


def _took_money(charge: ChargeEvidence) -> bool:
    return charge.status == _SUCCEEDED and charge.captured


def _captured(state: PaymentState) -> int:
    from_charges = max((c.amount_captured for c in state.charges.values() if _took_money(c)), default=0)
    return from_charges or state.amount_received


def _money(state: PaymentState) -> tuple[int, str]:
    """Amount and currency of the charge that took or holds the money, else of the intent as it was last seen."""
    charge = charge_with_money(state)
    return (charge.amount, charge.currency) if charge and charge.currency else (state.amount, state.currency)


def _status(state: PaymentState, attempts: tuple[Attempt, ...], *, completed: bool) -> PaymentStatus:
    if completed:
        return PaymentStatus.COMPLETED
    if state.canceled_at is not None:
        return PaymentStatus.CANCELED
    tried = [a for a in attempts if a.status != AttemptStatus.ABANDONED]
    if state.held_at is not None or any(a.status == AttemptStatus.AUTHORIZED for a in tried):
        return PaymentStatus.AUTHORIZED
    last = tried[-1].status if tried else AttemptStatus.ABANDONED
    since = max(state.idle_at or 0, max((a.created for a in tried), default=0))
    if last != AttemptStatus.OPEN and (state.processing_at or 0) > since:
        return PaymentStatus.PROCESSING
    return {
        AttemptStatus.OPEN: PaymentStatus.REQUIRES_ACTION,
        AttemptStatus.PROCESSING: PaymentStatus.PROCESSING,
        AttemptStatus.FAILED: PaymentStatus.FAILED,
    }.get(last, PaymentStatus.PENDING)


def _last_failure(state: PaymentState, attempts: tuple[Attempt, ...]) -> Failure | None:
    failed = [a.failure for a in attempts if a.status == AttemptStatus.FAILED and a.failure]
    if failed:
        return failed[-1]
    return Failure(state.refused_code) if state.refused_code else None
