"""Payment methods: what counts as 3-D Secure, what a payment waits for, and what is known of its method."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from itertools import permutations

import pytest

from app.domain.payments.derivation import derive
from app.domain.payments.evidence import ChallengeEvidence, ChargeEvidence, PaymentState
from app.domain.payments.facts import AttemptError, ChargeFact, Fact, Failure, IntentFact, ThreeDSecure
from app.domain.payments.merge import apply
from app.domain.payments.methods import PaymentMethod, Waiting
from app.domain.payments.payment import Payment
from app.domain.payments.snapshot import record
from app.domain.payments.states import ChargeStatus
from tests.unit.domain.payments.stories import AMOUNT, CARD, OXXO, SEPA, START, VISA, Simulator

ROW = PaymentState(payment_id="p1", order_id="o1", customer_id="c1", amount=AMOUNT, currency="usd", opened_at=START)
REFUSED = Failure("payment_intent_authentication_failure")


def intent(status: str, as_of: int = START, **more: object) -> IntentFact:
    simulator = Simulator()
    simulator.intent(status, "pm_1", as_of=as_of, **more)
    fact = simulator.story.facts[-1]
    assert isinstance(fact, IntentFact)
    return fact


def charge(method: PaymentMethod, status: str = "succeeded", **more: object) -> ChargeFact:
    simulator = Simulator()
    fact = replace(
        simulator.of_another_kind(method, 1),
        status=ChargeStatus(status),
        captured=status == "succeeded",
        amount_captured=AMOUNT if status == "succeeded" else 0,
    )
    return replace(fact, **more)  # type: ignore[arg-type]


def in_any_order(*facts: Fact) -> Payment:
    """The payment, which is the same in every order of the facts."""
    payments = [derive(reduce(apply, order, ROW)) for order in permutations(facts)]
    assert all(payment == payments[0] for payment in payments)
    return payments[0]


@pytest.mark.parametrize(
    ("action", "method", "authenticates"),
    [
        ("use_stripe_sdk", CARD, True),
        ("redirect_to_url", CARD, True),
        ("use_stripe_sdk", None, True),
        ("redirect_to_url", None, False),
        ("redirect_to_url", PaymentMethod(type="link"), True),
        ("redirect_to_url", PaymentMethod(type="ideal"), False),
        ("redirect_to_url", PaymentMethod(type="klarna"), False),
        ("use_stripe_sdk", PaymentMethod(type="wechat_pay"), False),
        ("card_await_notification", CARD, False),
        ("wechat_pay_display_qr_code", None, False),
        ("cashapp_handle_redirect_or_display_qr_code", None, False),
        ("pix_display_qr_code", None, False),
        ("oxxo_display_details", None, False),
        ("multibanco_display_details", None, False),
        ("display_bank_transfer_instructions", None, False),
        ("verify_with_microdeposits", PaymentMethod(type="us_bank_account"), False),
    ],
)
def test_an_action_is_3d_secure_only_where_a_card_is_authenticated(
    action: str, method: PaymentMethod | None, authenticates: bool
) -> None:
    opened = in_any_order(intent("requires_action", action=action, method=method))
    assert opened.status == "requires_action"
    assert (opened.waiting_for == Waiting.AUTHENTICATION) is authenticates
    canceled = in_any_order(intent("requires_action", action=action, method=method), intent("canceled", START + 9))
    for payment in (opened, canceled):
        assert payment.three_d_secure.attempted is authenticates
    assert canceled.three_d_secure.outcome == ("abandoned" if authenticates else None)


@pytest.mark.parametrize(
    ("action", "waiting"),
    [
        ("oxxo_display_details", "voucher"),
        ("boleto_display_details", "voucher"),
        ("konbini_display_details", "voucher"),
        ("multibanco_display_details", "voucher"),
        ("display_bank_transfer_instructions", "bank_transfer"),
        ("verify_with_microdeposits", "verification"),
        ("pix_display_qr_code", "customer"),
    ],
)
def test_what_a_payment_waits_for(action: str, waiting: str) -> None:
    assert in_any_order(intent("requires_action", action=action)).waiting_for == waiting
    assert in_any_order(intent("requires_action", action=action), intent("succeeded", START + 9)).waiting_for is None


@pytest.mark.parametrize(
    ("action", "type_"),
    [
        ("oxxo_display_details", "oxxo"),
        ("display_bank_transfer_instructions", "customer_balance"),
        ("wechat_pay_redirect_to_ios_app", "wechat_pay"),
        ("redirect_to_url", None),
        ("verify_with_microdeposits", None),
    ],
)
def test_an_action_of_one_type_says_what_is_paid_with(action: str, type_: str | None) -> None:
    (attempt,) = in_any_order(intent("requires_action", action=action)).attempts
    assert (attempt.payment_method.type if attempt.payment_method else None) == type_


def test_a_redirect_is_decided_again_when_the_charge_tells_the_type() -> None:
    asked = intent("requires_action", action="redirect_to_url")
    assert in_any_order(asked).three_d_secure.attempted is False
    by_bank = in_any_order(asked, charge(PaymentMethod(type="ideal", bank="ing")))
    assert (by_bank.three_d_secure.attempted, len(by_bank.attempts)) == (False, 1)
    shown = ThreeDSecure("authenticated", "challenge")
    by_card = in_any_order(asked, charge(CARD, three_d_secure=shown))
    assert (by_card.three_d_secure.outcome, len(by_card.attempts)) == ("authenticated", 1)


def test_a_captcha_of_a_card_is_no_authentication() -> None:
    payment = in_any_order(intent("requires_action", action="use_stripe_sdk", method=CARD), charge(CARD))
    assert payment.status == "completed"
    assert not payment.three_d_secure.attempted


def test_a_failed_redirect_to_a_bank_is_a_failure_and_no_3d_secure() -> None:
    error = AttemptError(
        failure=REFUSED, charge_id=None, payment_method_id="pm_1", card=None, method=PaymentMethod(type="ideal")
    )
    payment = in_any_order(
        intent("requires_action", action="redirect_to_url"),
        intent("requires_payment_method", START + 5, last_error=error),
    )
    assert (payment.status, payment.three_d_secure.attempted) == ("failed", False)
    assert payment.payment_method == PaymentMethod(type="ideal")


def test_the_card_that_failed_3d_secure_is_kept() -> None:
    error = AttemptError(failure=REFUSED, charge_id=None, payment_method_id="pm_1", card=VISA, method=CARD)
    payment = in_any_order(
        intent("requires_action", action="use_stripe_sdk"),
        intent("requires_payment_method", START + 5, last_error=error),
    )
    assert (payment.card, payment.payment_method) == (VISA, CARD)
    assert payment.attempts[0].three_d_secure.outcome == "failed"


def test_a_voucher_with_a_pending_charge_waits_for_the_customer_until_it_is_processed() -> None:
    pending = charge(OXXO, "pending")
    shown = intent("requires_action", START + 2, action="oxxo_display_details", latest_charge_id=pending.charge_id)
    waiting = in_any_order(pending, shown)
    assert (waiting.status, waiting.waiting_for, len(waiting.attempts)) == ("requires_action", Waiting.VOUCHER, 1)
    paid = intent("processing", START + 9, latest_charge_id=pending.charge_id)
    assert in_any_order(pending, shown, paid).status == "processing"
    gone = intent("requires_payment_method", START + 9, latest_charge_id=pending.charge_id)
    assert [a.status for a in in_any_order(pending, shown, gone).attempts] == ["abandoned"]


def test_a_failure_that_names_neither_charge_nor_method_is_one_failed_attempt() -> None:
    error = AttemptError(failure=Failure("processing_error"), charge_id=None, payment_method_id=None, card=None)
    first, again = (intent("requires_payment_method", START + at, last_error=error) for at in (3, 8))
    payment = in_any_order(first, again)
    assert [(a.status, a.created, a.charge_id) for a in payment.attempts] == [("failed", START + 3, None)]
    assert (payment.status, payment.failure) == ("failed", Failure("processing_error"))
    assert len(in_any_order(first, charge(CARD, "failed", failure=Failure("processing_error"))).attempts) == 1


@pytest.mark.parametrize(("status", "expected"), [("requires_capture", "authorized"), ("processing", "processing")])
@pytest.mark.parametrize("charge_id", ["ch_1", None])
def test_money_on_its_way_is_seen_before_its_charge(status: str, expected: str, charge_id: str | None) -> None:
    before = intent("requires_payment_method", START)
    payment = in_any_order(before, intent(status, START + 5, latest_charge_id=charge_id))
    assert payment.status == expected
    after = in_any_order(
        before, intent(status, START + 5, latest_charge_id=charge_id), charge(CARD, captured=True), intent("succeeded")
    )
    assert (after.status, len(after.attempts)) == ("completed", 1)


def test_processing_without_a_charge_ends_with_the_next_failure() -> None:
    error = AttemptError(failure=Failure("card_declined"), charge_id=None, payment_method_id="pm_1", card=VISA)
    payment = in_any_order(
        intent("processing", START + 5), intent("requires_payment_method", START + 9, last_error=error)
    )
    assert payment.status == "failed"


def test_records_of_earlier_versions_stay_what_they_were() -> None:
    """Their evidence has cards and no methods, and their 3-D Secure requests name no action."""
    asked = ChallengeEvidence(requested_at=START, last_requested_at=START)
    paid = ChargeEvidence(
        status=ChargeStatus.SUCCEEDED,
        first_seen=START,
        created=START,
        amount=AMOUNT,
        amount_captured=AMOUNT,
        captured=True,
        payment_method_id="pm_1",
        card=VISA,
    )
    payment = derive(replace(ROW, charges={"ch_1": paid}, challenges={"pm_1": asked}))
    assert payment.three_d_secure.outcome == "attempted"
    kept = record(payment)
    assert "payment_method" not in kept and "payment_method" not in kept["attempts"][0]
    assert payment.payment_method == PaymentMethod(type="card", brand="visa", last4="4242", country="US")


def test_what_is_known_of_a_method_is_put_together() -> None:
    hint = intent("processing", START + 1, latest_charge_id="ch_1", method=PaymentMethod(type="sepa_debit"))
    payment = in_any_order(hint, charge(SEPA, "pending"))
    assert payment.payment_method == SEPA
    assert payment.card is None
    assert record(payment)["payment_method"] == {
        "type": "sepa_debit",
        "wallet": None,
        "brand": None,
        "last4": "3000",
        "country": "DE",
        "funding": None,
        "bank": "37040044",
    }
