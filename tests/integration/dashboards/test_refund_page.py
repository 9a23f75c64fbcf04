"""Refunds from the page: two steps, exact amounts, one refund for each form."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database
from werkzeug.test import TestResponse

from app.domain.money import Money
from app.domain.permissions import Role
from app.extensions import services
from app.factory import create_app
from app.models import connection
from app.services import accounts
from app.services.refunds.service import RefundRequest
from config import Settings
from tests.integration.dashboards.pages import csrf_of, enter, key_of, opened, paid, post
from tests.support.passwords import PASSWORD
from tests.support.sandbox import SandboxProcess
from tests.support.server import LiveServer

Mongo = Database[dict[str, Any]]


@pytest.fixture
def finance(app: Flask) -> FlaskClient:
    return enter(app, Role.FINANCE)


@pytest.fixture(autouse=True)
def _held(sandbox: SandboxProcess) -> None:
    """These tests must not depend on webhooks."""
    sandbox.hold_webhooks()


def path(payment_id: str) -> str:
    return f"/dashboard/payments/{payment_id}/refund"


def form_of(client: FlaskClient, payment_id: str) -> str:
    """The form when it is first opened."""
    answer = client.get(path(payment_id), follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return answer.text


def reviewed(client: FlaskClient, payment_id: str, form: str, **fields: str) -> TestResponse:
    """Send the first step, and look at the second where it led there."""
    answer = post(client, path(payment_id), form, key=key_of(form), **fields)
    return client.get(answer.location) if answer.status_code == 303 else answer


def confirmed(client: FlaskClient, payment_id: str, review: str, **instead: str) -> TestResponse:
    """Press the button of the second step, with all that it carries."""
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', review.split("<main")[1]))
    return client.post(f"{path(payment_id)}/confirm", data=hidden | instead)


def refunds_of(database: Mongo) -> list[dict[str, Any]]:
    return database["payments"].find_one()["refunds"]


def test_a_partial_refund_takes_two_steps(
    app: Flask, finance: FlaskClient, sandbox: SandboxProcess, database: Mongo
) -> None:
    payment = paid(app, sandbox)
    form = form_of(finance, payment.payment_id)
    assert "19.99 USD" in form
    assert "4242" in form
    review = reviewed(
        finance,
        payment.payment_id,
        form,
        how_much="part",
        amount="12",
        reason="Paid twice",
        stripe_reason="duplicate",
        notes="By phone",
    )
    assert review.status_code == 200
    for expected in ("Refund 12.00 USD", "7.99 USD", "•••• 4242", "Paid twice", "By phone", "Duplicate"):
        assert expected in review.text, expected
    assert refunds_of(database) == []
    answer = confirmed(finance, payment.payment_id, review.text)
    assert (answer.status_code, answer.location) == (303, f"/dashboard/payments/{payment.payment_id}")
    page = finance.get(answer.location).text
    assert "Refund of 12.00 USD: succeeded." in page
    assert "7.99 USD" in page
    (refund,) = refunds_of(database)
    assert (refund["amount"], refund["reason"], refund["notes"]) == (1200, "Paid twice", "By phone")
    assert refund["requested_by"] == "finance@example.com"
    assert sandbox.refunded(payment.payment_intent_id) == 1200


def test_refund_is_audited_before_and_after(
    app: Flask, finance: FlaskClient, sandbox: SandboxProcess, database: Mongo
) -> None:
    payment = paid(app, sandbox)
    review = reviewed(finance, payment.payment_id, form_of(finance, payment.payment_id), reason="Goodwill")
    confirmed(finance, payment.payment_id, review.text)
    requested, done = database["audit_entries"].find({"action": {"$regex": "^refund"}}).sort("_id", 1)
    assert (requested["action"], done["action"]) == ("refund.requested", "refund.answered")
    for entry in (requested, done):
        assert (entry["actor"], entry["target"]) == ("finance@example.com", payment.payment_id)
    assert requested["details"] == {"amount": "19.99", "reason": "Goodwill"}
    assert (done["details"]["amount"], done["details"]["status"]) == (1999, "succeeded")


@pytest.mark.parametrize(
    ("money", "part", "expected", "left"),
    [(Money(5000, "jpy"), "1200", "1,200 JPY", "3,800 JPY"), (Money(12340, "kwd"), "1.230", "1.230 KWD", "11.110 KWD")],
)
def test_currencies_with_zero_and_three_decimals(
    app: Flask, finance: FlaskClient, sandbox: SandboxProcess, money: Money, part: str, expected: str, left: str
) -> None:
    payment = paid(app, sandbox, money=money)
    form = form_of(finance, payment.payment_id)
    review = reviewed(finance, payment.payment_id, form, how_much="part", amount=part).text
    assert f"Refund {expected}" in review
    assert left in review
    assert confirmed(finance, payment.payment_id, review).status_code == 303
    minor = Money.from_major(Decimal(part), money.currency).minor
    assert sandbox.refunded(payment.payment_intent_id) == minor


@pytest.mark.parametrize("amount", ["", "0", "-1", "1,5", "1e3", "NaN", "20", "1.234", "9" * 19, "1\0", "１２"])
def test_an_invalid_amount_is_rejected(
    app: Flask, finance: FlaskClient, sandbox: SandboxProcess, database: Mongo, amount: str
) -> None:
    payment = paid(app, sandbox)
    form = form_of(finance, payment.payment_id)
    answer = reviewed(finance, payment.payment_id, form, how_much="part", amount=amount, reason="<b>why</b>")
    assert answer.status_code in {409, 422}
    assert 'role="alert"' in answer.text
    assert "&lt;b&gt;why" in answer.text
    assert "<b>why" not in answer.text
    assert refunds_of(database) == []


def test_texts_are_validated_and_escaped(app: Flask, finance: FlaskClient, sandbox: SandboxProcess) -> None:
    payment = paid(app, sandbox)
    form = form_of(finance, payment.payment_id)
    for bad in ({"reason": "x" * 501}, {"notes": "x" * 501}, {"reason": "a\0b"}, {"notes": "a\x07b"}):
        assert reviewed(finance, payment.payment_id, form, **bad).status_code == 422
    markup = '"><script>alert(1)</script>'
    review = reviewed(finance, payment.payment_id, form, reason=markup, notes=f"{markup}\r\nsecond").text
    assert "<script>alert" not in review
    data = {"how_much": "part", "amount": "5.00", "reason": markup, "notes": f"{markup}\r\nsecond"}
    data |= {"csrf_token": csrf_of(review), "key": key_of(review)}
    assert finance.post(f"{path(payment.payment_id)}/confirm", data=data).status_code == 303
    page = finance.get(f"/dashboard/payments/{payment.payment_id}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_resending_going_back_and_reloading_make_one_refund(
    app: Flask, finance: FlaskClient, sandbox: SandboxProcess, database: Mongo
) -> None:
    payment = paid(app, sandbox)
    first = finance.get(path(payment.payment_id))
    form = finance.get(first.location).text
    review = reviewed(finance, payment.payment_id, form, how_much="part", amount="5").text
    assert confirmed(finance, payment.payment_id, review).status_code == 303
    again = confirmed(finance, payment.payment_id, review)
    assert again.status_code == 303
    assert "This form was already sent. It made one refund of 5.00 USD" in finance.get(again.location).text
    # Back to the review by sending the first step again, and back to the form at its own address.
    for page in (
        reviewed(finance, payment.payment_id, form, how_much="part", amount="5"),
        reviewed(finance, payment.payment_id, form, how_much="part", amount="7"),
        finance.get(first.location),
    ):
        assert "This form was already sent" in page.text
        assert "Refund of 5.00 USD" in page.text
    other = {"key": key_of(form), "how_much": "part", "amount": "7", "csrf_token": csrf_of(form)}
    refused = finance.post(f"{path(payment.payment_id)}/confirm", data=other)
    assert refused.status_code == 422
    assert "only that first refund counts" in refused.text
    assert len(refunds_of(database)) == 1
    assert sandbox.refunded(payment.payment_intent_id) == 500


def test_the_review_can_be_reloaded_and_left_by_going_back(
    app: Flask, finance: FlaskClient, sandbox: SandboxProcess, database: Mongo
) -> None:
    payment = paid(app, sandbox)
    first = finance.get(path(payment.payment_id))
    form = finance.get(first.location).text
    entered = {"how_much": "part", "amount": "5", "reason": "Paid twice", "notes": "By phone"}
    answer = post(finance, path(payment.payment_id), form, key=key_of(form), **entered)
    assert answer.status_code == 303
    assert "phone" not in answer.location, "an address is logged by browsers and proxies"
    for _ in range(2):
        page = finance.get(answer.location)
        assert (page.status_code, "Refund 5.00 USD" in page.text, "By phone" in page.text) == (200, True, True)
    # What was entered stands in the form to which one goes back.
    form = finance.get(first.location).text
    for expected in ('value="5"', 'value="Paid twice"', "By phone</textarea>"):
        assert expected in form, expected
    other = enter(app, Role.ADMIN).get(answer.location)
    assert (other.status_code, "/confirm" in other.location) == (303, False)
    assert refunds_of(database) == []
    assert confirmed(finance, payment.payment_id, page.text).status_code == 303
    assert "This form was already sent" in finance.get(answer.location).text
    assert sandbox.refunded(payment.payment_intent_id) == 500


def test_two_forms_make_two_refunds(app: Flask, finance: FlaskClient, sandbox: SandboxProcess, database: Mongo) -> None:
    payment = paid(app, sandbox)
    for _ in range(2):
        form = form_of(finance, payment.payment_id)
        review = reviewed(finance, payment.payment_id, form, how_much="part", amount="5").text
        assert confirmed(finance, payment.payment_id, review).status_code == 303
    assert len(refunds_of(database)) == 2


def test_a_double_click_in_two_threads_makes_one_refund(
    app: Flask, live_server: LiveServer, sandbox: SandboxProcess, database: Mongo
) -> None:
    payment = paid(app, sandbox)
    with app.app_context():
        accounts.create("finance@example.com", PASSWORD, Role.FINANCE, actor="test")
    browser, base = requests.Session(), live_server.base_url
    login = {"email": "finance@example.com", "password": PASSWORD}
    login["csrf_token"] = csrf_of(browser.get(f"{base}/login", timeout=30).text)
    assert browser.post(f"{base}/login", data=login, allow_redirects=False, timeout=30).status_code == 303
    form = browser.get(base + path(payment.payment_id), timeout=30).text
    data = {"key": key_of(form), "csrf_token": csrf_of(form), "how_much": "part", "amount": "5.00"}
    sandbox.fault(effect="slow", delay_ms=1000, match={"path": "^/v1/refunds"}, times=1)

    def click(_: int) -> int:
        url = f"{base}{path(payment.payment_id)}/confirm"
        return requests.post(url, data=data, cookies=browser.cookies, allow_redirects=False, timeout=60).status_code

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(click, range(2))) == [303, 303]
    assert sandbox.refunded(payment.payment_intent_id) == 500
    assert len(sandbox.requests("/v1/refunds", "POST")) == 1
    assert len(refunds_of(database)) == 1
    assert database["audit_entries"].count_documents({"action": "refund.requested"}) == 1
    assert database["idempotency_records"].count_documents({}) == 1


def test_a_disputed_payment_is_not_refunded(app: Flask, finance: FlaskClient, sandbox: SandboxProcess) -> None:
    payment = paid(app, sandbox)
    form = form_of(finance, payment.payment_id)
    sandbox.post("disputes", {"payment_intent": payment.payment_intent_id})
    with app.app_context():
        services.reconciliation.payment(payment.payment_id, repair=True)
    answer = reviewed(finance, payment.payment_id, form)
    assert answer.status_code == 409
    assert "Respond to the dispute at Stripe" in answer.text
    page = finance.get(f"/dashboard/payments/{payment.payment_id}").text
    assert "cannot be refunded while a dispute is open" in page
    assert path(payment.payment_id) not in page


def test_a_payment_that_cannot_be_refunded_has_no_form(
    app: Flask, finance: FlaskClient, sandbox: SandboxProcess
) -> None:
    refunded, open_ = paid(app, sandbox), opened(app, "order-2")
    with app.app_context():
        order = RefundRequest(payment_id=refunded.payment_id, requested_by="other")
        services.refunds.refund(order, customer=None, key=None)
    for payment, expected in ((refunded, "Nothing is left to refund."), (open_, "this one is pending")):
        answer = finance.get(path(payment.payment_id), follow_redirects=True)
        assert answer.status_code == 409
        assert expected in answer.text
        assert "Review refund" not in answer.text
        assert "Start again" not in answer.text
        assert path(payment.payment_id) not in finance.get(f"/dashboard/payments/{payment.payment_id}").text


def test_a_viewer_cannot_refund(app: Flask, sandbox: SandboxProcess, database: Mongo) -> None:
    payment = paid(app, sandbox)
    viewer = enter(app, Role.VIEWER)
    page = viewer.get(f"/dashboard/payments/{payment.payment_id}").text
    assert path(payment.payment_id) not in page
    assert viewer.get(path(payment.payment_id)).status_code == 403
    for step in ("", "/confirm"):
        assert post(viewer, path(payment.payment_id) + step, page, how_much="all").status_code == 403
    assert refunds_of(database) == []


def test_a_form_of_another_user_or_payment_is_rejected(
    app: Flask, finance: FlaskClient, sandbox: SandboxProcess, database: Mongo
) -> None:
    payment, other = paid(app, sandbox), paid(app, sandbox, "order-2")
    admin = enter(app, Role.ADMIN)
    form = form_of(finance, payment.payment_id)
    keys = [key_of(form_of(admin, payment.payment_id)), key_of(form_of(finance, other.payment_id))]
    for key in [*keys, "", "forged", "a.b.c", key_of(form)[:-2], "\0", "x" * 5000]:
        for step in ("", "/confirm"):
            data = {"key": key, "csrf_token": csrf_of(form), "how_much": "part", "amount": "5"}
            answer = finance.post(path(payment.payment_id) + step, data=data)
            assert (answer.status_code, path(payment.payment_id) in answer.location) == (303, True), key
        response = finance.get(path(payment.payment_id), query_string={"key": key})
        assert response.status_code == 303
    assert database["payments"].count_documents({"refunds.0": {"$exists": True}}) == 0


@pytest.mark.parametrize("step", ["", "/confirm"])
def test_a_form_without_csrf_token_does_nothing(
    app: Flask, finance: FlaskClient, sandbox: SandboxProcess, database: Mongo, step: str
) -> None:
    payment = paid(app, sandbox)
    key = key_of(form_of(finance, payment.payment_id))
    data = {"key": key, "how_much": "part", "amount": "5"}
    assert finance.post(path(payment.payment_id) + step, data=data).status_code == 400
    assert refunds_of(database) == []


@pytest.mark.parametrize("payment_id", ["0" * 24, "nonsense", "%00", "%7B%22$ne%22:1%7D"])
def test_an_unknown_payment_is_not_found(finance: FlaskClient, payment_id: str) -> None:
    assert finance.get(path(payment_id)).status_code == 404


def test_a_missing_stripe_key_is_reported(
    app: Flask, settings: Settings, finance: FlaskClient, sandbox: SandboxProcess
) -> None:
    payment = paid(app, sandbox)
    bare = create_app(replace(settings, stripe_secret_key=""))
    client = enter(bare, Role.FINANCE)
    answer = client.get(path(payment.payment_id), follow_redirects=True)
    assert answer.status_code == 503
    assert "Inform an administrator" in answer.text


def test_a_database_outage_shows_a_page(
    app: Flask, settings: Settings, finance: FlaskClient, sandbox: SandboxProcess
) -> None:
    payment = paid(app, sandbox)
    connection.connect("mongodb://127.0.0.1:1/paydesk")
    try:
        answer = finance.get(path(payment.payment_id))
    finally:
        connection.connect(settings.mongodb_uri)
    assert (answer.status_code, answer.mimetype) == (503, "text/html")


def test_stripe_gets_the_reason_that_was_chosen_and_no_other(
    app: Flask, finance: FlaskClient, sandbox: SandboxProcess, database: Mongo
) -> None:
    payment = paid(app, sandbox)
    form = form_of(finance, payment.payment_id)
    assert "Stripe then blocks this card and e-mail address for future payments." in form
    fields = {"how_much": "part", "amount": "1", "reason": "No fraud, wrong size"}
    review = reviewed(finance, payment.payment_id, form, **fields)
    assert "blocks this card" not in review.text
    confirmed(finance, payment.payment_id, review.text)
    (refund,) = sandbox.stripe("GET", "/v1/refunds", {"payment_intent": payment.payment_intent_id})["data"]
    assert refund["reason"] is None
    form = form_of(finance, payment.payment_id)
    refused = reviewed(finance, payment.payment_id, form, stripe_reason="goodwill", **fields)
    assert (refused.status_code, "Choose one of the reasons." in refused.text) == (422, True)
    review = reviewed(finance, payment.payment_id, form, stripe_reason="fraudulent", **fields)
    assert "Stripe then blocks this card and e-mail address for future payments." in review.text
    page = finance.get(confirmed(finance, payment.payment_id, review.text).location).text
    assert "Reason at Stripe: Fraudulent" in page
    refund = sandbox.stripe("GET", "/v1/refunds", {"payment_intent": payment.payment_intent_id})["data"][0]
    assert refund["reason"] == "fraudulent"
    assert refunds_of(database)[-1]["stripe_reason"] == "fraudulent"
