"""Stripe's own packages with the Card Element, and the calls that need no Element."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.stripe_js.checkout import Checkout
from tests.e2e.stripe_js.stripe_server import StripeServer

Begin = Callable[..., Checkout]


def test_a_card_that_pays(checkout: Begin, stripe: StripeServer) -> None:
    intent = stripe.intent()
    customer = checkout(intent, element="card")
    assert customer.pay("5555555555554444")["paymentIntent"]["status"] == "succeeded"
    charge = stripe.now(intent)["latest_charge"]
    assert charge["payment_method_details"]["card"]["brand"] == "mastercard"
    assert charge["billing_details"]["name"] == "Ada Lovelace"
    assert charge["billing_details"]["address"]["postal_code"] == "12345"


def test_a_decline_and_a_wrong_number(checkout: Begin, stripe: StripeServer) -> None:
    customer = checkout(stripe.intent(), element="card")
    customer.expected = {"status of 402"}
    assert customer.pay("4000000000009995")["error"]["decline_code"] == "insufficient_funds"
    assert customer.pay("4242424242424241")["error"]["code"] == "invalid_number"
    expect(customer.page.locator(".StripeElement--invalid")).to_have_count(1)
    assert customer.pay()["paymentIntent"]["status"] == "succeeded"


@pytest.mark.parametrize("answer", ["Complete", "Fail"])
def test_three_d_secure(checkout: Begin, stripe: StripeServer, answer: str) -> None:
    customer = checkout(stripe.intent(), element="card")
    customer.fill("4000002760003184").press_pay()
    customer.bank.get_by_role("button", name=answer).click()
    result = customer.result()
    if answer == "Complete":
        assert result["paymentIntent"]["status"] == "succeeded"
    else:
        assert result["error"]["code"] == "payment_intent_authentication_failure"


@pytest.mark.parametrize("element", ["card", "payment"])
def test_the_form_as_a_payment_method(checkout: Begin, stripe: StripeServer, element: str) -> None:
    intent = stripe.intent()
    customer = checkout(intent, element=element, method="1")
    customer.expected = {"status of 402"}
    assert customer.pay(cvc="1")["error"]["code"] == "incomplete_cvc"
    assert customer.pay("4111111111111111")["error"]["decline_code"] == "test_mode_live_card"
    assert customer.pay()["paymentIntent"]["status"] == "succeeded"
    assert stripe.now(intent)["latest_charge"]["billing_details"]["address"]["postal_code"] == "12345"


def test_a_payment_method_without_a_form(checkout: Begin, stripe: StripeServer) -> None:
    intent = stripe.intent()
    customer = checkout(intent)
    card = {"type": "card", "card": {"token": "tok_visa"}, "billing_details": {"email": "ada@example.com"}}
    method = customer.ask("createPaymentMethod", card)["paymentMethod"]
    assert (method["card"]["last4"], method["billing_details"]["email"]) == ("4242", "ada@example.com")
    secret = intent["client_secret"]
    paid = customer.ask("confirmCardPayment", secret, {"payment_method": method["id"]})["paymentIntent"]
    assert (paid["status"], paid["payment_method"]) == ("succeeded", method["id"])
    assert customer.ask("retrievePaymentIntent", secret)["paymentIntent"] == paid


def test_the_action_may_be_left_to_the_page(checkout: Begin, stripe: StripeServer) -> None:
    intent = stripe.intent()
    customer = checkout(intent)
    asked = customer.ask(
        "confirmCardPayment",
        intent["client_secret"],
        {"payment_method": "pm_card_authenticationRequired"},
        {"handleActions": False},
    )["paymentIntent"]
    assert (asked["status"], asked["next_action"]["type"]) == ("requires_action", "use_stripe_sdk")
    expect(customer.page.locator("dialog")).to_have_count(0)


def test_the_secret_of_another_intent(checkout: Begin, stripe: StripeServer) -> None:
    intent, other = stripe.intent(), stripe.intent()
    customer = checkout(intent)
    customer.expected = {"status of 400"}
    mixed = f"{other['id']}_secret_{intent['client_secret'].partition('_secret_')[2]}"
    error = customer.ask("retrievePaymentIntent", mixed)["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", "client_secret")


@pytest.mark.parametrize(
    ("call", "given"),
    [
        ("retrievePaymentIntent", ["pi_1"]),
        ("confirmCardPayment", ["nonsense", {}]),
        ("confirmPayment", [{"clientSecret": "pi_1_secret_2", "redirect": "sometimes"}]),
        ("confirmPayment", [{"clientSecret": "pi_1_secret_2"}]),
        ("createToken", [{}]),
    ],
)
def test_a_mistake_of_the_page_is_thrown(checkout: Begin, stripe: StripeServer, call: str, given: list[object]) -> None:
    customer = checkout(stripe.intent())
    script = "async ([call, given]) => (await window.stripe)[call](...given).catch((error) => error.name)"
    assert customer.page.evaluate(script, [call, given]) == "IntegrationError"
