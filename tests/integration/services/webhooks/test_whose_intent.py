"""Whose an intent is: only the key that this service alone writes makes it ours."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient

from app.domain.money import Money
from app.extensions import services
from app.services.payments.opening import NewPayment
from tests.integration.services.webhooks.conftest import Deliver, Mongo, events, intent
from tests.support.sandbox import SandboxProcess

CONFIRM = "/api/v1/payments/stripe/confirm"


def opened(app: Flask, order: str = "order-1") -> tuple[str, str]:
    """A payment that we opened: its id and that of its intent."""
    with app.app_context():
        new = NewPayment(order_id=order, customer_id="c1", money=Money(1999, "usd"))
        made = services.payments.open(new, caller="erp", key=None)
    return made.payment_id, made.payment_intent_id


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"order_id": "order-1", "customer_id": "c1"},
        {"payment_id": "17", "order_id": "order-1"},
        {"payment_id": str(ObjectId()), "order_id": "order-1", "customer_id": "c1"},
        {"paydesk_payment": str(ObjectId()), "order_id": "order-1"},
    ],
    ids=["nothing", "an order", "another payment_id", "ids like ours", "a key like ours"],
)
def test_another_application_s_payment_is_never_ours(
    app: Flask,
    client: FlaskClient,
    deliver: Deliver,
    stripe: SandboxProcess,
    database: Mongo,
    token: Callable[..., str],
    metadata: dict[str, str],
) -> None:
    theirs = intent(stripe, **metadata)
    stripe.stripe("POST", "/v1/refunds", {"payment_intent": theirs, "amount": 500})
    for event in events(stripe):
        assert deliver(event) == 200, event["type"]
    assert database["payments"].count_documents({}) == 0
    assert set(database["webhook_events"].distinct("state")) == {"ignored"}

    headers = {"Authorization": f"Bearer {token(scope='payments:write payments:refund')}"}
    request = {"payment_intent_id": theirs, "order_id": metadata.get("order_id", "order-1")}
    answer = client.post(CONFIRM, json=request, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]) == (404, "not_found")

    result = app.test_cli_runner().invoke(args=["stripe", "reconcile", "--since", "1d", "--repair"])
    assert "0 payments compared, 1 payment intents not ours." in result.output
    assert database["payments"].count_documents({}) == 0


def test_our_intents_carry_our_key_beside_what_people_read(app: Flask, stripe: SandboxProcess) -> None:
    payment_id, intent_id = opened(app)
    made = stripe.stripe("GET", f"/v1/payment_intents/{intent_id}")
    assert made["metadata"] == {"paydesk_payment_id": payment_id, "order_id": "order-1", "customer_id": "c1"}


def test_a_lost_row_is_adopted_under_its_id(
    app: Flask, deliver: Deliver, stripe: SandboxProcess, database: Mongo
) -> None:
    payment_id, intent_id = opened(app)
    stripe.pay(intent_id)
    database["payments"].delete_many({})
    for event in reversed(events(stripe)):
        assert deliver(event) == 200
    (payment,) = database["payments"].find()
    assert (str(payment["_id"]), payment["status"]) == (payment_id, "completed")
    assert (payment["order_id"], payment["customer_id"]) == ("order-1", "c1")


def test_an_id_that_another_payment_has_is_not_taken_over(
    app: Flask, deliver: Deliver, stripe: SandboxProcess, database: Mongo
) -> None:
    """As when somebody copies the metadata of one intent to another in the Dashboard."""
    payment_id, intent_id = opened(app)
    copy = intent(stripe, paydesk_payment_id=payment_id, order_id="order-1", customer_id="c1")
    for event in events(stripe):
        assert deliver(event) == 200
    by_intent = {row["payment_intent_id"]: row for row in database["payments"].find()}
    assert by_intent.keys() == {intent_id, copy}
    assert (str(by_intent[intent_id]["_id"]), by_intent[intent_id]["status"]) == (payment_id, "pending")
    assert by_intent[copy]["status"] == "completed"


def test_an_event_alone_makes_no_payment(deliver: Deliver, stripe: SandboxProcess, database: Mongo) -> None:
    """What our own key cannot read at Stripe is not adopted, whatever the signed event says."""
    intent(stripe, paydesk_payment_id=str(ObjectId()), order_id="order-1", customer_id="c1")
    (event,) = events(stripe, "payment_intent.succeeded")
    event["data"]["object"]["id"] = "pi_of_an_account_that_we_cannot_read"
    assert deliver(event) == 200
    assert database["payments"].count_documents({}) == 0
    assert database["webhook_events"].find_one({"_id": event["id"]})["state"] == "ignored"


def test_payments_of_earlier_versions_go_on(
    app: Flask, deliver: Deliver, stripe: SandboxProcess, database: Mongo
) -> None:
    """Their intents have the keys of then: the row says whose they are, and a refund is not counted twice."""
    payment_id, intent_id = opened(app)
    keys = {"metadata[paydesk_payment_id]": "", "metadata[payment_id]": payment_id}
    stripe.stripe("POST", f"/v1/payment_intents/{intent_id}", keys)
    stripe.pay(intent_id)
    refund_id = str(ObjectId())
    request = {"payment_intent": intent_id, "amount": 500}
    named = {"metadata[refund_id]": refund_id, "metadata[payment_id]": payment_id, "metadata[notes]": "call 7"}
    stripe.stripe("POST", "/v1/refunds", request | named)
    for event in events(stripe):
        assert deliver(event) == 200
    result = app.test_cli_runner().invoke(args=["stripe", "reconcile", "--since", "1d"])
    assert "1 payments compared" in result.output and "No drift." in result.output
    (payment,) = database["payments"].find()
    assert (payment["status"], payment["amount_refunded"]) == ("completed", 500)
    assert [(refund["id"], refund["notes"]) for refund in payment["refunds"]] == [(refund_id, "call 7")]


def test_the_texts_of_another_application_s_refund_are_not_ours(
    app: Flask, deliver: Deliver, stripe: SandboxProcess, database: Mongo
) -> None:
    _, intent_id = opened(app)
    stripe.pay(intent_id)
    texts = {"metadata[refund_id]": "12", "metadata[requested_by]": "plugin", "metadata[notes]": "n"}
    refund = stripe.stripe("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": 500, **texts})
    for event in events(stripe):
        assert deliver(event) == 200
    (payment,) = database["payments"].find()
    (row,) = payment["refunds"]
    assert (row["id"], row["requested_by"], row["notes"]) == (refund["id"], None, None)
