"""The payment that the evidence shows.

Derivation is a pure function, so equal evidence always gives an equal payment (DESIGN section 2: status, refund_status;
section 5: the 3-D Secure split).
"""

from __future__ import annotations

from datetime import datetime

from app.domain.payments.evidence import ChallengeEvidence, ChargeEvidence, PaymentState
from app.domain.payments.facts import Failure, ThreeDSecure
from app.domain.payments.payment import Attempt, Authentication, Dispute, Payment, Refund
from app.domain.payments.states import AttemptStatus, AuthenticationOutcome, ChargeStatus, PaymentStatus, RefundStatus

NOT_AUTHENTICATED = Authentication()
# Looked up once: Python 3.11 finds a member of an enum ten times slower than a global name.
_SUCCEEDED = ChargeStatus.SUCCEEDED


def derive(state: PaymentState, *, updated_at: datetime | None = None) -> Payment:
    """The payment that the evidence shows."""
    completed = state.succeeded_at is not None or any(_took_money(c) for c in state.charges.values())
    ended = completed or state.canceled_at is not None
    attempts = _attempts(state, ended=ended)
    captured = _captured(state) if completed else 0
    refunds, disputes = _refunds(state), _disputes(state)
    refunded = sum(r.amount for r in refunds if r.status.counts_as_refunded) if captured and refunds else 0
    reserved = sum(r.amount for r in refunds if not r.status.returned) if refunds else 0
    lost = sum(d.amount for d in disputes if d.status.takes_money) if disputes else 0
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
        amount=state.amount,
        currency=state.currency,
        status=_status(state, attempts, completed=completed),
        cancellation_reason=state.cancellation_reason,
        amount_captured=captured,
        refund_status=_refund_status(refunds, captured, refunded),
        amount_refunded=refunded,
        amount_refundable=max(0, captured - reserved - lost),
        disputed=any(not d.status.is_inquiry for d in disputes),
        failure=None if completed else _last_failure(state, attempts),
        three_d_secure=authenticated.three_d_secure if authenticated else NOT_AUTHENTICATED,
        card=decisive.card if decisive else None,
        attempts=attempts,
        refunds=refunds,
        disputes=disputes,
        created=state.intent_created if state.intent_created is not None else state.opened_at,
        completed=_completed_at(state) if completed else None,
        updated_at=updated_at,
    )


def doubts(state: PaymentState, payment: Payment) -> frozenset[str]:
    """Why the evidence alone may mislead, so that the intent should be fetched again; empty when it does not.

    ``charge_unknown``: the intent succeeded, but no fact has named its charge (card, time, 3-D Secure).
    ``simultaneous``: a 3-D Secure request is open in the same second in which something else happened.
    """
    reasons = set()
    charged = any(c.status == _SUCCEEDED and c.created is not None for c in state.charges.values())
    if state.succeeded_at is not None and not charged:
        reasons.add("charge_unknown")
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


def open_challenges(payment: Payment) -> frozenset[str]:
    """Payment methods whose 3-D Secure request is still unanswered as far as we know."""
    return frozenset(
        a.payment_method_id for a in payment.attempts if a.status == AttemptStatus.OPEN and a.payment_method_id
    )


def _took_money(charge: ChargeEvidence) -> bool:
    return charge.status == _SUCCEEDED and charge.captured


def _captured(state: PaymentState) -> int:
    from_charges = max((c.amount_captured for c in state.charges.values() if _took_money(c)), default=0)
    return from_charges or state.amount_received


def _completed_at(state: PaymentState) -> int | None:
    times = [c.created for c in state.charges.values() if c.status == _SUCCEEDED and c.created is not None]
    return min(times) if times else state.succeeded_at


def _status(state: PaymentState, attempts: tuple[Attempt, ...], *, completed: bool) -> PaymentStatus:
    if completed:
        return PaymentStatus.COMPLETED
    if state.canceled_at is not None:
        return PaymentStatus.CANCELED
    tried = [a.status for a in attempts if a.status != AttemptStatus.ABANDONED]
    if AttemptStatus.AUTHORIZED in tried:
        return PaymentStatus.AUTHORIZED
    return {
        AttemptStatus.OPEN: PaymentStatus.REQUIRES_ACTION,
        AttemptStatus.PROCESSING: PaymentStatus.PROCESSING,
        AttemptStatus.FAILED: PaymentStatus.FAILED,
    }.get(tried[-1] if tried else AttemptStatus.ABANDONED, PaymentStatus.PENDING)


def _last_failure(state: PaymentState, attempts: tuple[Attempt, ...]) -> Failure | None:
    failed = [a.failure for a in attempts if a.status == AttemptStatus.FAILED and a.failure]
    if failed:
        return failed[-1]
    return Failure(state.refused_code) if state.refused_code else None


def _refunds(state: PaymentState) -> tuple[Refund, ...]:
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
        )
        for refund_id, refund in state.refunds.items()
    ]
    return tuple(sorted(refunds, key=_age))


def _disputes(state: PaymentState) -> tuple[Dispute, ...]:
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
    return tuple(sorted(disputes, key=_age))


def _age(item: Refund | Dispute) -> tuple[int, str]:
    return (item.created, item.id)


def _refund_status(refunds: tuple[Refund, ...], captured: int, refunded: int) -> RefundStatus:
    if captured and refunded >= captured:
        return RefundStatus.FULL
    if refunded:
        return RefundStatus.PARTIAL
    if captured and any(r.status.is_open for r in refunds):
        return RefundStatus.PENDING
    return RefundStatus.NONE


def _attempts(state: PaymentState, *, ended: bool) -> tuple[Attempt, ...]:
    """Charges and unanswered or failed 3-D Secure requests, in the order in which they were made."""
    answered: dict[str, ChallengeEvidence] = {}
    standalone: dict[str, ChallengeEvidence] = {}
    for method, challenge in state.challenges.items():
        charge_id = None if challenge.failed_at is not None else _charge_of(state, method, challenge)
        if charge_id:
            answered[charge_id] = challenge
        elif challenge.requested_at is not None or challenge.failed_at is not None:
            standalone[method] = challenge
    keyed = [(_charge_key(id_, c), _charge_attempt(id_, c, answered.get(id_))) for id_, c in state.charges.items()]
    keyed += [(_challenge_key(state, m, c), _challenge_attempt(state, m, c)) for m, c in standalone.items()]
    ordered = [attempt for _, attempt in sorted(keyed, key=lambda pair: pair[0])]
    settled = [
        _abandoned(a) if a.status == AttemptStatus.OPEN and (ended or _overtaken(state, a, ordered)) else a
        for a in ordered
    ]
    # What is still open is what the customer is at now, whatever its place among the attempts of its second.
    return tuple(sorted(settled, key=lambda a: a.status == AttemptStatus.OPEN))


def _overtaken(state: PaymentState, request: Attempt, attempts: list[Attempt]) -> bool:
    """True when an attempt is certain to have followed the open request; one of the same second may have preceded it.

    A charge of that second followed it if the intent had no charge of that second when the request was made.
    """
    challenge = state.challenges[request.payment_method_id or ""]
    requested = challenge.last_requested_at or 0
    before = state.charges.get(challenge.after_charge_id or "")
    is_ordered = challenge.after_charge_id is None or before is not None
    first_of_its_second = (
        is_ordered
        and challenge.requested_at == requested
        and (before is None or (before.created or before.first_seen) < requested)
    )
    return any(
        other.created > requested or (first_of_its_second and bool(other.charge_id) and other.created == requested)
        for other in attempts
        if other is not request
    )


def _charge_of(state: PaymentState, method: str, challenge: ChallengeEvidence) -> str | None:
    """The first charge made with the payment method after 3-D Secure was requested: the answered attempt."""
    requested = challenge.requested_at or 0
    made = [
        (charge.created or charge.first_seen, charge_id)
        for charge_id, charge in state.charges.items()
        if charge.payment_method_id == method and (charge.created or charge.first_seen) >= requested
    ]
    return min(made)[1] if made else None


def _charge_key(charge_id: str, charge: ChargeEvidence) -> tuple[int, int, str]:
    # Of the charges of one second the successful one is last: nothing follows a success.
    return (charge.created or charge.first_seen, 2 if charge.status == _SUCCEEDED else 1, charge_id)


def _challenge_key(state: PaymentState, method: str, challenge: ChallengeEvidence) -> tuple[int, int, str]:
    """Within a second a request stands right behind the charge that it was seen to follow, else before all."""
    requested = _requested_at(challenge)
    before = state.charges.get(challenge.after_charge_id or "")
    if before and (before.created or before.first_seen) == requested:
        return (requested, 1, f"{challenge.after_charge_id}~{method}")
    return (requested, 0, method)


def _requested_at(challenge: ChallengeEvidence) -> int:
    return challenge.requested_at if challenge.requested_at is not None else challenge.failed_at or 0


def _charge_attempt(charge_id: str, charge: ChargeEvidence, answered: ChallengeEvidence | None) -> Attempt:
    status = AttemptStatus.of_charge(charge.status, captured=charge.captured)
    return Attempt(
        charge_id=charge_id,
        payment_method_id=charge.payment_method_id,
        status=status,
        created=charge.created or charge.first_seen,
        failure=charge.failure if status == AttemptStatus.FAILED else None,
        card=charge.card,
        three_d_secure=_authentication(charge.three_d_secure, answered=answered is not None),
    )


def _authentication(details: ThreeDSecure | None, *, answered: bool) -> Authentication:
    if details is None:
        # The customer answered, as there is a charge, but the charge does not say how.
        return (
            Authentication(outcome=AuthenticationOutcome.ATTEMPTED, flow="challenge") if answered else NOT_AUTHENTICATED
        )
    outcome = AuthenticationOutcome.of_result(details.result)
    if outcome is None and answered:
        outcome = AuthenticationOutcome.ATTEMPTED
    return Authentication(outcome=outcome, result=details.result, flow=details.flow)


def _challenge_attempt(state: PaymentState, method: str, challenge: ChallengeEvidence) -> Attempt:
    status = AttemptStatus.OPEN
    outcome: AuthenticationOutcome | None = AuthenticationOutcome.OPEN
    if challenge.failed_at is not None and challenge.failed_at >= (challenge.last_requested_at or 0):
        status, outcome = AttemptStatus.FAILED, _failed_outcome(challenge)
    elif challenge.settled or (state.idle_at or 0) > (challenge.last_requested_at or 0):
        status, outcome = AttemptStatus.ABANDONED, AuthenticationOutcome.ABANDONED
    return Attempt(
        charge_id=None,
        payment_method_id=method,
        status=status,
        created=_requested_at(challenge),
        failure=challenge.failure if status == AttemptStatus.FAILED else None,
        card=None,
        three_d_secure=(Authentication(outcome=outcome, flow="challenge") if outcome else NOT_AUTHENTICATED),
    )


def _failed_outcome(challenge: ChallengeEvidence) -> AuthenticationOutcome | None:
    """An error without a charge is a failed 3-D Secure only if that was requested or the code says so."""
    code = challenge.failure.code if challenge.failure else ""
    requested = challenge.requested_at is not None or "authentication" in code
    return AuthenticationOutcome.FAILED if requested else None


def _abandoned(attempt: Attempt) -> Attempt:
    return Attempt(
        charge_id=None,
        payment_method_id=attempt.payment_method_id,
        status=AttemptStatus.ABANDONED,
        created=attempt.created,
        failure=None,
        card=attempt.card,
        three_d_secure=Authentication(outcome=AuthenticationOutcome.ABANDONED, flow="challenge"),
    )
