"""Deliveries over HTTP as Stripe makes them: rolled secrets, old signatures, odd orders, other people's events."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.money import Money
from app.factory import create_app
from app.services import Services
from app.services.payments.opening import NewPayment
from config import Settings
from tests.conftest import WEBHOOK_SECRET
from tests.integration.services.worker.conftest import Mongo, events_of, paid_at_stripe
from tests.support.ownership import our_metadata
from tests.support.sandbox import SandboxProcess
from tests.support.webhooks import WEBHOOK_PATH, signed

OLD, NEW = WEBHOOK_SECRET, "whsec_test_new_" + "1" * 32
Deliver = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def app(settings: Settings) -> Flask:
    """The application while the secret is being rolled: it takes both."""
    return create_app(replace(settings, stripe_webhook_secret=(OLD, NEW)))


@pytest.fixture
def deliver(uses: Services, client: FlaskClient) -> Deliver:
    """``deliver(event, secret=…, age=seconds)``: status and body of the answer."""

    def post(event: dict[str, Any] | bytes, secret: str = OLD, age: float = 0) -> tuple[int, dict[str, Any]]:
        body, headers = signed(event, secret, at=time.time() - age)
        answer = client.post(WEBHOOK_PATH, data=body, headers=headers)
        return answer.status_code, answer.get_json()

    return post


def row(database: Mongo, event: dict[str, Any]) -> dict[str, Any]:
    found = database["webhook_events"].find_one({"_id": event["id"]})
    assert found is not None
    return found


def test_an_event_under_the_old_and_the_new_secret_is_one(
    deliver: Deliver, database: Mongo, sandbox: SandboxProcess
) -> None:
    paid_at_stripe(sandbox, "order-1")
    (event,) = events_of(sandbox, "payment_intent.succeeded")
    assert deliver(event, OLD) == (200, {"received": True})
    payment = database["payments"].find_one({})
    assert deliver(event, NEW) == (200, {"received": True})
    assert database["webhook_events"].count_documents({}) == 1
    found = row(database, event)
    assert (found["state"], found["delivery_count"], found["attempts"]) == ("applied", 2, 1)
    assert found["last_delivery_at"] > found["first_delivery_at"]
    assert list(database["payments"].find()) == [payment], "the second delivery changed nothing"


def test_a_header_with_a_signature_of_each_secret_is_taken(
    uses: Services, client: FlaskClient, settings: Settings, sandbox: SandboxProcess
) -> None:
    """Stripe signs with both secrets for a day when one is rolled there."""
    paid_at_stripe(sandbox, "order-1")
    (event,) = events_of(sandbox, "payment_intent.succeeded")
    at = time.time()
    body, foreign = signed(event, "whsec_of_somebody_else", at)
    _, ours = signed(event, NEW, at)
    both = foreign["Stripe-Signature"] + "," + ours["Stripe-Signature"].split(",")[1]
    answer = client.post(WEBHOOK_PATH, data=body, headers={**ours, "Stripe-Signature": both})
    assert answer.status_code == 200


def test_a_retired_secret_is_refused_and_nothing_is_stored(
    uses: Services, settings: Settings, database: Mongo, sandbox: SandboxProcess
) -> None:
    paid_at_stripe(sandbox, "order-1")
    (event,) = events_of(sandbox, "payment_intent.succeeded")
    rolled = create_app(replace(settings, stripe_webhook_secret=(NEW,))).test_client()
    body, headers = signed(event, OLD)
    answer = rolled.post(WEBHOOK_PATH, data=body, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "webhook_signature_invalid")
    assert database["webhook_events"].count_documents({}) == 0
    body, headers = signed(event, NEW)
    assert rolled.post(WEBHOOK_PATH, data=body, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("age", "status"),
    [(290, 200), (310, 400), (-600, 200)],
    ids=["within five minutes", "older", "a clock of Stripe's that is ahead of ours"],
)
def test_how_old_a_signature_may_be(
    deliver: Deliver, database: Mongo, sandbox: SandboxProcess, age: int, status: int
) -> None:
    paid_at_stripe(sandbox, "order-1")
    (event,) = events_of(sandbox, "payment_intent.succeeded")
    answered, told = deliver(event, age=age)
    assert answered == status, told
    assert database["webhook_events"].count_documents({}) == (1 if status == 200 else 0)


def test_a_redelivery_days_later_has_a_fresh_signature_and_an_old_event(
    deliver: Deliver, database: Mongo, sandbox: SandboxProcess
) -> None:
    sandbox.put("clock", {"offset": -3 * 86400})
    paid_at_stripe(sandbox, "order-1")
    (event,) = events_of(sandbox, "payment_intent.succeeded")
    assert time.time() - event["created"] > 2 * 86400
    assert deliver(event, age=400)[0] == 400, "the first delivery was delayed on its way"
    assert deliver(event)[0] == 200
    assert row(database, event)["delivery_count"] == 1


def test_an_older_event_that_comes_last_changes_nothing_back(
    deliver: Deliver, database: Mongo, sandbox: SandboxProcess
) -> None:
    """A decline that is told after the success that followed it is one more attempt, and the payment stays paid."""
    params = {"amount": 1999, "currency": "usd", **our_metadata("order-1")}
    sandbox.put("clock", {"offset": -120})
    intent = sandbox.stripe("POST", "/v1/payment_intents", params)
    sandbox.put("clock", {"offset": -60})
    sandbox.pay(intent["id"], "4000000000009995")
    sandbox.put("clock", {"offset": 0})
    sandbox.pay(intent["id"])
    (succeeded,) = events_of(sandbox, "payment_intent.succeeded")
    (failed,) = events_of(sandbox, "payment_intent.payment_failed")
    (created,) = events_of(sandbox, "payment_intent.created")
    assert created["created"] < failed["created"] < succeeded["created"]
    for event in (succeeded, failed, created):
        assert deliver(event)[0] == 200
    (payment,) = database["payments"].find()
    assert (payment["status"], payment["failure"]) == ("completed", None)
    assert [attempt["status"] for attempt in payment["attempts"]] == ["failed", "succeeded"]


def test_an_event_that_overtakes_the_answer_to_create_intent(
    uses: Services, deliver: Deliver, database: Mongo, sandbox: SandboxProcess
) -> None:
    """Stripe tells of the intent while our request for it still waits: the row that waits is the payment."""
    wanted = NewPayment(order_id="order-1", customer_id="c1", money=Money(1999, "usd"))
    sandbox.fault(effect="answer_lost", match={"method": "POST", "path": "^/v1/payment_intents$"}, times=1)
    # The SDK's repetition of the lost call is the one that waits.
    sandbox.fault(effect="slow", delay_ms=4000, match={"method": "POST", "path": "^/v1/payment_intents$"}, times=1)
    real = behind(uses)
    opened: list[Any] = []
    request = threading.Thread(target=lambda: opened.append(real.payments.open(wanted, caller="test", key=None)))
    request.start()
    deadline = time.monotonic() + 10
    while not (made := events_of(sandbox, "payment_intent.created")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert database["payments"].find_one({})["payment_intent_id"] is None
    sandbox.pay(made[0]["data"]["object"]["id"])
    for type_ in ("charge.succeeded", "payment_intent.created", "payment_intent.succeeded"):
        (event,) = events_of(sandbox, type_)
        assert deliver(event) == (200, {"received": True})
        assert row(database, event)["state"] == "applied"
    assert not opened, "the request still waits"
    request.join()
    (payment,) = database["payments"].find()
    assert str(payment["_id"]) == opened[0].payment_id
    assert (payment["status"], payment["payment_intent_id"]) == ("completed", opened[0].payment_intent_id)


def behind(services: Services) -> Services:
    """The object behind the proxy, which a thread without an application context can use."""
    return services._get_current_object()  # type: ignore[attr-defined]


@pytest.mark.parametrize("type_", ["payment_intent.succeeded", "charge.succeeded", "charge.refunded"])
def test_another_application_s_events_are_ignored(
    deliver: Deliver, database: Mongo, sandbox: SandboxProcess, type_: str
) -> None:
    intent = sandbox.stripe("POST", "/v1/payment_intents", {"amount": 1999, "currency": "usd"})
    sandbox.pay(intent["id"])
    sandbox.stripe("POST", "/v1/refunds", {"payment_intent": intent["id"]})
    (event,) = events_of(sandbox, type_)
    for count in (1, 2):
        assert deliver(event) == (200, {"received": True})
        found = row(database, event)
        assert (found["state"], found["delivery_count"], found["attempts"]) == ("ignored", count, 1)
    assert database["payments"].count_documents({}) == 0


def test_a_type_that_we_do_not_read_is_kept_as_ignored(
    deliver: Deliver, database: Mongo, sandbox: SandboxProcess
) -> None:
    paid_at_stripe(sandbox, "order-1")
    (event,) = events_of(sandbox, "payment_intent.succeeded")
    event = {**event, "id": "evt_other", "type": "invoice.paid"}
    assert deliver(event)[0] == 200
    assert row(database, event)["state"] == "ignored"


def test_a_thin_event_is_told_what_to_change(deliver: Deliver, database: Mongo) -> None:
    thin = {
        "id": "evt_test_65",
        "object": "v2.core.event",
        "type": "v1.payment_intent.succeeded",
        "livemode": False,
        "created": "2026-01-01T00:00:00.000Z",
        "related_object": {"id": "pi_1", "type": "payment_intent", "url": "/v1/payment_intents/pi_1"},
    }
    status, told = deliver(thin)
    assert (status, told["error"]) == (422, "validation_failed")
    assert "snapshot" in told["message"]
    assert database["webhook_events"].count_documents({}) == 0


@pytest.mark.parametrize("finisher", ["the redelivery", "the sweep"])
def test_a_failed_event_is_visible_and_finished_later(
    uses: Services, app: Flask, deliver: Deliver, database: Mongo, sandbox: SandboxProcess, finisher: str
) -> None:
    paid_at_stripe(sandbox, "order-1")
    (event,) = events_of(sandbox, "charge.succeeded")
    sandbox.fault(effect="503", match={"path": "^/v1/payment_intents/"}, times=None)
    status, told = deliver(event)
    assert (status, told["error"]) == (503, "stripe_unavailable")
    listed = app.test_cli_runner().invoke(args=["webhooks", "list", "--failed"])
    assert event["id"] in listed.stdout
    assert "StripeUnavailable" in listed.stdout

    sandbox.delete("faults")
    if finisher == "the redelivery":
        assert deliver(event) == (200, {"received": True})
    else:
        past = datetime.now(UTC) - timedelta(seconds=1)
        database["webhook_events"].update_many({}, {"$set": {"due_at": past}})
        assert uses.recovery.events(lambda: True) == {"applied": 1}
    assert row(database, event)["state"] == "applied"
    assert database["payments"].find_one({})["status"] == "completed"
    listed = app.test_cli_runner().invoke(args=["webhooks", "list", "--failed"])
    assert "No event matches." in listed.stdout
