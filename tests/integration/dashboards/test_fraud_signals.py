"""Early fraud warnings, reviews and risk on the pages, and the refund that a warning asks for."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database

from app.domain.permissions import Role
from tests.integration.dashboards.pages import enter, opened, paid, received
from tests.integration.dashboards.test_refund_page import confirmed, reviewed
from tests.support.sandbox import SandboxProcess

WARNED = "4000000000005423"
ELEVATED = "4000000000009235"


@pytest.fixture
def finance(app: Flask) -> FlaskClient:
    return enter(app, Role.FINANCE)


@pytest.fixture(autouse=True)
def _held(sandbox: SandboxProcess) -> None:
    """These tests must not depend on webhooks."""
    sandbox.hold_webhooks()


def test_a_warning_asks_for_a_refund_until_there_is_one(
    app: Flask, finance: FlaskClient, sandbox: SandboxProcess, database: Database[dict[str, Any]]
) -> None:
    payment = paid(app, sandbox)
    sandbox.post("fraud_warnings", {"payment_intent": payment.payment_intent_id})
    received(app, sandbox, "radar.early_fraud_warning.created")
    page = finance.get(f"/dashboard/payments/{payment.payment_id}").text
    assert "Early fraud warning." in page
    assert "Fraud warning: refund advised" in page
    assert "Made with stolen card" in page
    link = f"/dashboard/payments/{payment.payment_id}/refund?stripe_reason=fraudulent"
    assert f'href="{link}"' in page
    overview = finance.get("/dashboard").text
    assert "1 payment has an early fraud warning" in overview
    assert 'href="/dashboard/payments?fraud=fraud_warning_open"' in overview
    form = finance.get(link, follow_redirects=True).text
    assert '<option value="fraudulent" selected>' in form
    review = reviewed(finance, payment.payment_id, form, stripe_reason="fraudulent").text
    assert confirmed(finance, payment.payment_id, review).status_code == 303
    page = finance.get(f"/dashboard/payments/{payment.payment_id}").text
    assert "Refund as fraudulent" not in page
    assert "Settled" in page
    assert "early fraud warning" not in finance.get("/dashboard").text
    assert 'id="urgent"' not in finance.get("/dashboard/payments").text
    received(app, sandbox, "radar.early_fraud_warning.updated")
    (stored,) = database.payments.find_one()["fraud_warnings"]
    assert stored["actionable"] is False


def test_a_viewer_sees_the_warning_and_no_refund(app: Flask, sandbox: SandboxProcess) -> None:
    payment = opened(app)
    sandbox.pay(payment.payment_intent_id, WARNED)
    for kind in ("payment_intent.succeeded", "radar.early_fraud_warning.created"):
        received(app, sandbox, kind)
    page = enter(app, Role.VIEWER).get(f"/dashboard/payments/{payment.payment_id}").text
    assert "Early fraud warning." in page
    assert "stripe_reason=fraudulent" not in page


def test_a_warning_that_comes_before_the_payment_is_known_to_be_paid(app: Flask, sandbox: SandboxProcess) -> None:
    payment = opened(app)
    sandbox.pay(payment.payment_intent_id, WARNED)
    for kind in ("radar.early_fraud_warning.created", "charge.succeeded", "payment_intent.succeeded"):
        received(app, sandbox, kind)
    assert "Early fraud warning." in enter(app, Role.VIEWER).get(f"/dashboard/payments/{payment.payment_id}").text


def test_a_review_and_the_risk_are_shown(app: Flask, finance: FlaskClient, sandbox: SandboxProcess) -> None:
    payment = opened(app)
    intent = sandbox.pay(payment.payment_intent_id, ELEVATED)
    received(app, sandbox, "charge.succeeded")
    review = sandbox.post(f"charges/{intent['latest_charge']}/review", {"opened_reason": "manual"})
    received(app, sandbox, "review.opened")
    page = finance.get(f"/dashboard/payments/{payment.payment_id}").text
    assert "Elevated" in page
    assert "Someone must decide in Radar." in page
    assert "Review open" in finance.get("/dashboard/payments").text
    assert payment.payment_id in finance.get("/dashboard/payments?fraud=risk_elevated").text
    sandbox.post(f"reviews/{review['id']}/close", {"outcome": "approved"})
    received(app, sandbox, "review.closed")
    page = finance.get(f"/dashboard/payments/{payment.payment_id}").text
    assert "Approved" in page
    assert "Someone must decide in Radar." not in page
