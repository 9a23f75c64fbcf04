"""What people and clients see of a payment, derived from the state of its evidence.

Derivation is a pure function, so equal evidence always shows equally. Vocabulary and meanings are those of DESIGN
section 2 (status, refund_status) and section 5 (3-D Secure split).
"""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.payments.evidence import ChallengeEvidence, ChargeEvidence, PaymentState
from app.domain.payments.facts import Card, Failure, ThreeDSecure
from app.domain.payments.states import (
    AttemptStatus,
    AuthenticationOutcome,
    ChargeStatus,
    PaymentStatus,
    RefundStatus,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """3-D Secure of one attempt; ``outcome`` is None when it was not asked for. ``flow``: challenge | frictionless."""

    outcome: AuthenticationOutcome | None = None
    result: str | None = None
    flow: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to pay. ``created_at`` is a Unix time."""

    charge_id: str | None
    payment_method_id: str | None
    status: AttemptStatus
    created_at: int
    failure: Failure | None
    card: Card | None
    authentication: Authentication


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentView:
    """The derived fields of a payment; amounts in minor units, times in Unix seconds."""

    status: PaymentStatus
    refund_status: RefundStatus
    amount_captured: int
    amount_refunded: int
    amount_refundable: int
    disputed: bool
    dispute_open: bool
    failure: Failure | None
    card: Card | None
    authentication: Authentication
    attempts: tuple[Attempt, ...]
    created_at: int
    completed_at: int | None


def view(state: PaymentState) -> PaymentView:
    """Everything that is shown of ``state``."""
    completed = state.succeeded_at is not None or any(_took_money(c) for c in state.charges.values())
    ended = completed or state.canceled_at is not None
    attempts = _attempts(state, ended=ended)
    status = _status(state, attempts, completed=completed)
    captured = _captured(state) if completed else 0
    refunded = sum(r.amount for r in state.refunds.values() if r.status.counts_as_refunded) if captured else 0
    reserved = sum(r.amount for r in state.refunds.values() if not r.status.returned)
    lost = sum(d.amount for d in state.disputes.values() if d.status.takes_money)
    paid_by = next((a for a in reversed(attempts) if a.status == AttemptStatus.SUCCEEDED), None)
    shown = paid_by or (attempts[-1] if attempts else None)
    asked = next((a for a in reversed(attempts) if a.authentication.outcome), None)
    return PaymentView(
        status=status,
        refund_status=_refund_status(state, captured, refunded),
        amount_captured=captured,
        amount_refunded=refunded,
        amount_refundable=max(0, captured - reserved - lost),
        disputed=any(not d.status.is_inquiry for d in state.disputes.values()),
        dispute_open=any(d.status.blocks_refunds for d in state.disputes.values()),
        failure=None if completed else _last_failure(state, attempts),
        card=shown.card if shown else None,
        authentication=asked.authentication if asked else Authentication(),
        attempts=attempts,
        created_at=state.intent_created if state.intent_created is not None else state.opened_at,
        completed_at=_completed_at(state) if completed else None,
    )


def doubts(state: PaymentState, shown: PaymentView) -> frozenset[str]:
    """Why the evidence alone may mislead, so that the intent should be fetched again; empty when it does not.

    ``charge_unknown``: the intent succeeded but its charge (card, time, 3-D Secure) was never shown to us.
    ``simultaneous``: a 3-D Secure request is open in the same second in which something else happened.
    """
    found = set()
    charged = any(
        c.status == ChargeStatus.SUCCEEDED and c.created is not None for c in state.charges.values()
    )
    if state.succeeded_at is not None and not charged:
        found.add("charge_unknown")
    if not shown.status.is_final:
        for attempt in shown.attempts:
            if attempt.status == AttemptStatus.OPEN:
                others = {a.created_at for a in shown.attempts if a is not attempt}
                request = state.challenges[attempt.payment_method_id or ""]
                others |= {t for c in state.challenges.values() if c is not request and (t := c.failed_at)}
                asked = {attempt.created_at, request.last_requested_at}
                if asked & others or request.last_requested_at == request.failed_at:
                    found.add("simultaneous")
    return frozenset(found)


def open_challenges(shown: PaymentView) -> frozenset[str]:
    """Payment methods whose 3-D Secure request is still unanswered as far as we know."""
    return frozenset(
        a.payment_method_id for a in shown.attempts if a.status == AttemptStatus.OPEN and a.payment_method_id
    )


def _took_money(charge: ChargeEvidence) -> bool:
    return charge.status == ChargeStatus.SUCCEEDED and charge.captured


def _captured(state: PaymentState) -> int:
    from_charges = max((c.amount_captured for c in state.charges.values() if _took_money(c)), default=0)
    return from_charges or state.amount_received


def _completed_at(state: PaymentState) -> int | None:
    times = [
        c.created
        for c in state.charges.values()
        if c.status == ChargeStatus.SUCCEEDED and c.created is not None
    ]
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


def _refund_status(state: PaymentState, captured: int, refunded: int) -> RefundStatus:
    if captured and refunded >= captured:
        return RefundStatus.FULL
    if refunded:
        return RefundStatus.PARTIAL
    if captured and any(r.status.is_open for r in state.refunds.values()):
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
    keyed = [
        (_charge_key(id_, c), _charge_attempt(id_, c, answered.get(id_))) for id_, c in state.charges.items()
    ]
    keyed += [(_challenge_key(state, m, c), _challenge_attempt(state, m, c)) for m, c in standalone.items()]
    ordered = [attempt for _, attempt in sorted(keyed, key=lambda pair: pair[0])]
    known = [
        _abandoned(a) if a.status == AttemptStatus.OPEN and (ended or _overtaken(state, a, ordered)) else a
        for a in ordered
    ]
    # What is still open is what the customer is at now, whatever its place among the attempts of its second.
    return tuple(sorted(known, key=lambda a: a.status == AttemptStatus.OPEN))


def _overtaken(state: PaymentState, request: Attempt, attempts: list[Attempt]) -> bool:
    """True when an attempt is certain to have followed the open request; one of the same second may have preceded it.

    A charge of that second followed it if the intent had shown no charge of that second when the request was made.
    """
    challenge = state.challenges[request.payment_method_id or ""]
    asked = challenge.last_requested_at or 0
    before = state.charges.get(challenge.after_charge_id or "")
    known = challenge.after_charge_id is None or before is not None
    first_of_its_second = (
        known
        and challenge.requested_at == asked
        and (before is None or (before.created or before.first_seen) < asked)
    )
    return any(
        other.created_at > asked
        or (first_of_its_second and bool(other.charge_id) and other.created_at == asked)
        for other in attempts
        if other is not request
    )


def _charge_of(state: PaymentState, method: str, challenge: ChallengeEvidence) -> str | None:
    """The first charge made with the payment method after 3-D Secure was asked for: the answered attempt."""
    asked = challenge.requested_at or 0
    made = [
        (charge.created or charge.first_seen, charge_id)
        for charge_id, charge in state.charges.items()
        if charge.payment_method_id == method and (charge.created or charge.first_seen) >= asked
    ]
    return min(made)[1] if made else None


def _charge_key(charge_id: str, charge: ChargeEvidence) -> tuple[int, int, str]:
    # Of the charges of one second the successful one is last: nothing follows a success.
    return (
        charge.created or charge.first_seen,
        2 if charge.status == ChargeStatus.SUCCEEDED else 1,
        charge_id,
    )


def _challenge_key(state: PaymentState, method: str, challenge: ChallengeEvidence) -> tuple[int, int, str]:
    """Within a second a request stands right behind the charge that it was seen to follow, else before all."""
    asked = _asked_at(challenge)
    before = state.charges.get(challenge.after_charge_id or "")
    if before and (before.created or before.first_seen) == asked:
        return (asked, 1, f"{challenge.after_charge_id}~{method}")
    return (asked, 0, method)


def _asked_at(challenge: ChallengeEvidence) -> int:
    return challenge.requested_at if challenge.requested_at is not None else challenge.failed_at or 0


def _charge_attempt(charge_id: str, charge: ChargeEvidence, answered: ChallengeEvidence | None) -> Attempt:
    status = AttemptStatus.of_charge(charge.status, captured=charge.captured)
    return Attempt(
        charge_id=charge_id,
        payment_method_id=charge.payment_method_id,
        status=status,
        created_at=charge.created or charge.first_seen,
        failure=charge.failure if status == AttemptStatus.FAILED else None,
        card=charge.card,
        authentication=_authentication(charge.three_d_secure, answered=answered is not None),
    )


def _authentication(shown: ThreeDSecure | None, *, answered: bool) -> Authentication:
    if shown is None:
        # The customer answered, as there is a charge, but the charge does not say how.
        return (
            Authentication(outcome=AuthenticationOutcome.ATTEMPTED, flow="challenge")
            if answered
            else Authentication()
        )
    outcome = AuthenticationOutcome.of_result(shown.result)
    if outcome is None and answered:
        outcome = AuthenticationOutcome.ATTEMPTED
    return Authentication(outcome=outcome, result=shown.result, flow=shown.flow)


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
        created_at=_asked_at(challenge),
        failure=challenge.failure if status == AttemptStatus.FAILED else None,
        card=None,
        authentication=Authentication(outcome=outcome, flow="challenge") if outcome else Authentication(),
    )


def _failed_outcome(challenge: ChallengeEvidence) -> AuthenticationOutcome | None:
    """An error without a charge is a failed 3-D Secure only if that was asked for or the code says so."""
    code = challenge.failure.code if challenge.failure else ""
    asked = challenge.requested_at is not None or "authentication" in code
    return AuthenticationOutcome.FAILED if asked else None


def _abandoned(attempt: Attempt) -> Attempt:
    return Attempt(
        charge_id=None,
        payment_method_id=attempt.payment_method_id,
        status=AttemptStatus.ABANDONED,
        created_at=attempt.created_at,
        failure=None,
        card=attempt.card,
        authentication=Authentication(outcome=AuthenticationOutcome.ABANDONED, flow="challenge"),
    )
