"""What Stripe took, and when: changed intents, released holds, late captures and debits, refunds that come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.permissions import Role
from config import Settings
from tests.integration.dashboards.pages import enter
from tests.integration.flows.conftest import OLD, Versions
from tests.integration.flows.test_other_methods import Shop
from tests.support.applications import Applications
from tests.support.prometheus import samples
from tests.support.sandbox import SandboxProcess
from tests.support.spreadsheets import rows_of

FLOWS = ("gross", "refunded", "refund_failures", "net")
SCOPE = "payments:read payments:write payments:refund metrics:read"


@pytest.fixture
def shop(
    settings: Settings,
    applications: Applications,
    sandbox: SandboxProcess,
    token: Callable[..., str],
    versions: Versions,
) -> Iterator[Shop]:
    offering = replace(
        settings, stripe_payment_methods=("automatic",), stripe_api_version=versions.calls, metrics_token=""
    )
    sandbox.hold_webhooks()
    before = sandbox.get("settings")["api_version"]
    sandbox.put("settings", {"api_version": versions.events})
    yield Shop(applications.on(offering), sandbox, settings.stripe_webhook_secret[0], token(scope=SCOPE))
    sandbox.put("settings", {"api_version": before})


def days_ago(shop: Shop, days: int) -> str:
    """Sets Stripe's clock to some days ago; returns that day."""
    shop.sandbox.put("clock", {"offset": -days * 86_400})
    return (datetime.now(UTC) - timedelta(days=days)).date().isoformat()


def volume(shop: Shop, day: str) -> dict[str, tuple[float, ...]]:
    """The money that moved on a day by currency, which the API and the file say alike."""
    answer = shop.call("GET", f"/metrics?from={day}&to={day}").json
    told = {row["currency"]: tuple(float(row[flow]) for flow in FLOWS) for row in answer["volume"]}
    text = enter(shop.app, Role.FINANCE).get(f"/dashboard/volume.csv?from={day}&to={day}&granularity=day").text
    assert {row["currency"]: tuple(float(row[flow]) for flow in FLOWS) for row in rows_of(text)} == told
    return told


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize(
    ("asked", "change", "taken", "differs"),
    [
        ("sek", {"currency": "nok"}, (50, "nok"), {"currency": ("sek", "nok")}),
        ("usd", {"currency": "jpy"}, (5000, "jpy"), {"amount": (50, 5000), "currency": ("usd", "jpy")}),
        ("eur", {"amount": 4_000}, (40, "eur"), {"amount": (50, 40)}),
    ],
    ids=["currency", "decimals", "amount"],
)
def test_what_differs_from_the_order_is_shown_everywhere(
    shop: Shop,
    newest_first: bool,
    asked: str,
    change: dict[str, Any],
    taken: tuple[float, str],
    differs: dict[str, tuple[Any, Any]],
) -> None:
    counted = samples(shop.app.test_client().get("/metrics").text).get("payments_differing_total", 0)
    intent = shop.open(asked)
    shop.sandbox.stripe("POST", f"/v1/payment_intents/{intent}", change)
    shop.sandbox.pay(intent)
    payment = shop.payment(newest_first=newest_first)
    assert (payment["status"], payment["amount"], payment["currency"]) == ("completed", *taken)
    assert (payment["amount_captured"], payment["amount_refundable"]) == (taken[0], taken[0])
    assert payment["differs"] == {name: {"asked": a, "taken": t} for name, (a, t) in differs.items()}
    page = shop.page(payment)
    assert f"asked 50.00 {asked.upper()}, taken {taken[0]:,}" in page and "Differs from the order" in page
    assert [p["id"] for p in shop.call("GET", "?differs=true").json["data"]] == [payment["id"]]
    assert shop.call("GET", "?differs=false").json["data"] == []
    browser = enter(shop.app, Role.FINANCE)
    assert payment["order_id"] in browser.get("/dashboard/payments?differs=true").text
    assert "No payments match" in browser.get("/dashboard/payments?differs=false").text
    (row,) = rows_of(browser.get("/dashboard/payments.csv").text)
    assert (row["asked_amount_minor"], row["asked_currency"], row["currency"]) == ("5000", asked, taken[1])
    assert {currency: flows[0] for currency, flows in volume(shop, days_ago(shop, 0)).items()} == {taken[1]: taken[0]}

    report = shop.app.test_cli_runner().invoke(args=["stripe", "reconcile", "--since", "1d"])
    assert report.exit_code == 0 and payment["id"] in report.output, report.output
    readings = samples(shop.app.test_client().get("/metrics").text)
    assert readings["payments_differing_total"] == counted + 1
    assert readings["reconciliation_drift{kind=differs_from_order}"] == 1


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_release_is_no_refund(shop: Shop, versions: Versions, newest_first: bool) -> None:
    intent = shop.open(capture="manual")
    shop.sandbox.pay(intent)
    held = shop.payment()
    taken = shop.call("POST", f"/stripe/capture/{held['id']}", {"amount": 30}).json
    for payment in (taken, shop.payment(newest_first=newest_first)):
        assert (payment["status"], payment["amount_captured"], payment["amount_released"]) == ("completed", 30, 20)
        assert (payment["amount_refunded"], payment["amount_refundable"], payment["refunds"]) == (0, 30, [])
        assert (payment["refund_status"], payment["differs"]) == ("none", {})
    released = shop.sandbox.stripe("GET", "/v1/refunds", {"payment_intent": intent})["data"]
    assert [refund["amount"] for refund in released] == ([2_000] if versions.calls == OLD else [])
    today = days_ago(shop, 0)
    assert volume(shop, today) == {"eur": (30, 0, 0, 30)}
    assert shop.call("GET", "/metrics").json["refund_rate"]["by_count"]["n"] == 0
    assert "20.00 EUR" in shop.page(payment)

    assert shop.call("POST", f"/stripe/refund/{held['id']}", {}).json["amount"] == 30
    payment = shop.payment(newest_first=newest_first)
    assert (payment["refund_status"], payment["amount_refunded"], payment["amount_released"]) == ("full", 30, 20)
    assert volume(shop, today) == {"eur": (30, 30, 0, 0)}
    assert shop.app.test_cli_runner().invoke(args=["stripe", "reconcile", "--since", "1d"]).exit_code == 0


def test_a_canceled_hold_was_not_paid_back(shop: Shop, versions: Versions) -> None:
    intent = shop.open(capture="manual")
    shop.sandbox.pay(intent)
    shop.call("POST", f"/stripe/cancel/{shop.payment()['id']}", {})
    payment = shop.payment(newest_first=True)
    assert (payment["status"], payment["amount_released"]) == ("canceled", 50)
    assert (payment["amount_captured"], payment["amount_refunded"], payment["refunds"]) == (0, 0, [])
    released = shop.sandbox.stripe("GET", "/v1/refunds", {"payment_intent": intent})["data"]
    assert len(released) == (versions.calls == OLD)
    assert volume(shop, days_ago(shop, 0)) == {}
    assert "Paid back" not in shop.page(payment)
    assert "No refunds yet" in enter(shop.app, Role.VIEWER).get("/dashboard/refunds").text


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_hold_belongs_to_the_day_of_its_capture(shop: Shop, newest_first: bool) -> None:
    held_on = days_ago(shop, 6)
    intent = shop.open(capture="manual")
    shop.sandbox.pay(intent)
    held = shop.payment()
    assert (held["status"], held["completed_at"]) == ("authorized", None)
    taken_on = days_ago(shop, 0)
    shop.call("POST", f"/stripe/capture/{held['id']}", {})
    payment = shop.payment(newest_first=newest_first)
    assert (payment["created_at"][:10], payment["completed_at"][:10]) == (held_on, taken_on)
    assert (volume(shop, held_on), volume(shop, taken_on)) == ({}, {"eur": (50, 0, 0, 50)})
    times = shop.call("GET", f"/metrics?from={held_on}&to={taken_on}").json["processing_time"]
    assert times["mean"] == pytest.approx(6 * 86_400, abs=60)


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_bank_debit_of_five_days_takes_five_days(shop: Shop, newest_first: bool) -> None:
    begun = days_ago(shop, 5)
    intent = shop.open()
    shop.sandbox.pay_with(intent, "sepa_debit")
    if not newest_first:
        assert shop.payment()["completed_at"] is None
    paid = days_ago(shop, 0)
    shop.sandbox.settle_payment(intent, "succeeded")
    payment = shop.payment(newest_first=newest_first)
    assert (payment["status"], payment["created_at"][:10]) == ("completed", begun)
    assert payment["completed_at"][:10] == paid
    assert (volume(shop, begun), volume(shop, paid)) == ({}, {"eur": (50, 0, 0, 50)})
    times = shop.call("GET", f"/metrics?from={begun}&to={paid}").json["processing_time"]
    assert times["mean"] == pytest.approx(5 * 86_400, abs=60)


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_refund_that_fails_is_a_second_movement_on_its_own_day(shop: Shop, newest_first: bool) -> None:
    made = days_ago(shop, 3)
    intent = shop.open()
    shop.sandbox.pay(intent)
    shop.sandbox.stripe("POST", "/v1/refunds", {"payment_intent": intent, "amount": 2_000})
    assert shop.payment(newest_first=newest_first)["amount_refunded"] == 20
    assert volume(shop, made) == {"eur": (50, 20, 0, 30)}
    failed = days_ago(shop, 0)
    (refund,) = shop.sandbox.stripe("GET", "/v1/refunds", {"payment_intent": intent})["data"]
    shop.sandbox.post(f"refunds/{refund['id']}/settle", {"status": "failed"})
    payment = shop.payment(newest_first=newest_first)
    assert (payment["amount_refunded"], payment["amount_refundable"], payment["refund_status"]) == (0, 50, "none")
    assert [r["status"] for r in payment["refunds"]] == ["failed"]
    assert volume(shop, made) == {"eur": (50, 20, 0, 30)}, "the day is closed"
    assert volume(shop, failed) == {"eur": (0, 0, 20, 20)}
    assert "came back" in enter(shop.app, Role.VIEWER).get(f"/dashboard?from={failed}&to={failed}").text
    page = samples(shop.app.test_client().get("/metrics").text)
    assert page["volume{currency=eur,flow=refund_failures,window=1h}"] == 20


def test_a_refund_that_goes_on_from_requires_action_is_pending(shop: Shop) -> None:
    intent = shop.open("mxn")
    shop.sandbox.pay_with(intent, "oxxo")
    shop.sandbox.settle_payment(intent, "succeeded")
    payment = shop.payment()
    refund = shop.call("POST", f"/stripe/refund/{payment['id']}", {}).json
    assert refund["status"] == "requires_action"
    for status, refund_status in (("pending", "pending"), ("succeeded", "full")):
        shop.sandbox.post(f"refunds/{refund['stripe_refund_id']}/settle", {"status": status})
        payment = shop.payment(newest_first=True)
        assert [r["status"] for r in payment["refunds"]] == [status]
        assert payment["refund_status"] == refund_status


@pytest.mark.parametrize(("outcome", "left"), [("lost", 38.5), ("won", 50)])
def test_a_dispute_in_another_currency_is_shown_in_its_own(shop: Shop, outcome: str, left: float) -> None:
    intent = shop.open("usd")
    shop.sandbox.pay(intent)
    money = {"amount": 1_000, "currency": "eur", "withdrawn": 1_150, "refundable": True}
    dispute = shop.sandbox.post("disputes", {"payment_intent": intent, **money})
    shop.sandbox.post(f"disputes/{dispute['id']}/close", {"outcome": outcome})
    payment = shop.payment(newest_first=True)
    (shown,) = payment["disputes"]
    assert (shown["amount"], shown["currency"], shown["status"]) == (10, "eur", outcome)
    assert payment["amount_refundable"] == left
    page = shop.page(payment)
    assert "10.00 EUR" in page and "10.00 USD" not in page
    assert "10.00 EUR" in enter(shop.app, Role.VIEWER).get("/dashboard/disputes").text
