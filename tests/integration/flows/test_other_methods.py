"""Payment methods other than cards from the order to the page, in every API version that differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask

from app.domain.permissions import Role
from config import Settings
from tests.integration.dashboards.pages import enter
from tests.integration.flows.conftest import OLD, Versions
from tests.support.applications import Applications
from tests.support.sandbox import SandboxProcess
from tests.support.webhooks import WEBHOOK_PATH, signed


@dataclass
class Shop:
    """The ERP and Stripe around an application that offers every payment method; events arrive when they are sent."""

    app: Flask
    sandbox: SandboxProcess
    secret: str
    token: str
    sent: int = 0

    def open(self, currency: str = "eur", **more: Any) -> str:
        """A new payment over 50; returns its intent."""
        body = {"order_id": "o1", "customer_id": "c1", "amount": 50, "currency": currency, **more}
        answer = self.call("POST", "/stripe/create-intent", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json["payment_intent_id"])

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.app.test_client().open(f"/api/v1/payments{path}", method=method, json=body, headers=headers)

    def payment(self, *, newest_first: bool = False) -> dict[str, Any]:
        """The payment after every event that was not delivered yet."""
        events = self.sandbox.stripe("GET", "/v1/events", {"limit": 100})["data"][::-1]
        fresh, self.sent = events[self.sent :], len(events)
        for event in fresh[::-1] if newest_first else fresh:
            body, headers = signed(event, self.secret)
            assert self.app.test_client().post(WEBHOOK_PATH, data=body, headers=headers).status_code == 200
        found = self.call("GET", "").json["data"]
        assert len(found) == 1
        payment: dict[str, Any] = self.call("GET", f"/{found[0]['id']}").json
        return payment

    def page(self, payment: dict[str, Any]) -> str:
        return enter(self.app, Role.FINANCE).get(f"/dashboard/payments/{payment['id']}").text


@pytest.fixture
def shop(
    settings: Settings,
    applications: Applications,
    sandbox: SandboxProcess,
    token: Callable[..., str],
    versions: Versions,
) -> Shop:
    offering = replace(settings, stripe_payment_methods=("automatic",), stripe_api_version=versions.calls)
    sandbox.post("webhooks/hold")
    return Shop(applications.on(offering), sandbox, settings.stripe_webhook_secret[0], token())


def test_a_bank_debit_fails_after_days(shop: Shop) -> None:
    intent = shop.open()
    shop.sandbox.pay_with(intent, "sepa_debit")
    processing = shop.payment()
    assert processing["status"] == "processing"
    assert "Cancel payment" not in shop.page(processing), "Stripe cannot stop what the bank processes"
    shop.sandbox.settle_payment(intent, "failed")
    payment = shop.payment(newest_first=True)
    assert payment["status"] == "failed"
    assert payment["failure"]["message"].startswith("Your bank refused the debit")
    assert payment["card"] is None
    assert payment["payment_method"] == {
        "type": "sepa_debit",
        "wallet": None,
        "brand": None,
        "last4": "3000",
        "country": "DE",
        "funding": None,
        "bank": "37040044",
    }
    page = shop.page(payment)
    assert "The bank refused the debit." in page
    assert "SEPA debit •••• 3000" in page
    assert "3-D Secure" not in page.split('<h2 id="history">')[0].split("attempts")[1]


def test_a_voucher_waits_for_days_and_expires(shop: Shop) -> None:
    intent = shop.open("mxn")
    shop.sandbox.pay_with(intent, "oxxo")
    waiting = shop.payment()
    assert (waiting["status"], waiting["waiting_for"]) == ("requires_action", "voucher")
    assert waiting["three_d_secure"]["attempted"] is False
    assert "Waiting for the voucher to be paid" in shop.page(waiting)
    confirmed = shop.call("POST", "/stripe/confirm", {"payment_intent_id": intent, "order_id": "o1"})
    assert (confirmed.status_code, confirmed.json["error"]) == (409, "payment_requires_action")
    assert "voucher" in confirmed.json["message"]
    shop.sandbox.settle_payment(intent, "expired")
    expired = shop.payment()
    assert (expired["status"], expired["waiting_for"]) == ("failed", None)
    assert [a["three_d_secure"]["attempted"] for a in expired["attempts"]] == [False]
    assert "The voucher expired unpaid." in shop.page(expired)


@pytest.mark.parametrize(("answer", "status"), [("complete", "completed"), ("fail", "failed"), ("abandon", "canceled")])
def test_a_redirect_to_a_bank_is_no_3d_secure(shop: Shop, answer: str, status: str) -> None:
    intent = shop.open()
    shop.sandbox.pay_with(intent, "ideal", answer="abandon")
    assert shop.payment()["waiting_for"] == "customer"
    if answer == "abandon":
        shop.sandbox.stripe("POST", f"/v1/payment_intents/{intent}/cancel", {})
    else:
        shop.sandbox.pay_with(intent, "ideal", answer=answer)
    payment = shop.payment(newest_first=True)
    assert payment["status"] == status
    assert not any(a["three_d_secure"]["attempted"] for a in payment["attempts"])
    assert payment["failure"] is None or "authentic" not in payment["failure"]["message"]


def test_the_card_that_failed_3d_secure_is_shown(shop: Shop) -> None:
    intent = shop.open("usd")
    shop.sandbox.pay(intent, "4000002760003184", three_d_secure="fail")
    payment = shop.payment()
    assert payment["attempts"][0]["three_d_secure"]["result"] == "failed"
    assert payment["card"]["country"] == "DE"
    assert payment["payment_method"]["funding"] == "credit"


def test_a_wallet_is_a_card_and_says_which(shop: Shop) -> None:
    intent = shop.open("usd")
    shop.sandbox.pay(intent, "4242424242424242", wallet="apple_pay")
    payment = shop.payment()
    assert (payment["card"]["last4"], payment["payment_method"]["wallet"]) == ("4242", "apple_pay")
    assert "Visa •••• 4242 (Apple Pay)" in shop.page(payment)


def test_a_captcha_is_no_3d_secure(shop: Shop) -> None:
    intent = shop.open("usd")
    shop.sandbox.pay(intent, "4242424242424242", captcha=True)
    payment = shop.payment(newest_first=True)
    assert (payment["status"], payment["three_d_secure"]["attempted"]) == ("completed", False)


def test_lists_figures_and_exports_know_the_method(shop: Shop) -> None:
    waiting = shop.open("mxn")
    shop.sandbox.pay_with(waiting, "oxxo")
    shop.payment()
    browser = enter(shop.app, Role.FINANCE)
    assert "Waiting for the voucher to be paid" in browser.get("/dashboard/payments?method=oxxo").text
    assert "No payments match" in browser.get("/dashboard/payments?method=card").text
    assert '"oxxo","","voucher"' in browser.get("/dashboard/payments.csv").text
    assert len(shop.call("GET", "?method=oxxo").json["data"]) == 1
    assert shop.call("GET", "?method=card").json["data"] == []
    assert shop.call("GET", "?method=cash").status_code == 422
    shop.sandbox.settle_payment(waiting, "expired")
    shop.payment()
    figures = shop.call("GET", "/metrics").json
    assert figures["success_by_method"] == [{"method": "oxxo", "value": 0, "n": 0, "total": 1}]
    assert figures["three_d_secure"]["rate"] == {"value": 0, "n": 0, "total": 1}
    overview = browser.get("/dashboard").text
    assert "Success by payment method" in overview and "OXXO" in overview


def test_personal_data_of_a_method_is_not_stored(shop: Shop, database: Any) -> None:
    intent = shop.open("usd")
    shop.sandbox.pay_with(intent, "cashapp")
    shop.payment()
    kept = str([*database.payments.find(), *database.webhook_events.find()])
    assert "cashapp" in kept
    assert "$jenny" not in kept and "buyer_1" not in kept


def test_cards_are_the_default_and_named_in_the_parameter_of_the_version(
    settings: Settings,
    applications: Applications,
    sandbox: SandboxProcess,
    token: Callable[..., str],
    versions: Versions,
) -> None:
    app = applications.on(replace(settings, stripe_api_version=versions.calls))
    intent = Shop(app, sandbox, settings.stripe_webhook_secret[0], token()).open()
    assert sandbox.stripe("GET", f"/v1/payment_intents/{intent}", {})["payment_method_types"] == ["card"]
    parameter = "payment_method_types" if versions.calls == OLD else "allowed_payment_method_types"
    assert parameter in sandbox.requests("/v1/payment_intents", "POST")[-1]["params"]
