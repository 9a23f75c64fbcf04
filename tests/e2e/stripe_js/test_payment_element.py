"""Stripe's own packages take payments with the Payment Element from the sandbox, in a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.stripe_js.checkout import Checkout
from tests.e2e.stripe_js.stripe_server import StripeServer
from tests.support.sandbox import SandboxProcess

Begin = Callable[..., Checkout]
DECLINED = "status of 402"


def test_a_card_that_pays(checkout: Begin, stripe: StripeServer) -> None:
    intent = stripe.intent()
    customer = checkout(intent)
    paid = customer.pay()["paymentIntent"]
    assert (paid["id"], paid["status"]) == (intent["id"], "succeeded")
    assert "metadata" not in paid
    now = stripe.now(intent)
    assert (now["status"], now["amount_received"]) == ("succeeded", 1000)
    billing = now["latest_charge"]["billing_details"]
    assert (billing["name"], billing["address"]["postal_code"], billing["address"]["country"]) == (
        "Ada Lovelace",
        "12345",
        "US",
    )
    assert now["latest_charge"]["payment_method_details"]["card"]["exp_year"] == 2034


def test_the_page_never_receives_the_card(checkout: Begin, stripe: StripeServer) -> None:
    customer = checkout(stripe.intent())
    customer.pay()
    assert customer.page.evaluate("[...document.querySelectorAll('iframe')].map((one) => one.contentDocument)") == [
        None,
        None,
    ]
    assert customer.page.locator("input").count() == 0
    (sent,) = customer.calls("/confirm")
    assert "4242424242424242" in (sent.post_data or "")
    assert sent.frame.url.startswith(f"{customer.shop.sandbox_url}/v3/elements/controller.html")


def test_declines_and_another_card_on_the_same_intent(checkout: Begin, stripe: StripeServer) -> None:
    intent = stripe.intent()
    customer = checkout(intent)
    customer.expected = {DECLINED}
    for number, code, decline_code in (
        ("4000000000000002", "card_declined", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds"),
        ("4000000000000069", "expired_card", None),
        ("4000000000000127", "incorrect_cvc", None),
    ):
        error = customer.pay(number)["error"]
        assert (error["type"], error["code"], error.get("decline_code")) == ("card_error", code, decline_code)
        assert error["message"].startswith("Your card")
        assert error["payment_intent"]["status"] == "requires_payment_method"
        assert stripe.now(intent)["last_payment_error"]["code"] == code
    assert customer.pay()["paymentIntent"]["status"] == "succeeded"
    assert stripe.now(intent)["status"] == "succeeded"


def test_a_number_that_is_no_test_card(checkout: Begin, stripe: StripeServer) -> None:
    intent = stripe.intent()
    customer = checkout(intent)
    customer.expected = {DECLINED}
    error = customer.pay("4111111111111111")["error"]
    assert error["decline_code"] == "test_mode_live_card"
    assert stripe.now(intent)["last_payment_error"] is None


WRONG = [
    ({"number": ""}, "Card number", "incomplete_number", "Your card number is incomplete."),
    ({"number": "424242424242"}, "Card number", "incomplete_number", "Your card number is incomplete."),
    ({"number": "4242424242424241"}, "Card number", "invalid_number", "Your card number is invalid."),
    ({"expiry": "1"}, "Expiration", "incomplete_expiry", "Your card’s expiration date is incomplete."),
    ({"expiry": "13/34"}, "Expiration", "invalid_expiry_month", "Your card’s expiration date is invalid."),
    ({"expiry": "12/20"}, "Expiration", "invalid_expiry_year_past", "Your card’s expiration year is in the past."),
    ({"expiry": "12/99"}, "Expiration", "invalid_expiry_year", "Your card’s expiration year is invalid."),
    ({"cvc": "12"}, "Security code", "incomplete_cvc", "Your card’s security code is incomplete."),
    ({"postal": "1"}, "ZIP", "incomplete_zip", "Your postal code is incomplete."),
]


def test_invalid_input(checkout: Begin, stripe: StripeServer) -> None:
    customer = checkout(stripe.intent())
    for wrong, field, code, message in WRONG:
        error = customer.pay(**wrong)["error"]
        assert error == {"type": "validation_error", "code": code, "message": message}
        element = customer.field(field)
        expect(element).to_have_attribute("aria-invalid", "true")
        expect(element).to_have_accessible_description(message)
        expect(element).to_be_focused()
    assert customer.calls("/confirm") == []
    assert customer.pay()["paymentIntent"]["status"] == "succeeded"


def test_an_empty_form(checkout: Begin, stripe: StripeServer) -> None:
    customer = checkout(stripe.intent())
    expect(customer.field("Card number")).to_be_visible()
    customer.press_pay()
    assert customer.result()["error"]["code"] == "incomplete_number"
    expect(customer.form.get_by_role("alert").filter(has_text="incomplete")).to_have_count(4)


def test_what_is_typed_is_written_as_on_a_card(checkout: Begin, stripe: StripeServer) -> None:
    customer = checkout(stripe.intent(), loose="1")
    number, expiry, cvc = (customer.field(name) for name in ("Card number", "Expiration date", "Security code"))
    number.press_sequentially("378282246310005999")
    expect(number).to_have_value("3782 822463 10005")
    cvc.press_sequentially("12345")
    expect(cvc).to_have_value("1234")
    number.fill("4242 4242 4242 4242")
    # In the middle the cursor stays behind the digit that was typed.
    for key in ("ArrowLeft", "ArrowLeft", "Backspace", "2"):
        number.press(key)
    expect(number).to_have_value("4242 4242 4242 4242")
    assert number.evaluate("(input) => input.selectionStart") == len("4242 4242 4242 42")
    for typed, written in (("5", "05 / "), ("1/35", "01 / 35"), ("1234", "12 / 34")):
        expiry.clear()
        expiry.press_sequentially(typed)
        expect(expiry).to_have_value(written)
    # As browsers fill it in.
    expiry.fill("12/2034")
    expect(expiry).to_have_value("12 / 34")
    for _ in range(3):
        expiry.press("Backspace")
    expect(expiry).to_have_value("1")
    postal = customer.field("ZIP")
    customer.field("Country").select_option("GB")
    postal.fill("SW1A1AA")
    for key in ("ArrowLeft", "ArrowLeft", "ArrowLeft", " ", "X"):
        postal.press(key)
    expect(postal).to_have_value("SW1A X1AA")
    customer.field("Country").select_option("DE")
    expect(postal).to_be_hidden()
    cvc.fill("123")
    expiry.fill("12 / 34")
    customer.press_pay()
    assert customer.result()["paymentIntent"]["status"] == "succeeded"


def test_enter_submits_the_form(checkout: Begin, stripe: StripeServer) -> None:
    customer = checkout(stripe.intent()).fill()
    customer.field("ZIP").press("Enter")
    assert customer.result()["paymentIntent"]["status"] == "succeeded"


def test_the_intent_after_the_form(checkout: Begin, stripe: StripeServer) -> None:
    """Elements may begin without an intent; the client secret comes with the confirmation."""
    customer = checkout(stripe.intent(), deferred="1")
    assert customer.pay(cvc="")["error"]["code"] == "incomplete_cvc"
    assert customer.pay()["paymentIntent"]["status"] == "succeeded"


def test_always_redirect(checkout: Begin, stripe: StripeServer) -> None:
    intent = stripe.intent()
    customer = checkout(intent, redirect="always")
    customer.expected = {DECLINED}
    assert customer.pay("4000000000000002")["error"]["code"] == "card_declined"
    customer.fill().press_pay()
    customer.page.wait_for_url(
        f"{customer.shop.url}/thanks.html?payment_intent={intent['id']}"
        f"&payment_intent_client_secret={intent['client_secret']}&redirect_status=succeeded"
    )
    assert stripe.now(intent)["status"] == "succeeded"


@pytest.mark.parametrize(("loose", "frames"), [("", 2), ("1", 2)], ids=["StrictMode mounts twice", "mounted once"])
def test_one_form_however_often_react_mounts_it(checkout: Begin, stripe: StripeServer, loose: str, frames: int) -> None:
    customer = checkout(stripe.intent(), **({"loose": loose} if loose else {}))
    for _ in range(2):
        customer.fill()
        assert customer.page.locator("iframe").count() == frames
        customer.page.get_by_role("button", name="Close").click()
        expect(customer.page.locator("form")).to_have_count(0)
        customer.page.get_by_role("button", name="Open").click()
    assert customer.pay()["paymentIntent"]["status"] == "succeeded"


def test_events_of_a_payment_element(checkout: Begin, stripe: StripeServer) -> None:
    customer = checkout(stripe.intent(), loose="1").fill()
    customer.field("ZIP").press("Escape")
    expect(customer.events("Escape")).to_have_text("payment")
    customer.press_pay()
    customer.result()
    # react-stripe-js hands on the Element itself when it is ready.
    for name, text in (("LoaderStart", "payment"), ("Ready", ""), ("Focus", "payment"), ("Blur", "payment")):
        expect(customer.events(name)).to_have_text([text])
    expect(customer.events("Change").last).to_have_text("payment")
    expect(customer.page.locator(".StripeElement")).to_have_class("StripeElement StripeElement--complete")


@pytest.mark.parametrize("kind", ["paid already", "of nobody"])
def test_an_intent_that_cannot_be_shown(checkout: Begin, stripe: StripeServer, kind: str) -> None:
    if kind == "paid already":
        intent = stripe.intent(
            **{"payment_method_types[]": "card", "payment_method": "pm_card_visa", "confirm": "true"}
        )
    else:
        intent = {"client_secret": "pi_unknown_secret_unknown"}
    customer = checkout(intent, loose="1")
    customer.expected = {"status of 404"}
    code = "payment_intent_unexpected_state" if kind == "paid already" else "resource_missing"
    expect(customer.events("LoadError")).to_have_text([f"payment {code}"])
    expect(customer.events("Ready")).to_have_count(0)


@pytest.mark.parametrize(
    ("effect", "kind", "console"),
    [
        ("answer_lost", "api_connection_error", "ERR_EMPTY_RESPONSE"),
        ("garbage", "api_error", "status of 502"),
        ("500", "api_error", "status of 500"),
    ],
)
def test_the_connection_to_stripe_fails(
    checkout: Begin, stripe: StripeServer, sandbox: SandboxProcess, effect: str, kind: str, console: str
) -> None:
    customer = checkout(stripe.intent())
    customer.expected = {console}
    # Without a limit, because Chromium asks once more by itself when a connection is closed.
    sandbox.post("faults", {"effect": effect, "match": {"path": "/confirm$"}, "work": False})
    error = customer.pay()["error"]
    assert error["type"] == kind
    assert error["message"]
    sandbox.delete("faults")
    assert customer.pay()["paymentIntent"]["status"] == "succeeded"
