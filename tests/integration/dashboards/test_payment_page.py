"""One payment as people see it: amounts, attempts in plain words, the history and its check."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database

from app.domain.money import Money
from app.domain.payments.derivation import derive
from app.domain.payments.evidence import PaymentState
from app.domain.permissions import Role
from app.extensions import services
from app.factory import create_app
from app.models import connection
from config import Settings
from dashboards.payments import stripe_links
from tests.integration.dashboards.pages import enter, opened, paid, received
from tests.support import stored
from tests.support.sandbox import SandboxProcess

Mongo = Database[dict[str, Any]]


@pytest.fixture
def viewer(app: Flask) -> FlaskClient:
    return enter(app, Role.VIEWER)


@pytest.fixture(autouse=True)
def _held(sandbox: SandboxProcess) -> None:
    """These tests must not depend on webhooks."""
    sandbox.hold_webhooks()


def path(payment_id: str) -> str:
    return f"/dashboard/payments/{payment_id}"


def test_a_completed_payment_shows_its_history(app: Flask, viewer: FlaskClient, sandbox: SandboxProcess) -> None:
    payment = paid(app, sandbox, description="two chairs")
    page = viewer.get(path(payment.payment_id)).text
    for expected in (
        *("19.99 USD", "Completed", "The money was captured.", "Visa •••• 4242", "order-1", "customer-1"),
        *("two chairs", payment.payment_id, payment.payment_intent_id, "in the sandbox, not in Stripe"),
        *("Payment opened by the shop", "Payment confirmed by the shop", "Pending → Completed"),
        "Verified just now: all 3 entries are unchanged",
    ):
        assert expected in page, expected
    assert "dashboard.stripe.com" not in page
    assert "Compare with Stripe" not in page
    assert "{&#39;" not in page, "no stored value appears in its stored form"


def test_a_decline_is_explained_with_advice_for_the_customer(
    app: Flask, viewer: FlaskClient, sandbox: SandboxProcess
) -> None:
    payment = opened(app)
    sandbox.pay(payment.payment_intent_id, "4000000000009995")
    sandbox.pay(payment.payment_intent_id, "4000000000009979")
    sandbox.pay(payment.payment_intent_id, "4000002760003184")
    with app.app_context():
        services.reconciliation.payment(payment.payment_id, repair=True)
    page = viewer.get(path(payment.payment_id)).text
    assert "Insufficient funds." in page
    assert "The card has insufficient funds or is over its limit. Please use another card." in page
    assert "Stolen card." in page
    assert "The card was declined. Please contact your bank or use another card." in page
    assert "The bank confirmed that it was the cardholder." in page
    assert "The customer had to act" in page
    assert "Reconciled with Stripe" in page


def test_refunds_and_disputes_are_shown_with_the_days_left(
    app: Flask, viewer: FlaskClient, sandbox: SandboxProcess
) -> None:
    payment = paid(app, sandbox)
    intent = {"payment_intent": payment.payment_intent_id}
    sandbox.stripe("POST", "/v1/refunds", {**intent, "amount": 500})
    sandbox.post("disputes", {**intent, "reason": "product_not_received"})
    with app.app_context():
        services.reconciliation.payment(payment.payment_id, repair=True)
    page = viewer.get(path(payment.payment_id)).text
    for expected in ("5.00 USD", "Succeeded", "in Stripe", "Product not received", "Needs response", "days left"):
        assert expected in page, expected


def test_a_manipulated_history_is_reported(
    app: Flask, viewer: FlaskClient, sandbox: SandboxProcess, database: Mongo
) -> None:
    payment = paid(app, sandbox)
    one = {"_id": ObjectId(payment.payment_id)}
    database["payments"].update_one(one, {"$set": {"history.1.actor": "mallory", "amount_refunded": 5}})
    page = viewer.get(path(payment.payment_id)).text
    assert "The history check failed." in page
    assert "entry 2 was changed after it was written" in page
    assert "amount_refunded is 5" in page
    assert "Verified just now" not in page


@pytest.mark.parametrize(
    "change",
    [
        {"$unset": {"history": ""}},
        {"$unset": {"evidence": ""}},
        {"$set": {"currency": "zzz"}},
        {"$set": {"attempts": [], "card": None, "three_d_secure": None}},
        {"$set": {"amount": "many", "status": "strange"}},
    ],
    ids=str,
)
def test_a_damaged_document_still_shows_a_page(
    app: Flask, viewer: FlaskClient, sandbox: SandboxProcess, database: Mongo, change: dict[str, Any]
) -> None:
    payment = paid(app, sandbox)
    database["payments"].update_one({"_id": ObjectId(payment.payment_id)}, change)
    answer = viewer.get(path(payment.payment_id))
    assert answer.status_code == 200
    assert "The history check failed." in answer.text


def test_events_are_shown_and_linked_for_admins(app: Flask, viewer: FlaskClient, sandbox: SandboxProcess) -> None:
    payment = paid(app, sandbox)
    (event_id,) = received(app, sandbox, "charge.succeeded")
    link = f"/dashboard/webhooks/{event_id}"
    page = viewer.get(path(payment.payment_id)).text
    assert "charge.succeeded" in page
    assert link not in page
    admin = enter(app, Role.ADMIN).get(path(payment.payment_id)).text
    assert link in admin
    assert "Compare with Stripe" in admin


@pytest.mark.parametrize(
    ("money", "expected"), [(Money(5000, "jpy"), "5,000 JPY"), (Money(12340, "kwd"), "12.340 KWD")]
)
def test_currencies_with_zero_and_three_decimals(
    app: Flask, viewer: FlaskClient, sandbox: SandboxProcess, money: Money, expected: str
) -> None:
    assert expected in viewer.get(path(paid(app, sandbox, money=money).payment_id)).text


def test_markup_is_escaped(app: Flask, viewer: FlaskClient, sandbox: SandboxProcess) -> None:
    payment = paid(app, sandbox, "<i>order</i>", description='"><script>alert(1)</script>')
    page = viewer.get(path(payment.payment_id)).text
    assert "<script>alert" not in page
    assert "<i>order" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("payment_id", ["0" * 24, "nonsense", "%00", "%7B%22$ne%22:1%7D", "%ff", "x" * 3000])
def test_an_unknown_id_is_not_found(viewer: FlaskClient, payment_id: str) -> None:
    answer = viewer.get(path(payment_id))
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_visitors_are_redirected_to_sign_in(client: FlaskClient) -> None:
    answer = client.get(path("0" * 24))
    assert (answer.status_code, answer.location.split("?")[0]) == (302, "/login")


def test_a_database_outage_shows_a_page(
    app: Flask, settings: Settings, viewer: FlaskClient, sandbox: SandboxProcess
) -> None:
    payment = paid(app, sandbox)
    connection.connect("mongodb://127.0.0.1:1/paydesk")
    try:
        answer = viewer.get(path(payment.payment_id))
    finally:
        connection.connect(settings.mongodb_uri)
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "database cannot be reached" in answer.text


@pytest.mark.parametrize(
    ("livemode", "api_base", "address"),
    [
        (True, "", "https://dashboard.stripe.com/payments/pi_1"),
        (False, "", "https://dashboard.stripe.com/test/payments/pi_1"),
        # A proxy is no sandbox, and no sandbox has live payments.
        (True, "https://proxy.example/stripe", "https://dashboard.stripe.com/payments/pi_1"),
        (False, "https://proxy.example/stripe", "https://dashboard.stripe.com/test/payments/pi_1"),
        (True, "http://127.0.0.1:8010", "https://dashboard.stripe.com/payments/pi_1"),
        (False, "http://127.0.0.1:8010", None),
        (False, "http://localhost:8010/", None),
    ],
)
def test_the_link_to_stripe_matches_the_mode(livemode: bool, api_base: str, address: str | None) -> None:
    state = PaymentState(
        payment_id="0" * 24,
        order_id="order-1",
        customer_id="customer-1",
        amount=1,
        currency="usd",
        opened_at=0,
        intent_id="pi_1",
        livemode=livemode,
    )
    payment = derive(state)
    assert stripe_links.link(payment, api_base) == address
    assert stripe_links.link(replace(payment, payment_intent_id=None), api_base) is None


def test_a_live_payment_behind_a_proxy_links_to_stripe(settings: Settings, database: Mongo) -> None:
    payment = stored.payment(1, livemode=True)
    database["payments"].insert_one(payment)
    client = enter(create_app(replace(settings, stripe_api_base="https://proxy.example")), Role.VIEWER)
    page = client.get(path(str(payment["_id"]))).text
    assert "https://dashboard.stripe.com/payments/pi_0001" in page
    assert "sandbox" not in page
