"""The attempts of a payment: what is known of charges and 3-D Secure requests, merged and derived.

An attempt is a charge, or a 3-D Secure request that never became one.
"""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter

from app.domain.payments.evidence import ChallengeEvidence, ChargeEvidence, FailureEvidence, PaymentState
from app.domain.payments.facts import AttemptError, IntentFact
from app.domain.payments.fraud_signals import join_risk
from app.domain.payments.joins import earliest, fill, latest
from app.domain.payments.methods import PaymentMethod, authenticates, join_methods
from app.domain.payments.payment import Attempt, Authentication, Payment
from app.domain.payments.states import AttemptStatus, AuthenticationOutcome, ChargeStatus, IntentStatus

NOT_AUTHENTICATED = Authentication()
# Looked up once: Python 3.11 finds a member of an enum ten times slower than a global name.
_SUCCEEDED = ChargeStatus.SUCCEEDED


def merge_charge(state: PaymentState, charge_id: str, new: ChargeEvidence) -> PaymentState:
    """Add what a fact says of one charge."""
    old = state.charges.get(charge_id)
    if old:
        new = ChargeEvidence(
            status=max(old.status, new.status, key=attrgetter("rank")),
            first_seen=min(old.first_seen, new.first_seen),
            created=earliest(old.created, new.created),
            amount=max(old.amount, new.amount),
            amount_captured=max(old.amount_captured, new.amount_captured),
            captured=old.captured or new.captured,
            payment_method_id=fill(old.payment_method_id, new.payment_method_id),
            failure=fill(old.failure, new.failure),
            card=fill(old.card, new.card),
            three_d_secure=fill(old.three_d_secure, new.three_d_secure),
            risk=join_risk(old.risk, new.risk),
            capture_before=latest(old.capture_before, new.capture_before),
            method=join_methods(old.method, new.method),
            in_processing=old.in_processing or new.in_processing,
            currency=fill(old.currency, new.currency),
            taken_at=earliest(old.taken_at, new.taken_at),
            booked_at=earliest(old.booked_at, new.booked_at),
            held=old.held or new.held,
            delayed=old.delayed or new.delayed,
        )
    return replace(state, charges={**state.charges, charge_id: new})


def merge_error(state: PaymentState, error: AttemptError, as_of: int) -> PaymentState:
    """Add the last error of an intent: it names its charge, or its payment method, or neither."""
    if error.charge_id:
        failed = ChargeEvidence(
            status=ChargeStatus.FAILED,
            first_seen=as_of,
            failure=error.failure,
            payment_method_id=error.payment_method_id,
            card=error.card,
            method=error.method,
        )
        return merge_charge(state, error.charge_id, failed)
    if error.payment_method_id:
        unanswered = ChallengeEvidence(failed_at=as_of, failure=error.failure, card=error.card, method=error.method)
        return merge_challenge(state, error.payment_method_id, unanswered)
    reason = error.failure.reason
    new = FailureEvidence(first_seen=as_of, failure=error.failure, method=error.method)
    old = state.failures.get(reason)
    if old:
        new = FailureEvidence(
            first_seen=min(old.first_seen, new.first_seen),
            failure=min(old.failure, new.failure, key=repr),
            method=join_methods(old.method, new.method),
        )
    return replace(state, failures={**state.failures, reason: new})


def merge_progress(state: PaymentState, fact: IntentFact) -> PaymentState:
    """Add that an intent is in processing, or holds the money, whether its charge is known or not."""
    held = fact.status == IntentStatus.REQUIRES_CAPTURE
    if fact.latest_charge_id is None:
        if held:
            return replace(state, held_at=earliest(state.held_at, fact.as_of))
        return replace(state, processing_at=latest(state.processing_at, fact.as_of))
    evidence = ChargeEvidence(
        status=ChargeStatus.SUCCEEDED if held else ChargeStatus.PENDING,
        first_seen=fact.as_of,
        payment_method_id=fact.payment_method_id,
        method=fact.method,
        in_processing=not held,
        held=held,
        delayed=not held,
    )
    return merge_charge(state, fact.latest_charge_id, evidence)


def merge_challenge(state: PaymentState, payment_method_id: str, new: ChallengeEvidence) -> PaymentState:
    """Add what a fact says of one 3-D Secure request."""
    old = state.challenges.get(payment_method_id)
    if old:
        first = min((e for e in (old, new) if e.requested_at is not None), key=_first_request, default=old)
        new = ChallengeEvidence(
            requested_at=first.requested_at,
            last_requested_at=latest(old.last_requested_at, new.last_requested_at),
            after_charge_id=first.after_charge_id,
            failed_at=latest(old.failed_at, new.failed_at),
            failure=fill(old.failure, new.failure),
            settled=old.settled or new.settled,
            action=fill(old.action, new.action),
            card=fill(old.card, new.card),
            method=join_methods(old.method, new.method),
        )
    return replace(state, challenges={**state.challenges, payment_method_id: new})


def attempts_of(state: PaymentState, *, ended: bool) -> tuple[Attempt, ...]:
    """Charges and unanswered or failed 3-D Secure requests, in the order in which they were made."""
    answered: dict[str, ChallengeEvidence] = {}
    standalone: dict[str, ChallengeEvidence] = {}
    for method, challenge in state.challenges.items():
        charge_id = None if challenge.failed_at is not None else _charge_of(state, method, challenge)
        if charge_id:
            answered[charge_id] = challenge
        elif challenge.requested_at is not None or challenge.failed_at is not None:
            standalone[method] = challenge
    charges = state.charges.items()
    keyed = [(_charge_key(id_, c), _charge_attempt(state, id_, c, answered.get(id_))) for id_, c in charges]
    keyed += [(_challenge_key(state, m, c), _challenge_attempt(state, m, c)) for m, c in standalone.items()]
    seen = {attempt.failure.reason for _, attempt in keyed if attempt.failure}
    unnamed = [(reason, failed) for reason, failed in state.failures.items() if reason not in seen]
    keyed += [((failed.first_seen, 1, reason), _failure_attempt(failed)) for reason, failed in unnamed]
    ordered = [attempt for _, attempt in sorted(keyed, key=lambda pair: pair[0])]
    settled = [
        _abandoned(a) if a.status == AttemptStatus.OPEN and (ended or _overtaken(state, a, ordered)) else a
        for a in ordered
    ]
    # What is still open is what the customer is at now, whatever its place among the attempts of its second.
    return tuple(sorted(settled, key=lambda a: a.status == AttemptStatus.OPEN))


def open_challenges(payment: Payment) -> frozenset[str]:
    """Payment methods whose 3-D Secure request is still unanswered as far as we know."""
    return frozenset(
        a.payment_method_id for a in payment.attempts if a.status == AttemptStatus.OPEN and a.payment_method_id
    )


def _first_request(evidence: ChallengeEvidence) -> tuple[int, str]:
    return (evidence.requested_at or 0, evidence.after_charge_id or "")


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
    """The first charge made with the payment method after 3-D Secure was requested: the answered attempt.

    A voucher has its pending charge from the beginning, so the charge that it was seen to follow is its own.
    """
    own = state.charges.get(challenge.after_charge_id or "")
    if own and own.payment_method_id == method and not authenticates(challenge.action, challenge.method):
        return challenge.after_charge_id
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


def _charge_attempt(
    state: PaymentState, charge_id: str, charge: ChargeEvidence, answered: ChallengeEvidence | None
) -> Attempt:
    method = join_methods(charge.method, answered.method if answered else None)
    status = AttemptStatus.of_charge(charge.status, captured=charge.captured)
    if status == AttemptStatus.PROCESSING and answered and _waits(charge, answered, method):
        status = AttemptStatus.ABANDONED if _given_up(state, answered) else AttemptStatus.OPEN
    return Attempt(
        charge_id=charge_id,
        payment_method_id=charge.payment_method_id,
        status=status,
        created=charge.created or charge.first_seen,
        failure=charge.failure if status == AttemptStatus.FAILED else None,
        card=charge.card,
        three_d_secure=_authentication(charge, answered, method),
        payment_method=method or PaymentMethod.of_card(charge.card),
        action=answered.action if answered and status == AttemptStatus.OPEN else None,
    )


def _waits(charge: ChargeEvidence, request: ChallengeEvidence, method: PaymentMethod | None) -> bool:
    """True while a voucher, or whatever else is no card, has a pending charge and the customer has not paid it."""
    return not (charge.in_processing or authenticates(request.action, method))


def _authentication(
    charge: ChargeEvidence, answered: ChallengeEvidence | None, method: PaymentMethod | None
) -> Authentication:
    details = charge.three_d_secure
    requested = answered is not None and authenticates(answered.action, method)
    if details is None:
        # A charge of Stripe's that was authenticated says so: without it the action was a captcha. A charge that is
        # known by its id only, and those of earlier versions, leave open how the customer answered.
        silent = answered is None or answered.action is None or charge.created is None or charge.method is None
        if requested and silent:
            return Authentication(outcome=AuthenticationOutcome.ATTEMPTED, flow="challenge")
        return NOT_AUTHENTICATED
    outcome = AuthenticationOutcome.of_result(details.result)
    if outcome is None and requested:
        outcome = AuthenticationOutcome.ATTEMPTED
    # Older charges do not say how. Frictionless means that nothing was asked of the customer.
    flow = details.flow or ("challenge" if requested else None)
    return Authentication(outcome=outcome, result=details.result, flow=flow)


def _challenge_attempt(state: PaymentState, method_id: str, challenge: ChallengeEvidence) -> Attempt:
    method = challenge.method
    for charge in state.charges.values():
        if charge.payment_method_id == method_id:
            method = join_methods(method, charge.method)
    requested = authenticates(challenge.action, method)
    status, outcome = AttemptStatus.OPEN, AuthenticationOutcome.OPEN
    if challenge.failed_at is not None and challenge.failed_at >= (challenge.last_requested_at or 0):
        status, outcome = AttemptStatus.FAILED, AuthenticationOutcome.FAILED
        requested = requested and _names_authentication(challenge)
    elif _given_up(state, challenge):
        status, outcome = AttemptStatus.ABANDONED, AuthenticationOutcome.ABANDONED
    return Attempt(
        charge_id=None,
        payment_method_id=method_id,
        status=status,
        created=_requested_at(challenge),
        failure=challenge.failure if status == AttemptStatus.FAILED else None,
        card=challenge.card,
        three_d_secure=Authentication(outcome=outcome, flow="challenge") if requested else NOT_AUTHENTICATED,
        payment_method=method or PaymentMethod.of_card(challenge.card) or PaymentMethod.of_action(challenge.action),
        action=challenge.action if status == AttemptStatus.OPEN else None,
    )


def _given_up(state: PaymentState, request: ChallengeEvidence) -> bool:
    return request.settled or (state.idle_at or 0) > (request.last_requested_at or 0)


def _failure_attempt(failed: FailureEvidence) -> Attempt:
    return Attempt(
        charge_id=None,
        payment_method_id=None,
        status=AttemptStatus.FAILED,
        created=failed.first_seen,
        failure=failed.failure,
        card=None,
        three_d_secure=NOT_AUTHENTICATED,
        payment_method=failed.method,
    )


def _names_authentication(challenge: ChallengeEvidence) -> bool:
    """An error without a charge is a failed 3-D Secure only if that was requested or the code says so."""
    code = challenge.failure.code if challenge.failure else ""
    return challenge.requested_at is not None or "authentication" in code


def _abandoned(attempt: Attempt) -> Attempt:
    asked = attempt.three_d_secure.attempted
    abandoned = Authentication(outcome=AuthenticationOutcome.ABANDONED, flow="challenge")
    return replace(
        attempt,
        status=AttemptStatus.ABANDONED,
        three_d_secure=abandoned if asked else attempt.three_d_secure,
        action=None,
    )
