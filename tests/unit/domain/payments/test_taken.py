"""What was taken counts, not what was asked: amount, currency and time come from the charge that took the money."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.payments.derivation import derive
from app.domain.payments.evidence import PaymentState
from app.domain.payments.facts import ChargeFact, Fact, IntentFact, RefundFact
from app.domain.payments.merge import adopt, apply
from app.domain.payments.payment import Payment
from app.domain.payments.states import ChargeStatus, IntentStatus, PaymentStatus, RefundState, RefundStatus
from tests.support.profiles import examples

DAY = 86_400
START = 1_700_000_000
ROW = PaymentState(
    payment_id="p1",
    order_id="o1",
    customer_id="c1",
    amount=10_000,
    currency="sek",
    asked_amount=10_000,
    asked_currency="sek",
    opened_at=START,
)


def intent(status: str, at: int, **more: object) -> IntentFact:
    fact = IntentFact(
        intent_id="pi_1",
        status=IntentStatus(status),
        amount=10_000,
        currency="sek",
        created=START,
        as_of=at,
        livemode=False,
        capture_method="automatic",
        amount_received=10_000 if status == "succeeded" else 0,
        payment_method_id=None,
        latest_charge_id=None,
        charge=None,
        last_error=None,
        canceled_at=at if status == "canceled" else None,
        cancellation_reason=None,
        order_id="o1",
        customer_id="c1",
        payment_id=None,
        description=None,
    )
    return replace(fact, **more)  # type: ignore[arg-type]


def charge(at: int, status: str = "succeeded", captured: int | None = 10_000, **more: object) -> ChargeFact:
    fact = ChargeFact(
        charge_id="ch_1",
        intent_id="pi_1",
        status=ChargeStatus(status),
        created=START + 5,
        as_of=at,
        amount=10_000,
        currency="sek",
        amount_captured=captured or 0,
        amount_refunded=0,
        captured=captured is not None,
        payment_method_id="pm_1",
        failure=None,
        card=None,
        three_d_secure=None,
        is_delayed=status == "pending",
    )
    return replace(fact, **more)  # type: ignore[arg-type]


def refund(amount: int, at: int, status: str = "succeeded", stripe_id: str = "re_1", **more: object) -> RefundFact:
    fact = RefundFact(
        stripe_refund_id=stripe_id,
        refund_id=None,
        intent_id="pi_1",
        charge_id="ch_1",
        amount=amount,
        currency="sek",
        status=RefundState(status),
        reason=None,
        failure_reason=None,
        created=at,
        as_of=at,
        is_booked=status != "requires_action",
    )
    return replace(fact, **more)  # type: ignore[arg-type]


def known(*facts: Fact, row: PaymentState = ROW) -> Payment:
    """The payment, which is the same whatever the order of the facts."""
    orders = [*permutations(facts)][:720]
    payments = [derive(reduce(apply, order, row)) for order in orders]
    assert all(payment == payments[0] for payment in payments)
    return payments[0]


def test_an_intent_changed_to_another_currency_is_paid_in_that_one() -> None:
    paid = {"amount": 10_000, "currency": "nok"}
    payment = known(
        intent("requires_payment_method", START),
        intent("requires_payment_method", START + 3, **paid),
        charge(START + 6, currency="nok"),
        intent("succeeded", START + 6, **paid),
        refund(4_000, START + 9, currency="nok"),
    )
    assert (payment.amount, payment.currency, payment.amount_captured) == (10_000, "nok", 10_000)
    assert (payment.amount_refunded, payment.amount_refundable) == (4_000, 6_000)
    assert payment.refunds[0].currency == "nok"
    assert payment.differs == {"currency": ("sek", "nok")}
    assert payment.asked == (10_000, "sek")


def test_ten_thousand_yen_are_no_hundred_dollars() -> None:
    row = replace(ROW, currency="usd", asked_currency="usd")
    payment = known(charge(START + 6, currency="jpy"), intent("succeeded", START + 6, currency="jpy"), row=row)
    assert (payment.amount, payment.currency) == (10_000, "jpy")
    assert payment.differs == {"amount": (10_000, 10_000), "currency": ("usd", "jpy")}


def test_an_amount_changed_at_stripe_differs_from_the_order() -> None:
    payment = known(charge(START + 6, amount=12_000, captured=12_000), intent("succeeded", START + 6, amount=12_000))
    assert (payment.amount, payment.amount_captured) == (12_000, 12_000)
    assert payment.differs == {"amount": (10_000, 12_000)}


def test_the_newest_snapshot_has_amount_and_currency_until_a_charge_has() -> None:
    changed = intent("requires_payment_method", START + 9, amount=7_000, currency="dkk")
    payment = known(intent("requires_payment_method", START), changed, intent("requires_payment_method", START + 4))
    assert (payment.amount, payment.currency, payment.differs) == (7_000, "dkk", {})


def test_nothing_differs_in_an_adopted_payment() -> None:
    row = adopt(intent("requires_payment_method", START), "p1")
    assert known(charge(START + 6, currency="nok"), row=row).differs == {}


def test_a_refund_in_another_currency_is_not_subtracted() -> None:
    payment = known(charge(START + 6), refund(4_000, START + 9, currency="eur"))
    assert (payment.amount_refunded, payment.amount_refundable) == (0, 10_000)
    assert payment.refund_status == RefundStatus.NONE


HELD = charge(START + 5, captured=None)
CAPTURED = START + 6 * DAY


def test_a_hold_is_completed_by_its_capture() -> None:
    payment = known(
        HELD,
        intent("requires_capture", START + 5, capture_method="manual"),
        charge(CAPTURED),
        intent("succeeded", CAPTURED + 1, capture_method="manual"),
    )
    assert payment.completed == CAPTURED
    assert (payment.amount_captured, payment.amount_released, payment.differs) == (10_000, 0, {})


def test_a_hold_learnt_late_is_dated_by_its_booking() -> None:
    fetched = charge(CAPTURED + 5 * DAY, booked_at=CAPTURED)
    late = intent("succeeded", CAPTURED + 5 * DAY, capture_method="manual", charge=fetched)
    assert known(late).completed == CAPTURED


def test_a_hold_whose_capture_was_seen_too_late_keeps_the_time_of_its_charge() -> None:
    fetched = charge(CAPTURED + 90 * DAY)
    late = intent("succeeded", CAPTURED + 90 * DAY, capture_method="manual", charge=fetched)
    assert known(late).completed == START + 5


def test_a_bank_debit_is_completed_when_the_bank_has_paid() -> None:
    done = START + 5 * DAY
    payment = known(
        charge(START + 5, "pending", None, booked_at=START + 5),
        intent("processing", START + 5, latest_charge_id="ch_1"),
        charge(done, booked_at=START + 5),
        intent("succeeded", done + 1),
    )
    assert payment.completed == done


def test_a_card_is_completed_by_its_charge_whenever_we_learnt_it() -> None:
    assert known(charge(START + 6), intent("succeeded", START + 7)).completed == START + 5
    assert known(charge(START + 50 * DAY)).completed == START + 5


PART = charge(CAPTURED, captured=6_000)
RELEASE = refund(4_000, CAPTURED)


def test_the_part_of_a_hold_that_was_not_captured_is_no_refund() -> None:
    payment = known(HELD, PART, RELEASE, intent("succeeded", CAPTURED, amount_received=6_000))
    assert (payment.amount_captured, payment.amount_refunded, payment.amount_refundable) == (6_000, 0, 6_000)
    assert (payment.amount_released, payment.refunds, payment.refund_status) == (4_000, (), RefundStatus.NONE)
    assert (payment.amount, payment.differs) == (10_000, {})


def test_newer_versions_release_without_a_refund() -> None:
    assert known(HELD, PART).amount_released == 4_000


@pytest.mark.parametrize("amount", [3_000, 4_000])
def test_a_refund_after_a_partial_capture_counts(amount: int) -> None:
    later = refund(amount, CAPTURED + DAY, stripe_id="re_0")
    payment = known(HELD, PART, RELEASE, later)
    assert (payment.amount_refunded, payment.amount_refundable) == (amount, 6_000 - amount)
    assert payment.amount_released == 4_000
    assert [r.id for r in payment.refunds] == ["re_0"]
    assert known(HELD, PART, later).amount_refunded == amount


def test_a_refund_that_we_requested_is_never_a_release() -> None:
    ours = replace(RELEASE, refund_id="r1")
    payment = known(HELD, PART, RELEASE, replace(ours, stripe_refund_id="re_2"))
    assert [(r.id, r.amount) for r in payment.refunds] == [("r1", 4_000)]


@pytest.mark.parametrize("reason", [None, "expired_uncaptured_charge"])
def test_a_canceled_hold_was_not_paid_back(reason: str | None) -> None:
    whole = replace(refund(10_000, CAPTURED), stripe_reason=reason)
    payment = known(HELD, whole, intent("canceled", CAPTURED))
    assert payment.status == PaymentStatus.CANCELED
    assert (payment.amount_released, payment.amount_refunded, payment.refunds) == (10_000, 0, ())


def test_a_refund_that_fails_is_a_second_movement() -> None:
    paid, back = charge(START + 6), START + 30 * DAY
    refunded = refund(4_000, START + DAY)
    failed = replace(refunded, status=RefundState.FAILED, as_of=back)
    payment = known(paid, refunded, failed, replace(failed, as_of=back + 9))
    (only,) = payment.refunds
    assert (only.moved, only.created, only.failed) == (True, START + DAY, back)
    assert (payment.amount_refunded, payment.amount_refundable) == (0, 10_000)


def test_a_refund_that_never_left_is_no_movement() -> None:
    failed = replace(refund(4_000, START + DAY, "requires_action"), status=RefundState.FAILED, as_of=START + 2 * DAY)
    (only,) = known(charge(START + 6), failed).refunds
    assert (only.moved, only.failed) == (False, None)


def test_the_newest_open_status_of_a_refund_counts() -> None:
    waits = refund(4_000, START + DAY, "requires_action")
    goes_on = replace(waits, status=RefundState.PENDING, as_of=START + 2 * DAY)
    again = replace(waits, as_of=START + 3 * DAY)
    paid = charge(START + 6)
    assert known(paid, waits, goes_on).refunds[0].status == RefundState.PENDING
    assert known(paid, waits, goes_on, again).refunds[0].status == RefundState.REQUIRES_ACTION
    assert known(paid, waits, replace(goes_on, as_of=waits.as_of)).refunds[0].status == RefundState.PENDING
    done = replace(waits, status=RefundState.SUCCEEDED, as_of=START)
    assert known(paid, waits, goes_on, again, done).refunds[0].status == RefundState.SUCCEEDED


CREATED = {"ch_1": START + 5, "ch_2": START + 9}
WORTH = {"ch_1": (10_000, "nok"), "ch_2": (9_000, "sek")}


@st.composite
def any_facts(draw: st.DrawFn) -> list[Fact]:
    """Snapshots of two charges, three refunds and their intent as they never happen together, at any times."""
    times = st.integers(START, START + 40 * DAY) | st.integers(START, START + 20)

    def any_charge() -> ChargeFact:
        charge_id, status = draw(st.sampled_from(list(CREATED))), draw(st.sampled_from(list(ChargeStatus)))
        amount, currency = WORTH[charge_id]
        # Only one charge of an intent is ever captured.
        may_be_captured = charge_id == "ch_1" and status == ChargeStatus.SUCCEEDED
        captured = draw(st.sampled_from([None, amount, 6_000])) if may_be_captured else None
        return charge(
            draw(times),
            status,
            captured,
            charge_id=charge_id,
            created=CREATED[charge_id],
            amount=amount,
            currency=currency,
            booked_at=draw(st.none() | times),
            is_delayed=draw(st.booleans()),
        )

    def any_refund() -> RefundFact:
        number = draw(st.integers(0, 2))
        return refund(
            [4_000, 3_000, 10_000][number],
            CAPTURED + number,
            draw(st.sampled_from(list(RefundState))),
            f"re_{number}",
            as_of=draw(times),
            charge_id=["ch_1", "ch_1", "ch_2"][number],
            refund_id=[None, "r1", None][number],
            is_booked=draw(st.booleans()),
        )

    def any_intent() -> IntentFact:
        return intent(
            draw(st.sampled_from(list(IntentStatus))),
            draw(times),
            amount=draw(st.integers(100, 103)),
            currency=draw(st.sampled_from(["sek", "nok", "jpy"])),
            capture_method=draw(st.sampled_from(["manual", "automatic"])),
            latest_charge_id=draw(st.sampled_from([None, "ch_1", "ch_2"])),
            charge=any_charge() if draw(st.booleans()) else None,
        )

    makers: list[Callable[[], Fact]] = [any_charge, any_refund, any_intent]
    return [draw(st.sampled_from(makers))() for _ in range(draw(st.integers(1, 9)))]


@settings(max_examples=examples(300))
@given(facts=any_facts(), seed=st.integers(0, 2**32))
def test_any_facts_in_any_order_give_one_payment(facts: list[Fact], seed: int) -> None:
    in_order = reduce(apply, facts, ROW)
    rng = random.Random(seed)
    for _ in range(4):
        mixed = [*facts, *rng.choices(facts, k=len(facts))]
        rng.shuffle(mixed)
        state = reduce(apply, mixed, ROW)
        assert state == in_order
        assert derive(state) == derive(in_order)
        assert all(apply(state, fact) is state for fact in facts)
