"""Disputes in another currency than the payment, and disputes that were prevented, from Stripe to pages and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.permissions import Role
from app.extensions import services
from tests.integration.dashboards.pages import enter
from tests.integration.services.webhooks.conftest import Deliver, Mongo, events
from tests.integration.services.webhooks.test_whose_intent import opened
from tests.support.sandbox import SandboxProcess

API = "/api/v1/payments"
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(client: FlaskClient, token: Callable[..., str]) -> Ask:
    """``ask(method, path)``: the body of the answer to staff."""
    headers = {"Authorization": f"Bearer {token(scope='payments:read payments:refund metrics:read')}"}

    def send(method: str, path: str) -> dict[str, Any]:
        body: dict[str, Any] | None = {} if method == "POST" else None
        answer: dict[str, Any] = client.open(f"{API}/{path}", method=method, json=body, headers=headers).get_json()
        return answer

    return send


@pytest.fixture
def prevention(stripe: SandboxProcess) -> Iterator[None]:
    """A Stripe that prevents disputes: since 2025-08-27."""
    before = stripe.get("settings")["api_version"]
    stripe.put("settings", {"api_version": "2026-10-28.endive"})
    yield
    stripe.put("settings", {"api_version": before})


def disputed(app: Flask, stripe: SandboxProcess, deliver: Deliver, outcome: str | None, **dispute: Any) -> str:
    """The id of a paid payment of 19.99 USD that was disputed, once all is applied."""
    payment_id, intent_id = opened(app)
    stripe.pay(intent_id)
    opened_at_stripe = stripe.post("disputes", {"payment_intent": intent_id, **dispute})
    if outcome:
        stripe.post(f"disputes/{opened_at_stripe['id']}/close", {"outcome": outcome})
    for event in events(stripe):
        assert deliver(event) == 200
    return payment_id


@pytest.mark.parametrize(
    ("outcome", "withdrawn", "left"),
    [("lost", 1150, (849, 11.5)), ("lost", 0, (1999, 0)), ("won", 1150, (1999, 0))],
    ids=["booked in the payment's currency", "nothing was withdrawn", "won"],
)
def test_a_dispute_in_another_currency_takes_what_was_booked(
    app: Flask,
    ask: Ask,
    deliver: Deliver,
    stripe: SandboxProcess,
    outcome: str,
    withdrawn: int,
    left: tuple[int, float],
) -> None:
    money = {"amount": 1000, "currency": "eur", "withdrawn": withdrawn}
    payment_id = disputed(app, stripe, deliver, outcome, refundable=True, **money)
    payment = ask("GET", payment_id)
    (dispute,) = payment["disputes"]
    with app.app_context():
        refundable = services.payments.get(payment_id, customer=None).amount_refundable
    assert (refundable, payment["amount_lost"]) == left
    assert (dispute["amount"], dispute["currency"]) == (10, "eur")
    page = enter(app, Role.VIEWER).get(f"/dashboard/payments/{payment_id}").text
    assert "10.00 EUR" in page and "10.00 USD" not in page


def test_what_is_lost_in_a_third_currency_leaves_nothing(
    deliver: Deliver, stripe: SandboxProcess, database: Mongo
) -> None:
    """10.00 EUR that were settled in USD say nothing of a payment in SEK, so nothing of it may be refunded."""
    params = {"amount": 20_000, "currency": "sek", "metadata[order_id]": "o", "metadata[paydesk_payment_id]": "lost"}
    intent = stripe.stripe("POST", "/v1/payment_intents", {**params, "metadata[customer_id]": "c"})["id"]
    stripe.pay(intent)
    dispute = stripe.post("disputes", {"payment_intent": intent, "amount": 1000, "currency": "eur", "withdrawn": 1150})
    stripe.post(f"disputes/{dispute['id']}/close", {"outcome": "lost"})
    for event in reversed(events(stripe)):
        assert deliver(event) == 200
    payment = database["payments"].find_one()
    assert (payment["amount_captured"], payment["amount_refundable"]) == (20_000, 0)
    assert payment["disputes"][0]["withdrawn"] == {"usd": 1150}


@pytest.mark.parametrize("refundable", [False, True])
def test_a_prevented_dispute_counts_nowhere_as_a_chargeback(
    app: Flask, ask: Ask, deliver: Deliver, stripe: SandboxProcess, prevention: None, refundable: bool
) -> None:
    payment_id = disputed(app, stripe, deliver, None, kind="prevented", refundable=refundable)
    assert app.test_cli_runner().invoke(args=["metrics", "rebuild"]).exit_code == 0
    figures = ask("GET", "metrics")
    assert (figures["dispute_rate"]["n"], figures["disputes_opened"]) == (0, 0)
    payment = ask("GET", payment_id)
    assert (payment["disputed"], payment["disputes"][0]["status"]) == (False, "prevented")
    assert ask("POST", f"stripe/refund/{payment_id}").get("error") == (None if refundable else "payment_not_refundable")

    viewer = enter(app, Role.VIEWER)
    assert "Prevented" in viewer.get("/dashboard/disputes").text
    for kind in ("chargeback", "inquiry"):
        assert "No disputes match" in viewer.get(f"/dashboard/disputes?kind={kind}").text
