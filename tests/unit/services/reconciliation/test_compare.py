from __future__ import annotations

from dataclasses import replace

from app.domain.payments.derivation import derive
from app.domain.payments.facts import AttemptError, Fact, Failure, IntentFact, RefundFact
from app.domain.payments.merge import adopt
from app.domain.payments.states import IntentStatus, RefundState
from app.models.payments.repository import StoredPayment
from app.services.reconciliation.compare import Difference, DriftKind, compare, merge

CREATED = 1_700_000_000


def intent(**changes: object) -> IntentFact:
    fact = IntentFact(
        intent_id="pi_1",
        status=IntentStatus.REQUIRES_PAYMENT_METHOD,
        amount=1000,
        currency="usd",
        created=CREATED,
        as_of=CREATED,
        livemode=False,
        capture_method="automatic",
        amount_received=0,
        payment_method_id=None,
        latest_charge_id=None,
        charge=None,
        last_error=None,
        canceled_at=None,
        cancellation_reason=None,
        order_id="order-1",
        customer_id="customer-1",
        payment_id=None,
        description=None,
    )
    return replace(fact, **changes)  # type: ignore[arg-type]


UNAUTHENTICATED = AttemptError(
    failure=Failure("payment_intent_authentication_failure"), charge_id=None, payment_method_id="pm_1", card=None
)
ASKED = intent(as_of=CREATED + 10, status=IntentStatus.REQUIRES_ACTION, payment_method_id="pm_1")
FAILED = intent(as_of=CREATED + 20, last_error=UNAUTHENTICATED)
FETCHED = intent(as_of=CREATED + 9_000, last_error=UNAUTHENTICATED)


def stored(*facts: Fact) -> StoredPayment:
    state = merge(adopt(intent(), "a" * 24), facts)
    return StoredPayment(state, derive(state), 1, None)


def repaired(row: StoredPayment, found: Difference) -> StoredPayment:
    assert found.intent is not None
    state = merge(row.state, [*found.facts, found.intent])
    return StoredPayment(state, derive(state), 2, None)


def test_what_is_equal_is_no_difference() -> None:
    assert compare(stored(), intent(as_of=CREATED + 500), []) is None


def test_an_unknown_intent_is_missing_here() -> None:
    found = compare(None, FETCHED, [])
    assert found is not None
    assert (found.kind, found.amount, found.currency) == (DriftKind.MISSING_HERE, 1000, "usd")


def test_a_failed_request_known_by_its_event_keeps_its_time() -> None:
    assert compare(stored(ASKED, FAILED), FETCHED, []) is None
    found = compare(stored(), FETCHED, [ASKED, FAILED])
    assert found is not None
    after = repaired(stored(), found)
    assert [a.created for a in after.payment.attempts] == [CREATED + 10]
    assert after.state.challenges == stored(ASKED, FAILED).state.challenges


def test_a_failed_request_known_by_the_error_alone_has_the_same_time_at_every_fetch() -> None:
    found = compare(stored(), FETCHED, [])
    assert found is not None
    assert found.fields["attempts"] == [[], ["failed"]]
    after = repaired(stored(), found)
    assert [a.created for a in after.payment.attempts] == [CREATED]
    assert compare(after, replace(FETCHED, as_of=CREATED + 20_000), []) is None


def test_a_second_failed_request_of_a_saved_card_is_no_abandoned_one() -> None:
    again = replace(ASKED, as_of=CREATED + 30)
    row = stored(ASKED, FAILED, again)
    found = compare(row, FETCHED, [])
    assert found is not None
    assert [a.status.value for a in repaired(row, found).payment.attempts] == ["failed"]


def test_a_request_that_nobody_answers_any_more_is_abandoned() -> None:
    found = compare(stored(ASKED), intent(as_of=CREATED + 500), [])
    assert found is not None
    assert found.fields["status"] == ["requires_action", "pending"]
    assert found.fields["attempts"] == [["open"], ["abandoned"]]


def test_a_request_of_the_second_of_the_fetch_is_left_open() -> None:
    """It may have been made after Stripe answered."""
    row = stored(ASKED)
    assert compare(row, intent(as_of=ASKED.as_of), []) is None


def test_a_detail_that_an_earlier_version_did_not_keep_is_no_difference() -> None:
    paid = intent(as_of=CREATED + 5, status=IntentStatus.SUCCEEDED, amount_received=1000)
    refund = RefundFact(
        stripe_refund_id="re_1",
        refund_id=None,
        intent_id="pi_1",
        charge_id=None,
        amount=100,
        currency="usd",
        status=RefundState.SUCCEEDED,
        reason="requested_by_customer",
        failure_reason=None,
        created=CREATED + 9,
        as_of=CREATED + 9,
    )
    row = stored(paid, refund)
    assert compare(row, paid, [replace(refund, stripe_reason="requested_by_customer")]) is None
    failed = compare(row, paid, [replace(refund, stripe_reason="duplicate", status=RefundState.FAILED)])
    assert failed is not None
    assert failed.fields["refunds"] == [["succeeded"], ["failed"]]
