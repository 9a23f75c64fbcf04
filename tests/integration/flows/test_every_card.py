"""Every test card from the order to the final payment: API, sandbox, webhooks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.test_reference_tables import REFERENCE
from tests.integration.flows.cards import CARDS, Expected
from tests.integration.flows.erp import Erp, new_order, until
from tests.support.sandbox import SandboxProcess

ANSWERS = {"completed": 200, "failed": 402, "pending": 409}


def test_the_table_names_every_documented_card() -> None:
    path = REFERENCE / "test-cards.json"
    if not path.exists():
        pytest.skip("the Stripe reference folder ../shared/stripe is not beside this repository")
    documented = {card["number"] for card in json.loads(path.read_text("utf-8"))["cards"] if card["number"]}
    # Cards of other countries differ from 4242… in their country only; one of them stands for all.
    by_country = {
        card["number"]
        for card in json.loads(path.read_text("utf-8"))["cards"]
        if card["category"] == "success_by_country"
    }
    assert documented - by_country <= set(CARDS)


@pytest.mark.parametrize(("number", "expected"), CARDS.items())
def test_card(erp: Erp, sandbox: SandboxProcess, number: str, expected: Expected) -> None:
    order = new_order()
    opened, intent = erp.open(order)
    assert opened == 201, intent
    sandbox.pay(intent["payment_intent_id"], card=number)

    status, answer = erp.confirm(intent["payment_intent_id"], order)
    assert status == ANSWERS[expected.status], answer
    if expected.status == "failed":
        failure = answer["failure"]
        assert (failure["decline_code"] or failure["code"]) == expected.reason

    sandbox.drain()
    payment = until(lambda: (p := erp.payment_of(order))["status"] == expected.status and p)
    assert (payment["amount"], payment["currency"], payment["order_id"]) == (100.0, "usd", order)
    assert payment["three_d_secure"]["attempted"] == expected.asked
    if expected.flow:
        assert payment["three_d_secure"]["flow"] == expected.flow
    assert [d["status"] for d in payment["disputes"]] == [expected.dispute] * expected.disputes
    if expected.status == "completed":
        assert payment["card"]["last4"] == number[-4:]
        assert payment["failure"] is None
        assert payment["completed_at"] >= payment["created_at"]
    if expected.status == "failed":
        assert (payment["failure"]["decline_code"] or payment["failure"]["code"]) == expected.reason
        assert payment["failure"]["group"] == expected.group
        assert [a["status"] for a in payment["attempts"]] == ["failed"]


@pytest.mark.parametrize("outcome", ["fail", "abandon"])
def test_three_d_secure_that_the_customer_does_not_complete(erp: Erp, sandbox: SandboxProcess, outcome: str) -> None:
    order = new_order()
    intent = erp.open(order)[1]
    sandbox.pay(intent["payment_intent_id"], card="4000002760003184", three_d_secure=outcome)
    status, answer = erp.confirm(intent["payment_intent_id"], order)
    sandbox.drain()
    payment = erp.payment_of(order)
    if outcome == "abandon":
        assert (status, answer["error"]) == (409, "payment_requires_action")
        assert payment["status"] == "requires_action"
        assert payment["three_d_secure"]["result"] == "open"
    else:
        assert (status, answer["error"]) == (402, "card_declined")
        assert payment["failure"]["group"] == "authentication"
        assert payment["three_d_secure"]["result"] == "failed"


def test_another_card_after_declines_completes_the_same_intent(erp: Erp, sandbox: SandboxProcess) -> None:
    order = new_order()
    intent = erp.open(order)[1]
    for number in ("4000000000000002", "4000000000009995", "4242424242424242"):
        assert erp.open(order)[1]["payment_intent_id"] == intent["payment_intent_id"]
        sandbox.pay(intent["payment_intent_id"], card=number)
    assert erp.confirm(intent["payment_intent_id"], order)[0] == 200
    sandbox.drain()
    payment = erp.payment_of(order)
    assert [a["status"] for a in payment["attempts"]] == ["failed", "failed", "succeeded"]


def test_a_pending_refund_settles_by_webhook(erp: Erp, sandbox: SandboxProcess) -> None:
    payment = paid(erp, sandbox, "4000000000007726")
    status, refund = erp.refund(payment["id"], amount=40.0)
    assert (status, refund["status"]) == (201, "pending")
    assert erp.payment_of(payment["order_id"])["refund_status"] == "pending"
    sandbox.post(f"refunds/{refund['stripe_refund_id']}/settle", {"status": "succeeded"})
    sandbox.drain()
    settled = erp.payment_of(payment["order_id"])
    assert (settled["refund_status"], settled["amount_refunded"]) == ("partial", 40.0)


def test_a_refund_that_fails_days_later_gives_the_amount_back(erp: Erp, sandbox: SandboxProcess) -> None:
    payment = paid(erp, sandbox, "4000000000005126")
    status, refund = erp.refund(payment["id"])
    assert (status, refund["status"], refund["amount"]) == (201, "succeeded", 100.0)
    assert erp.payment_of(payment["order_id"])["refund_status"] == "full"
    sandbox.post(f"refunds/{refund['stripe_refund_id']}/settle", {"status": "failed"})
    sandbox.drain()
    settled = erp.payment_of(payment["order_id"])
    assert (settled["refund_status"], settled["amount_refunded"]) == ("none", 0.0)
    assert settled["refunds"][0]["status"] == "failed"


def test_a_disputed_payment_cannot_be_refunded_too(erp: Erp, sandbox: SandboxProcess) -> None:
    payment = paid(erp, sandbox, "4000000000000259")
    sandbox.drain()
    until(lambda: erp.payment_of(payment["order_id"])["disputed"])
    status, answer = erp.refund(payment["id"], amount=1.0)
    assert (status, answer["error"]) == (409, "payment_disputed")
    assert erp.payment_of(payment["order_id"])["refunds"] == []


def test_a_refund_made_at_stripe_is_learnt(erp: Erp, sandbox: SandboxProcess) -> None:
    payment = paid(erp, sandbox, "4242424242424242")
    sandbox.stripe("POST", "/v1/refunds", {"payment_intent": payment["payment_intent_id"], "amount": 2500})
    sandbox.drain()
    settled = until(lambda: (p := erp.payment_of(payment["order_id"]))["amount_refunded"] == 25.0 and p)
    assert len(settled["refunds"]) == 1
    status, answer = erp.refund(payment["id"], amount=80.0)
    assert (status, answer["error"]) == (409, "amount_exceeds_refundable")


def paid(erp: Erp, sandbox: SandboxProcess, number: str) -> dict[str, Any]:
    """A completed payment of 100.00 made with a card."""
    order = new_order()
    intent = erp.open(order)[1]
    sandbox.pay(intent["payment_intent_id"], card=number)
    status, payment = erp.confirm(intent["payment_intent_id"], order)
    assert status == 200, payment
    return payment
