"""Capturing a hold and canceling a payment from its page: reviewed first, done once for each form, audit-logged."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database
from werkzeug.test import TestResponse

from app.domain.payments.states import CaptureMethod
from app.domain.permissions import Role
from tests.integration.dashboards.pages import enter, key_of, opened, paid
from tests.support.sandbox import SandboxProcess

Mongo = Database[dict[str, Any]]


@pytest.fixture
def finance(app: Flask) -> FlaskClient:
    return enter(app, Role.FINANCE)


@pytest.fixture(autouse=True)
def _no_webhooks(sandbox: SandboxProcess) -> None:
    """These tests must not depend on webhooks."""
    sandbox.hold_webhooks()


def held(app: Flask, sandbox: SandboxProcess) -> Any:
    return paid(app, sandbox, capture_method=CaptureMethod.MANUAL)


def page(payment: Any) -> str:
    return f"/dashboard/payments/{payment.payment_id}"


def reviewed(client: FlaskClient, payment: Any, **fields: str) -> TestResponse:
    """The second step of a capture, reached by the form."""
    form = client.get(f"{page(payment)}/capture", follow_redirects=True)
    assert form.status_code == 200, form.text
    return client.get(f"{page(payment)}/capture/confirm", query_string={"key": key_of(form.text), **fields})


def confirmed(client: FlaskClient, review: str) -> TestResponse:
    """Press the button of the review, with all that it carries."""
    main = review.split("<main")[1]
    action = re.search(r'<form method="post" action="([^"]+)"', main)
    assert action, main
    return client.post(action[1], data=dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', main)))


def at_stripe(sandbox: SandboxProcess, payment: Any) -> tuple[str, int]:
    intent = sandbox.stripe("GET", f"/v1/payment_intents/{payment.payment_intent_id}")
    return intent["status"], intent["amount_received"]


def test_the_page_of_a_hold_says_when_it_expires_and_offers_both(
    app: Flask, finance: FlaskClient, sandbox: SandboxProcess
) -> None:
    payment = held(app, sandbox)
    shown = finance.get(page(payment)).text
    for expected in (
        "Authorized",
        "Hold expires",
        "7 days left",
        f"{page(payment)}/capture",
        f"{page(payment)}/cancel",
    ):
        assert expected in shown, expected
    viewer = enter(app, Role.VIEWER).get(page(payment)).text
    assert "/capture" not in viewer
    assert "/cancel" not in viewer
    assert "Hold expires" in viewer


@pytest.mark.parametrize(
    ("fields", "taken", "released", "minor"),
    [
        ({"how_much": "all"}, "Capture 19.99 USD", "Nothing", 1999),
        ({"how_much": "part", "amount": "12"}, "Capture 12.00 USD", "7.99 USD", 1200),
    ],
    ids=["all", "part"],
)
def test_a_capture_takes_two_steps_and_is_audited(
    app: Flask,
    finance: FlaskClient,
    sandbox: SandboxProcess,
    database: Mongo,
    fields: dict[str, str],
    taken: str,
    released: str,
    minor: int,
) -> None:
    payment = held(app, sandbox)
    review = reviewed(finance, payment, **fields)
    assert review.status_code == 200
    assert taken in review.text
    assert released in review.text
    assert at_stripe(sandbox, payment) == ("requires_capture", 0), "the review captures nothing"
    answer = confirmed(finance, review.text)
    assert (answer.status_code, answer.location) == (303, page(payment))
    assert at_stripe(sandbox, payment) == ("succeeded", minor)
    shown = finance.get(answer.location).text
    assert f"Captured {minor / 100:.2f} USD." in shown
    assert "Captured on request" in shown
    assert f"{page(payment)}/capture" not in shown
    assert ("12.00 USD captured" in finance.get("/dashboard/payments").text) is (minor == 1200)
    requested, answered = database["audit_entries"].find({"action": {"$regex": "^capture"}}).sort("_id", 1)
    for entry in (requested, answered):
        assert (entry["actor"], entry["target"]) == ("finance@example.com", payment.payment_id)
    assert answered["details"] == {"status": "completed", "captured": minor}


@pytest.mark.parametrize("with_hold", [True, False], ids=["hold", "open"])
def test_a_cancellation_is_reviewed_and_audited(
    app: Flask, finance: FlaskClient, sandbox: SandboxProcess, database: Mongo, with_hold: bool
) -> None:
    payment = held(app, sandbox) if with_hold else opened(app)
    review = finance.get(f"{page(payment)}/cancel", follow_redirects=True)
    assert ("19.99 USD" if with_hold else "Nothing is held") in review.text.split("Released")[1]
    answer = confirmed(finance, review.text)
    assert (answer.status_code, answer.location) == (303, page(payment))
    assert at_stripe(sandbox, payment) == ("canceled", 0)
    assert "The payment is canceled." in finance.get(answer.location).text
    entries = database["audit_entries"].find({"action": {"$regex": "^cancel"}}).sort("_id", 1)
    actions = [entry["action"] for entry in entries]
    assert actions == ["cancel.requested", "cancel.answered"]


@pytest.mark.parametrize(
    ("amount", "message"),
    [("20", "Only 19.99 USD is held."), ("0", "greater than zero"), ("1.999", "2 decimals"), ("a lot", "in digits")],
)
def test_an_amount_that_cannot_be_captured_is_said_at_its_field(
    app: Flask, finance: FlaskClient, sandbox: SandboxProcess, amount: str, message: str
) -> None:
    payment = held(app, sandbox)
    answer = reviewed(finance, payment, how_much="part", amount=amount)
    assert answer.status_code in {409, 422}
    assert message in answer.text
    assert at_stripe(sandbox, payment) == ("requires_capture", 0)


def test_a_form_that_is_sent_ten_times_at_once_captures_once(
    app: Flask, finance: FlaskClient, sandbox: SandboxProcess, database: Mongo
) -> None:
    payment = held(app, sandbox)
    review = reviewed(finance, payment, how_much="part", amount="12").text
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: confirmed(finance, review), range(10)))
    assert {answer.status_code for answer in answers} <= {303, 409}
    assert at_stripe(sandbox, payment) == ("succeeded", 1200)
    assert database["audit_entries"].count_documents({"action": "capture.requested"}) == 1
    assert confirmed(finance, review).status_code == 303, "and says so when it is sent again"
    assert "This form was already sent" in finance.get(page(payment)).text


def test_an_open_outcome_can_be_completed_by_the_same_form(
    app: Flask, finance: FlaskClient, sandbox: SandboxProcess
) -> None:
    payment = held(app, sandbox)
    review = reviewed(finance, payment, how_much="all").text
    sandbox.fault(match={"method": "POST", "path": "/capture$"}, times=2, effect="answer_lost")
    problem = confirmed(finance, review)
    assert problem.status_code == 503
    assert "The outcome is open" in problem.text
    assert "Stripe has not answered yet" in finance.get(page(payment)).text
    assert confirmed(finance, problem.text).status_code == 303
    assert at_stripe(sandbox, payment) == ("succeeded", 1999)
    assert "Stripe has not answered yet" not in finance.get(page(payment)).text


def test_what_ended_in_another_way_is_said(app: Flask, finance: FlaskClient, sandbox: SandboxProcess) -> None:
    payment = held(app, sandbox)
    review = reviewed(finance, payment, how_much="all").text
    sandbox.stripe("POST", f"/v1/payment_intents/{payment.payment_intent_id}/cancel")
    answer = confirmed(finance, review)
    assert (answer.status_code, "cannot be captured now" in answer.text) == (409, True)
    assert finance.get(f"{page(payment)}/cancel", follow_redirects=True).status_code == 409


def test_the_key_of_another_account_starts_a_new_form(
    app: Flask, finance: FlaskClient, sandbox: SandboxProcess
) -> None:
    payment = held(app, sandbox)
    review = reviewed(finance, payment, how_much="all").text
    admin = enter(app, Role.ADMIN)
    own = reviewed(admin, payment, how_much="all").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', own)
    assert token
    key = re.search(r'name="key" value="([^"]+)"', review.split("<main")[1])
    assert key
    answer = admin.post(f"{page(payment)}/capture/confirm", data={"csrf_token": token[1], "key": key[1]})
    assert answer.status_code == 303
    assert "/capture?key=" in answer.location
    assert at_stripe(sandbox, payment) == ("requires_capture", 0)
