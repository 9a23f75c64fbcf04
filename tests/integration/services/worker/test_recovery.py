"""Payments and refunds whose request ended before it learnt Stripe's answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from bson import ObjectId

from app.domain.money import Money
from app.domain.payments.payment import Refund
from app.domain.payments.states import CaptureMethod, ClosingKind
from app.errors import RequestInProgress, StripeUnavailable
from app.models.payments import repository
from app.services import Services, audit
from app.services.payments.closings import ClosingRequest
from app.services.payments.opening import NewPayment
from app.services.refunds.service import RefundRequest
from app.services.worker.recovery import NEVER_REACHED
from tests.integration.services.worker.conftest import Mongo
from tests.support.sandbox import SandboxProcess

WANTED = NewPayment(order_id="order-1", customer_id="customer-1", money=Money(10000, "usd"))
# The SDK repeats a failed call once by itself.
CALLS = 2


def always() -> bool:
    return True


def crash_while_creating(uses: Services, database: Mongo, sandbox: SandboxProcess, effect: str) -> str:
    """A payment whose request died while it asked Stripe; ``answer_lost`` means that Stripe made the intent."""
    match = {"method": "POST", "path": "^/v1/payment_intents$"}
    sandbox.fault(match=match, times=CALLS, effect=effect)
    with pytest.raises(StripeUnavailable):
        uses.payments.open(WANTED, caller="test", key=None)
    past = datetime.now(UTC) - timedelta(minutes=2)
    database["payments"].update_one({}, {"$set": {"creating_until": past}})
    return str(the_payment(database)["_id"])


def ask_in_vain(uses: Services, sandbox: SandboxProcess, effect: str) -> str:
    """A completed payment with a refund of 40.00 that got no answer; the payment's id."""
    opened = uses.payments.open(WANTED, caller="test", key=None)
    sandbox.pay(opened.payment_intent_id)
    uses.payments.confirm(opened.payment_intent_id, "order-1", customer=None, caller="test", key=None)
    sandbox.fault(match={"method": "POST", "path": "^/v1/refunds$"}, times=CALLS, effect=effect)
    with pytest.raises(StripeUnavailable):
        refund(uses, opened.payment_id)
    return opened.payment_id


def refund(uses: Services, payment_id: str, by: str = "finance@example.com") -> Refund:
    order = RefundRequest(payment_id=payment_id, amount=Decimal(40), reason="late", requested_by=by)
    return uses.refunds.refund(order, customer=None, key=None)


def the_payment(database: Mongo) -> dict[str, Any]:
    (found,) = database["payments"].find()
    return found


def is_in_order(payment: dict[str, Any]) -> bool:
    return audit.check_payment(payment) == []


def test_an_intent_that_was_made_is_found(uses: Services, database: Mongo, sandbox: SandboxProcess) -> None:
    crash_while_creating(uses, database, sandbox, "answer_lost")
    (intent_id,) = sandbox.intents_of("order-1")
    assert uses.recovery.payments(always) == {"found": 1}
    payment = the_payment(database)
    assert payment["payment_intent_id"] == intent_id
    assert "creating_until" not in payment
    assert payment["history"][-1]["source"] == "worker"
    assert is_in_order(payment)
    assert uses.recovery.payments(always) == {}


def test_an_intent_that_was_not_made_can_be_asked_for_again(
    uses: Services, database: Mongo, sandbox: SandboxProcess
) -> None:
    payment_id = crash_while_creating(uses, database, sandbox, "503")
    assert uses.recovery.payments(always) == {"released": 1}
    assert the_payment(database)["status"] == "pending"
    assert "creating_until" not in the_payment(database)
    again = uses.payments.open(WANTED, caller="test", key=None)
    assert again.payment_id == payment_id
    assert sandbox.intents_of("order-1") == [again.payment_intent_id]


def test_a_request_that_may_still_run_is_left_alone(uses: Services, database: Mongo, sandbox: SandboxProcess) -> None:
    crash_while_creating(uses, database, sandbox, "answer_lost")
    soon = datetime.now(UTC) + timedelta(seconds=30)
    database["payments"].update_one({}, {"$set": {"creating_until": soon}})
    sandbox.delete("requests")
    assert uses.recovery.payments(always) == {}
    assert sandbox.requests() == []


def test_a_stripe_that_is_away_leaves_everything_for_later(
    uses: Services, database: Mongo, sandbox: SandboxProcess
) -> None:
    crash_while_creating(uses, database, sandbox, "answer_lost")
    sandbox.fault(match={"method": "GET"}, times=None, effect="503")
    with pytest.raises(StripeUnavailable):
        uses.recovery.payments(always)
    assert the_payment(database)["creating_until"] > datetime.now(UTC)
    sandbox.delete("faults")
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=110)):
        assert uses.recovery.payments(always) == {"found": 1}


def test_a_refund_that_was_made_is_found(uses: Services, database: Mongo, sandbox: SandboxProcess) -> None:
    ask_in_vain(uses, sandbox, "answer_lost")
    assert uses.recovery.refunds(always) == {"found": 1}
    payment = the_payment(database)
    (row,) = payment["refunds"]
    assert (row["status"], row["amount"], row["requested_by"]) == ("succeeded", 4000, "finance@example.com")
    assert payment["amount_refunded"] == sandbox.refunded(payment["payment_intent_id"]) == 4000
    assert is_in_order(payment)
    assert uses.recovery.refunds(always) == {}


def test_a_refund_that_never_reached_stripe_gives_the_money_free_when_that_is_certain(
    uses: Services, database: Mongo, sandbox: SandboxProcess
) -> None:
    payment_id = ask_in_vain(uses, sandbox, "503")
    assert the_payment(database)["amount_refundable"] == 6000
    for minutes in (0, 14):
        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes)):
            assert uses.recovery.refunds(always) == {"waiting": 1}
        assert the_payment(database)["amount_refundable"] == 6000, "it may yet be made"
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=16)):
        assert uses.recovery.refunds(always) == {"refused": 1}
        assert uses.recovery.refunds(always) == {}
    payment = the_payment(database)
    assert [(r["status"], r["failure_reason"]) for r in payment["refunds"]] == [("failed", NEVER_REACHED)]
    assert payment["amount_refundable"] == 10000
    assert is_in_order(payment)

    assert refund(uses, payment_id).status == "succeeded"
    assert sandbox.refunded(payment["payment_intent_id"]) == 4000, "asked for again, made once"


def test_stripe_s_word_outweighs_a_refusal(uses: Services, database: Mongo, sandbox: SandboxProcess) -> None:
    """A retry that got through while the worker gave up: the money went out, and our books say so."""
    ask_in_vain(uses, sandbox, "503")
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=16)):
        uses.recovery.refunds(always)
    payment = the_payment(database)
    params = {
        "payment_intent": payment["payment_intent_id"],
        "amount": 4000,
        "metadata[paydesk_refund_id]": payment["refunds"][0]["id"],
    }
    sandbox.stripe("POST", "/v1/refunds", params)
    (event,) = sandbox.stripe("GET", "/v1/events", {"type": "charge.refunded"})["data"]
    uses.webhooks.apply(event)
    payment = the_payment(database)
    assert [(r["status"], r["amount"]) for r in payment["refunds"]] == [("succeeded", 4000)]
    assert payment["amount_refundable"] == 6000


def test_a_refund_that_a_request_may_still_be_making_is_left_alone(
    uses: Services, database: Mongo, sandbox: SandboxProcess
) -> None:
    payment_id = ask_in_vain(uses, sandbox, "503")
    (refund_id,) = (r["id"] for r in the_payment(database)["refunds"])
    # As after a crash: nobody noted that there was no answer.
    unset = {"$unset": {f"evidence.refunds.{refund_id}.unanswered": ""}}
    database["payments"].update_one({"_id": ObjectId(payment_id)}, unset)
    sandbox.delete("requests")
    assert uses.recovery.refunds(always) == {"skipped": 1}
    assert sandbox.requests() == []
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=50)):
        assert uses.recovery.refunds(always) == {"waiting": 1}


HOLD = replace(WANTED, capture_method=CaptureMethod.MANUAL)


def close_in_vain(uses: Services, sandbox: SandboxProcess, kind: ClosingKind, effect: str) -> str:
    """A hold whose capture or cancellation got no answer; the payment's id."""
    opened = uses.payments.open(HOLD, caller="test", key=None)
    sandbox.pay(opened.payment_intent_id)
    sandbox.fault(match={"method": "POST", "path": f"/{kind}$"}, times=CALLS, effect=effect)
    with pytest.raises(StripeUnavailable):
        uses.closings.close(ClosingRequest(payment_id=opened.payment_id, kind=kind, requested_by="ann"), key=None)
    return opened.payment_id


@pytest.mark.parametrize("effect", ["answer_lost", "503"])
@pytest.mark.parametrize(
    ("kind", "status"), [(ClosingKind.CAPTURE, "completed"), (ClosingKind.CANCEL, "canceled")], ids=str
)
def test_a_capture_or_cancellation_without_an_answer_is_completed(
    uses: Services, database: Mongo, sandbox: SandboxProcess, kind: ClosingKind, status: str, effect: str
) -> None:
    close_in_vain(uses, sandbox, kind, effect)
    assert uses.recovery.closings(always) == {}, "the request may still run"
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2)):
        assert uses.recovery.closings(always) == {"completed": 1}
        assert uses.recovery.closings(always) == {}
    payment = the_payment(database)
    assert payment["status"] == status
    assert "closing_since" not in payment
    assert payment["history"][-1]["source"] == "worker"
    assert is_in_order(payment)


def test_a_capture_that_ended_in_another_way_is_given_up(
    uses: Services, database: Mongo, sandbox: SandboxProcess
) -> None:
    close_in_vain(uses, sandbox, ClosingKind.CAPTURE, "503")
    sandbox.stripe("POST", f"/v1/payment_intents/{the_payment(database)['payment_intent_id']}/cancel")
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2)):
        assert uses.recovery.closings(always) == {"refused": 1}
        assert uses.recovery.closings(always) == {}
    assert the_payment(database)["status"] == "canceled"


def test_a_crash_between_the_note_and_the_call_is_completed(
    uses: Services, database: Mongo, sandbox: SandboxProcess
) -> None:
    payment_id = close_in_vain(uses, sandbox, ClosingKind.CAPTURE, "503")
    (closing_id,) = the_payment(database)["evidence"]["closings"]
    # As after a crash: nobody noted that there was no answer.
    unset = {"$unset": {f"evidence.closings.{closing_id}.unanswered_at": ""}}
    database["payments"].update_one({"_id": ObjectId(payment_id)}, unset)
    with pytest.raises(RequestInProgress):
        uses.closings.close(
            ClosingRequest(payment_id=payment_id, kind=ClosingKind.CANCEL, requested_by="ann"), key=None
        )
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2)):
        assert uses.recovery.closings(always) == {"completed": 1}
    assert the_payment(database)["amount_captured"] == 10000


def test_one_that_fails_keeps_no_other_waiting(uses: Services, database: Mongo, sandbox: SandboxProcess) -> None:
    payment_id = ask_in_vain(uses, sandbox, "answer_lost")
    broken = {**the_payment(database), "_id": ObjectId("0" * 24), "payment_intent_id": "pi_x"}
    broken.pop("evidence")
    database["payments"].insert_one(broken)
    assert uses.recovery.refunds(always) == {"failed": 1, "found": 1}
    found = database["payments"].find_one({"_id": ObjectId(payment_id)})
    assert found["amount_refunded"] == 4000


def test_the_searches_read_only_what_they_look_for(uses: Services, database: Mongo) -> None:
    now = datetime.now(UTC)
    payments = database["payments"]
    for number in range(300):
        payments.insert_one(
            {"payment_intent_id": f"pi_{number}", "refunds": [one_refund("succeeded", f"re_{number}", now)]}
        )
    payments.insert_many(
        [
            {"payment_intent_id": "pi_a", "refunds": [one_refund("pending", "re_a", now)]},
            {"payment_intent_id": "pi_b", "refunds": [one_refund("pending", None, now)]},
            {"payment_intent_id": None, "creating_until": now - timedelta(seconds=1)},
            {"payment_intent_id": None, "creating_until": now + timedelta(seconds=60)},
        ]
    )
    for query in (repository.unnamed_refunds_query(), repository.without_answer_query(now)):
        seen = payments.find(query).explain()["executionStats"]
        assert (seen["nReturned"], seen["totalDocsExamined"]) == (1, 1)


def one_refund(status: str, stripe_refund_id: str | None, at: datetime) -> dict[str, Any]:
    return {"status": status, "stripe_refund_id": stripe_refund_id, "created_at": at}
