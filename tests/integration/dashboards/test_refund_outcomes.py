"""Messages after a refund that was not made as confirmed, and the outcome of a retry."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.permissions import Role
from app.extensions import services
from app.factory import create_app
from app.services.refunds.service import RefundRequest
from config import Settings
from tests.integration.dashboards.pages import csrf_of, enter, key_of, paid
from tests.integration.dashboards.test_refund_page import Mongo, confirmed, form_of, path, refunds_of, reviewed
from tests.support.sandbox import SandboxProcess


@pytest.fixture
def finance(app: Flask) -> FlaskClient:
    return enter(app, Role.FINANCE)


@pytest.fixture(autouse=True)
def _held(sandbox: SandboxProcess) -> None:
    """These tests must not depend on webhooks."""
    sandbox.hold_webhooks()


def test_a_lost_response_is_completed_by_a_retry(
    app: Flask, finance: FlaskClient, sandbox: SandboxProcess, database: Mongo
) -> None:
    payment = paid(app, sandbox)
    form = form_of(finance, payment.payment_id)
    review = reviewed(finance, payment.payment_id, form, how_much="part", amount="5").text
    sandbox.fault(effect="503", match={"path": "^/v1/refunds", "method": "POST"}, times=5)
    answer = confirmed(finance, payment.payment_id, review)
    assert answer.status_code == 503
    assert "Stripe may or may not have made the refund" in answer.text
    assert "Retry this refund" in answer.text
    assert [r["status"] for r in refunds_of(database)] == ["pending"]
    sandbox.delete("faults")
    assert confirmed(finance, payment.payment_id, answer.text).status_code == 303
    (refund,) = refunds_of(database)
    assert refund["status"] == "succeeded"
    assert sandbox.refunded(payment.payment_intent_id) == 500


def test_a_rejected_key_completes_the_same_refund_once_it_is_corrected(
    app: Flask, settings: Settings, finance: FlaskClient, sandbox: SandboxProcess, database: Mongo
) -> None:
    payment = paid(app, sandbox)
    form = form_of(finance, payment.payment_id)
    review = reviewed(finance, payment.payment_id, form, reason="Another one").text
    misconfigured = enter(create_app(replace(settings, stripe_secret_key="sk_unknown")), Role.FINANCE)
    again = reviewed(misconfigured, payment.payment_id, form_of(misconfigured, payment.payment_id)).text
    answer = confirmed(misconfigured, payment.payment_id, again)
    assert answer.status_code == 502
    for expected in ("The outcome of the refund is open", "Nothing was refunded now", "The amount stays reserved"):
        assert expected in answer.text
    assert "Start again" not in answer.text
    # What the page says of the amount is so: no other refund can take it meanwhile.
    assert [r["status"] for r in refunds_of(database)] == ["pending"]
    assert "or a refund may still be pending" in confirmed(finance, payment.payment_id, review).text
    token = csrf_of(finance.get("/dashboard/payments").text)
    assert confirmed(finance, payment.payment_id, answer.text, csrf_token=token).status_code == 303
    assert [r["status"] for r in refunds_of(database)] == ["succeeded"]
    assert sandbox.refunded(payment.payment_intent_id) == 1999


def test_a_refund_made_in_the_meantime_is_reported(app: Flask, finance: FlaskClient, sandbox: SandboxProcess) -> None:
    payment = paid(app, sandbox)
    form = form_of(finance, payment.payment_id)
    review = reviewed(finance, payment.payment_id, form).text
    with app.app_context():
        order = RefundRequest(payment_id=payment.payment_id, amount=Decimal(10), requested_by="other")
        services.refunds.refund(order, customer=None, key=None)
    answer = confirmed(finance, payment.payment_id, review)
    assert answer.status_code == 409
    assert "Only 9.99 USD is left to refund." in answer.text
    assert "A part may have been refunded in the meantime" in answer.text
    # The key of that form is used up, so the form at its address is a new one.
    new_form = finance.get(f"{path(payment.payment_id)}?key={key_of(form)}", follow_redirects=True).text
    assert key_of(new_form) != key_of(form)
