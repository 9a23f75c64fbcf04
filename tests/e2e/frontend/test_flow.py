"""The React package in a real browser, from the order to the money: chromium, gunicorn, MongoDB and the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.frontend.conftest import Begin, Shop
from tests.e2e.frontend.shopper import PATIENCE_MS
from tests.support.sandbox import SandboxProcess

PaidOnce = Callable[..., dict[str, Any]]
pytestmark = pytest.mark.timeout(300)

THREE_D_SECURE = "4000002760003184"
NO_FUNDS = "4000000000009995"


def test_an_order_is_placed_paid_and_shown_as_paid(shopper: Begin, paid_once: PaidOnce) -> None:
    jo = shopper()
    jo.page.goto(f"{jo.base_url}/demo/")
    jo.press("Create order")
    opener = jo.page.get_by_role("table").get_by_role("button").first
    order = opener.text_content() or ""
    opener.click()
    jo.press("Pay with Stripe")
    expect(jo.modal).to_contain_text("$99.99")
    jo.press("Continue to Payment")
    jo.pay().sees("Payment received")
    expect(jo.modal).to_contain_text(f"$99.99 for order {order} was paid with the card ending in 4242.")
    jo.press("Done")
    jo.sees_order_paid()
    assert len(paid_once(order)["attempts"]) == 1


@pytest.mark.parametrize(
    ("product", "shown", "minor", "currency"),
    [("lantern", "¥4,800", 4800, "jpy"), ("lamp", "12.340", 12340, "kwd")],
)
def test_currencies_without_and_with_three_decimals(
    shopper: Begin, paid_once: PaidOnce, product: str, shown: str, minor: int, currency: str
) -> None:
    jo = shopper()
    order = jo.place_order(product)
    jo.open_order(order).to_card()
    expect(jo.pay_button).to_contain_text(shown)
    jo.pay().sees("Payment received")
    paid_once(order, minor, currency)


def test_declined_and_then_paid_with_another_card(shopper: Begin, paid_once: PaidOnce) -> None:
    jo = shopper()
    order = jo.place_order()
    jo.open_order(order).to_card().pay(NO_FUNDS).sees("Payment declined")
    expect(jo.modal.get_by_role("alert")).to_have_text(
        "The card has insufficient funds or is over its limit. Please use another card."
    )
    jo.press("Try another card")
    jo.pay().sees("Payment received")
    statuses = [attempt["status"] for attempt in paid_once(order)["attempts"]]
    assert statuses == ["failed", "succeeded"]


def test_three_d_secure_completed(shopper: Begin, paid_once: PaidOnce) -> None:
    jo = shopper()
    order = jo.place_order()
    jo.open_order(order).to_card().pay(THREE_D_SECURE)
    jo.bank.get_by_role("button", name="Complete").click()
    jo.sees("Payment received")
    assert paid_once(order)["three_d_secure"]["result"] == "authenticated"


@pytest.mark.parametrize("how", ["Fail authentication", "Cancel"])
def test_three_d_secure_failed_and_then_paid(shopper: Begin, paid_once: PaidOnce, how: str) -> None:
    jo = shopper()
    order = jo.place_order()
    jo.open_order(order).to_card().pay(THREE_D_SECURE)
    jo.bank.get_by_role("button", name=how).click()
    jo.sees("Payment declined")
    expect(jo.modal.get_by_role("alert")).to_contain_text("The bank could not confirm that it is you.")
    jo.press("Try another card")
    jo.pay().sees("Payment received")
    paid_once(order)


def test_three_d_secure_abandoned_by_a_reload_and_then_paid(shopper: Begin, paid_once: PaidOnce) -> None:
    jo = shopper()
    order = jo.place_order()
    jo.open_order(order).to_card().pay(THREE_D_SECURE)
    jo.bank.get_by_role("button", name="Complete").wait_for()
    jo.page.reload()
    jo.to_card().pay().sees("Payment received")
    paid_once(order)


def test_pay_is_pressed_twice(shopper: Begin, paid_once: PaidOnce) -> None:
    jo = shopper()
    order = jo.place_order()
    jo.open_order(order).to_card().type_card()
    jo.pay_button.dblclick()
    jo.sees("Payment received")
    assert len(paid_once(order)["attempts"]) == 1


def test_a_reload_before_the_service_answers(
    shopper: Begin, paid_once: PaidOnce, sandbox: SandboxProcess
) -> None:
    sandbox.hold_webhooks()
    jo = shopper()
    order = jo.place_order()
    jo.open_order(order).to_card()
    # The card is charged, and the page is gone before anybody has told the service.
    jo.expected.add("ERR_FAILED")
    jo.page.route("**/stripe/confirm", lambda route: route.abort())
    with jo.page.expect_request("**/stripe/confirm"):
        jo.pay()
    jo.page.reload()
    jo.page.unroute_all(behavior="wait")
    jo.press("Pay with Stripe")
    jo.press("Continue to Payment")
    jo.sees("Already paid")
    jo.press("Done")
    jo.sees_order_paid()
    sandbox.release_webhooks()
    assert len(paid_once(order)["attempts"]) == 1


def test_the_service_goes_down_in_mid_payment_and_comes_back(
    shopper: Begin, paid_once: PaidOnce, shop: Shop, sandbox: SandboxProcess
) -> None:
    sandbox.put("webhooks", {"base_backoff_ms": 200, "max_backoff_ms": 500})
    jo = shopper()
    jo.expected.add("ERR_CONNECTION_REFUSED")
    order = jo.place_order()
    jo.open_order(order).to_card().type_card()
    shop.stop()
    try:
        jo.pay_button.click()
        jo.sees("Checking your payment …")
        expect(jo.modal).to_contain_text("You do not need to pay again", timeout=PATIENCE_MS)
    finally:
        shop.start()
    jo.sees("Payment received")
    paid_once(order)


def test_the_service_is_down_when_the_payment_is_opened(
    shopper: Begin, paid_once: PaidOnce, shop: Shop
) -> None:
    jo = shopper()
    jo.expected.add("ERR_CONNECTION_REFUSED")
    order = jo.place_order()
    jo.open_order(order)
    jo.press("Pay with Stripe")
    jo.page.get_by_role("button", name="Continue to Payment").wait_for()
    shop.stop()
    try:
        jo.press("Continue to Payment")
        expect(jo.modal.get_by_role("alert")).to_be_visible(timeout=PATIENCE_MS)
    finally:
        shop.start()
    jo.press("Try again")
    jo.pay().sees("Payment received")
    paid_once(order)


def test_closing_in_mid_payment_asks_and_the_payment_goes_on(shopper: Begin, paid_once: PaidOnce) -> None:
    jo = shopper()
    order = jo.place_order()
    jo.open_order(order).to_card()
    # The answers of the service wait until the customer has decided.
    waiting: list[Any] = []
    jo.page.route("**/stripe/confirm", lambda route: waiting.append(route))  # noqa: PLW0108 - playwright inspects it
    jo.pay().sees("Checking your payment …")
    jo.page.keyboard.press("Escape")
    jo.press("Keep waiting")
    jo.press("Close the payment window")
    jo.press("Close anyway")
    expect(jo.modal).to_have_count(0)
    for route in waiting:
        route.continue_()
    jo.sees_order_paid()
    paid_once(order)
