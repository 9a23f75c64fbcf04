"""3-D Secure with Stripe's own packages: in the dialog, on the bank's page, and left alone."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.stripe_js.checkout import Checkout
from tests.e2e.stripe_js.stripe_server import StripeServer
from tests.support.sandbox import SandboxProcess

Begin = Callable[..., Checkout]
CHALLENGED = "4000002760003184"
DIALOG = "dialog[aria-label='3D Secure authentication']"
FAILED = "We are unable to authenticate your payment method. Please choose a different payment method and try again."


def test_completed(checkout: Begin, stripe: StripeServer) -> None:
    intent = stripe.intent()
    customer = checkout(intent)
    customer.fill(CHALLENGED).press_pay()
    expect(customer.bank.get_by_text("do you want to pay $10.00?")).to_be_visible()
    assert stripe.now(intent)["status"] == "requires_action"
    customer.bank.get_by_role("button", name="Complete").click()
    assert customer.result()["paymentIntent"]["status"] == "succeeded"
    expect(customer.page.locator(DIALOG)).to_have_count(0)
    assert customer.page.url.startswith(f"{customer.shop.url}/page.html")
    details = stripe.now(intent)["latest_charge"]["payment_method_details"]["card"]
    assert details["three_d_secure"]["result"] == "authenticated"


@pytest.mark.parametrize("how", ["Fail authentication", "Cancel", "Escape"])
def test_failed_or_canceled_and_then_paid(checkout: Begin, stripe: StripeServer, how: str) -> None:
    intent = stripe.intent()
    customer = checkout(intent)
    customer.fill(CHALLENGED).press_pay()
    fail = customer.bank.get_by_role("button", name="Fail")
    fail.wait_for()
    if how == "Escape":
        fail.press("Escape")
    else:
        customer.bank.get_by_role("button", name=how).click()
    error = customer.result()["error"]
    assert (error["type"], error["code"], error["message"]) == (
        "invalid_request_error",
        "payment_intent_authentication_failure",
        FAILED,
    )
    assert error["payment_intent"]["status"] == "requires_payment_method"
    assert stripe.now(intent)["latest_charge"] is None
    assert customer.pay()["paymentIntent"]["status"] == "succeeded"


def test_escape_on_the_dialog_itself(checkout: Begin, stripe: StripeServer) -> None:
    customer = checkout(stripe.intent())
    customer.fill(CHALLENGED).press_pay()
    customer.bank.get_by_role("button", name="Fail").wait_for()
    customer.page.locator(DIALOG).evaluate("(dialog) => { dialog.tabIndex = -1; dialog.focus(); }")
    customer.page.keyboard.press("Escape")
    assert customer.result()["error"]["code"] == "payment_intent_authentication_failure"


def test_left_in_the_middle_and_paid_after_a_reload(checkout: Begin, stripe: StripeServer) -> None:
    intent = stripe.intent()
    customer = checkout(intent)
    customer.fill(CHALLENGED).press_pay()
    customer.bank.get_by_role("button", name="Complete").wait_for()
    customer.page.reload()
    assert stripe.now(intent)["status"] == "requires_action"
    assert customer.pay()["paymentIntent"]["status"] == "succeeded"
    assert stripe.now(intent)["status"] == "succeeded"


def test_the_form_may_close_while_the_bank_asks(checkout: Begin, stripe: StripeServer) -> None:
    intent = stripe.intent()
    customer = checkout(intent)
    customer.fill(CHALLENGED).press_pay()
    complete = customer.bank.get_by_role("button", name="Complete")
    complete.wait_for()
    customer.page.get_by_role("button", name="Close", include_hidden=True).evaluate("(button) => button.click()")
    complete.click()
    expect(customer.page.locator(DIALOG)).to_have_count(0)
    assert stripe.now(intent)["status"] == "succeeded"


def test_passed_and_then_declined(checkout: Begin, stripe: StripeServer) -> None:
    customer = checkout(stripe.intent())
    customer.fill("4000008400001629").press_pay()
    customer.bank.get_by_role("button", name="Complete").click()
    error = customer.result()["error"]
    assert (error["type"], error["code"], error["decline_code"]) == ("card_error", "card_declined", "generic_decline")


@pytest.mark.parametrize(("answer", "status"), [("Complete", "succeeded"), ("Fail", "failed"), ("Cancel", "failed")])
def test_on_the_banks_own_page(
    checkout: Begin, stripe: StripeServer, sandbox: SandboxProcess, answer: str, status: str
) -> None:
    sandbox.put("settings", {"redirect_to_bank": True})
    intent = stripe.intent()
    customer = checkout(intent)
    customer.fill(CHALLENGED).press_pay()
    customer.page.wait_for_url(f"{sandbox.base_url}/_sandbox/three_d_secure/*")
    customer.page.get_by_role("button", name=answer).click()
    customer.page.wait_for_url(f"{customer.shop.url}/thanks.html?*")
    back = parse_qs(urlsplit(customer.page.url).query)
    assert back == {
        "payment_intent": [intent["id"]],
        "payment_intent_client_secret": [intent["client_secret"]],
        "redirect_status": [status],
    }
    left = "succeeded" if answer == "Complete" else "requires_payment_method"
    assert stripe.now(intent)["status"] == left


def test_an_action_that_the_server_began(checkout: Begin, stripe: StripeServer) -> None:
    intent = stripe.intent(
        **{"payment_method_types[]": "card", "payment_method": "pm_card_authenticationRequired", "confirm": "true"}
    )
    assert intent["status"] == "requires_action"
    customer = checkout(intent)
    customer.page.evaluate(
        "async ([secret]) => { window.answer = (await window.stripe).handleNextAction({clientSecret: secret}); }",
        [intent["client_secret"]],
    )
    customer.bank.get_by_role("button", name="Complete").click()
    answer = customer.page.evaluate("window.answer")
    assert answer["paymentIntent"]["status"] == "succeeded"
    # Nothing is left to do, so the same call shows nothing.
    assert customer.ask("handleNextAction", {"clientSecret": intent["client_secret"]}) == answer
