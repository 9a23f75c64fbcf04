"""Single situations that the random stories do not reach, or that deserve a name."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import pytest

from app.domain.payments.derivation import derive, doubts
from app.domain.payments.evidence import PaymentState
from app.domain.payments.facts import (
    ChargeFact,
    DisputeFact,
    Failure,
    IntentFact,
    IntentRefused,
    RefundFact,
    RefundRefused,
    RefundRequested,
    RefundUnanswered,
    ThreeDSecure,
)
from app.domain.payments.merge import ContradictoryFact, apply
from app.domain.payments.snapshot import record
from app.domain.payments.states import AuthenticationOutcome, DisputeStatus, RefundState, RefundStatus
from tests.unit.domain.payments.stories import AMOUNT, START, Simulator

ROW = PaymentState(payment_id="p1", order_id="o1", customer_id="c1", amount=AMOUNT, currency="usd", opened_at=START - 1)


def paid() -> PaymentState:
    simulator = Simulator()
    simulator.attempt("ok", 1)
    return reduce(apply, simulator.story.facts, ROW)


def requested(state: PaymentState, amount: int, refund_id: str = "r1") -> PaymentState:
    wanted = RefundRequested(
        refund_id=refund_id, amount=amount, reason="broken", notes=None, requested_by="ann", requested_at=START + 9
    )
    return apply(state, wanted)


def at_stripe(refund_id: str | None, amount: int, status: str, stripe_id: str = "re_1") -> RefundFact:
    return RefundFact(
        stripe_refund_id=stripe_id,
        refund_id=refund_id,
        intent_id="pi_1",
        charge_id="ch_1",
        amount=amount,
        currency="usd",
        status=RefundState(status),
        reason="broken",
        failure_reason=None,
        created=START + 10,
        as_of=START + 10,
    )


def test_created_at_becomes_the_time_of_the_intent() -> None:
    assert derive(ROW).created == START - 1
    assert derive(paid()).created == START


def test_a_reserved_refund_is_not_refunded_yet_but_no_longer_refundable() -> None:
    payment = derive(requested(paid(), 4_000))
    assert (payment.amount_refundable, payment.amount_refunded) == (6_000, 0)
    assert payment.refund_status == RefundStatus.PENDING


def test_a_refund_that_fails_after_it_succeeded_gives_the_money_back() -> None:
    state = requested(paid(), AMOUNT)
    state = apply(state, at_stripe("r1", AMOUNT, "succeeded"))
    assert derive(state).refund_status == RefundStatus.FULL
    state = apply(state, at_stripe("r1", AMOUNT, "failed"))
    assert derive(state).refund_status == RefundStatus.NONE
    assert derive(state).amount_refundable == AMOUNT
    assert apply(state, at_stripe("r1", AMOUNT, "succeeded")) is state


def test_a_refused_refund_gives_the_reservation_back() -> None:
    state = apply(requested(paid(), 4_000), RefundRefused(refund_id="r1", failure_reason="payment_disputed"))
    assert derive(state).amount_refundable == AMOUNT
    assert state.refunds["r1"].status == "failed"


def test_what_stripe_says_of_a_refund_outweighs_what_we_assumed() -> None:
    state = apply(requested(paid(), 4_000), RefundUnanswered(refund_id="r1"))
    state = apply(state, RefundRefused(refund_id="r1", failure_reason="validation_failed"))
    state = apply(state, at_stripe("r1", 4_000, "succeeded"))
    assert derive(state).amount_refunded == 4_000


def test_two_refunds_at_stripe_never_merge_into_one_row() -> None:
    state = apply(paid(), at_stripe("r1", 1_000, "succeeded", "re_1"))
    state = apply(state, at_stripe("r1", 2_000, "succeeded", "re_2"))
    assert derive(state).amount_refunded == 3_000


@pytest.mark.parametrize(
    ("status", "opened", "disputed", "refundable"),
    [
        ("warning_needs_response", False, False, AMOUNT),
        ("warning_closed", False, False, AMOUNT),
        ("needs_response", True, True, AMOUNT),
        ("under_review", True, True, AMOUNT),
        ("won", False, True, AMOUNT),
        ("lost", False, True, 0),
    ],
)
def test_disputes_block_and_lost_money_cannot_be_paid_twice(
    status: str, opened: bool, disputed: bool, refundable: int
) -> None:
    fact = DisputeFact(
        dispute_id="dp_1",
        intent_id="pi_1",
        charge_id="ch_1",
        amount=AMOUNT,
        currency="usd",
        status=DisputeStatus(status),
        reason="fraudulent",
        created=START + 20,
        evidence_due_by=START + 99,
    )
    payment = derive(apply(paid(), fact))
    assert (payment.dispute_open, payment.disputed, payment.amount_refundable) == (opened, disputed, refundable)


def test_a_refused_intent_closes_the_row() -> None:
    state = apply(ROW, IntentRefused(code="amount_invalid", refused_at=START))
    assert derive(state).status == "canceled"
    assert derive(state).failure == Failure("amount_invalid")


def test_success_is_final() -> None:
    simulator = Simulator()
    simulator.attempt("declined", 1)
    simulator.attempt("ok", 1)
    failure = simulator.story.facts[2]
    assert isinstance(failure, IntentFact)
    late = replace(failure, as_of=START + 1000)  # told again much later
    state = reduce(apply, [*simulator.story.facts, late], ROW)
    assert derive(state).status == "completed"
    assert derive(state).failure is None
    assert derive(state).completed == START + 2


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ("authenticated", AuthenticationOutcome.AUTHENTICATED),
        ("attempt_acknowledged", AuthenticationOutcome.ATTEMPTED),
        ("exempted", AuthenticationOutcome.EXEMPTED),
        ("failed", AuthenticationOutcome.FAILED),
        ("processing_error", AuthenticationOutcome.FAILED),
        ("not_supported", None),
        ("data_share_only", None),
    ],
)
def test_three_d_secure_results(result: str, outcome: AuthenticationOutcome | None) -> None:
    simulator = Simulator()
    simulator.count = 1
    simulator.charge("pm_1", "succeeded", ThreeDSecure(result, "frictionless"))
    assert derive(reduce(apply, simulator.story.facts, ROW)).three_d_secure.outcome == outcome


def test_a_success_without_its_charge_is_in_doubt() -> None:
    simulator = Simulator()
    simulator.intent("succeeded", "pm_1")
    state = reduce(apply, simulator.story.facts, ROW)
    assert derive(state).status == "completed"
    assert derive(state).amount_captured == AMOUNT
    assert doubts(state, derive(state)) == {"charge_unknown"}


def test_a_capture_of_unknown_amount_is_in_doubt() -> None:
    """As a charge of before 2020-08-28 that has refunds: all of it may be refunded, or a part was never captured."""
    simulator = Simulator()
    simulator.attempt("ok", 1)
    facts = [replace(f, amount_captured=0) if isinstance(f, ChargeFact) else f for f in simulator.story.facts]
    state = reduce(apply, [*facts, at_stripe(None, AMOUNT, "succeeded")], ROW)
    assert doubts(state, derive(state)) == {"captured_unknown"}
    assert [refund.amount for refund in derive(state).refunds] == [AMOUNT], "no release"
    assert doubts(paid(), derive(paid())) == frozenset()


def test_facts_of_another_intent_are_contradictory() -> None:
    with pytest.raises(ContradictoryFact):
        apply(paid(), replace(at_stripe(None, 100, "succeeded"), intent_id="pi_2"))


def test_a_fact_that_says_nothing_new_returns_the_same_state() -> None:
    simulator = Simulator()
    simulator.attempt("3ds_ok", 1)
    state = reduce(apply, simulator.story.facts, ROW)
    assert all(apply(state, fact) is state for fact in simulator.story.facts)


def test_the_record_holds_plain_values_only() -> None:
    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return all(isinstance(key, str) and plain(item) for key, item in value.items())
        if isinstance(value, list):
            return all(plain(item) for item in value)
        return value is None or type(value) in {str, int, bool}

    state = requested(paid(), 100)
    assert plain(record(derive(state)))
