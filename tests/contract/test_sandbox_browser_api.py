"""What a browser may do with a publishable key: the addresses behind Stripe.js, and the script itself."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from sandbox.behaviour.cards import BY_NUMBER
from tests.contract.conftest import Api
from tests.contract.sandbox_process import Running
from tests.contract.test_sandbox_payments import CHALLENGED

Json = dict[str, Any]
ORIGIN = "https://shop.example.com"
EXPIRY = {"exp_month": "12", "exp_year": "2034"}


def card(number: str = "4242424242424242", at: str = "payment_method_data", **changes: str) -> Json:
    """A card as Stripe.js sends it."""
    fields = {"number": number, **EXPIRY, "cvc": "123", **changes}
    prefix = f"{at}[card]" if at else "card"
    return {f"{at}[type]" if at else "type": "card"} | {
        f"{prefix}[{n}]": value for n, value in fields.items()
    }


def confirmation(intent: Json, number: str = "4242424242424242", **more: str) -> Json:
    return {"client_secret": intent["client_secret"], "use_stripe_sdk": "true", **card(number), **more}


def confirm_path(intent: Json) -> str:
    return f"payment_intents/{intent['id']}/confirm"


def nothing_private(seen: Any) -> None:
    """Raises when something that only a server may read is anywhere inside."""
    if isinstance(seen, dict):
        private = {"metadata", "customer", "latest_charge", "fingerprint", "amount_received"} - (
            # A payment method says whose it is; that is what was given with it.
            {"customer"} if seen.get("object") == "payment_method" else set()
        )
        assert not private & seen.keys()
        for value in seen.values():
            nothing_private(value)


def test_a_payment(api: Api, browser: Api) -> None:
    intent = api.intent(**{"metadata[order_id]": "1"})
    billing = {"payment_method_data[billing_details][name]": "Ada Lovelace"}
    confirmed = browser.post(confirm_path(intent), confirmation(intent, **billing))
    assert confirmed["status"] == "succeeded"
    nothing_private(confirmed)
    charge = api.get("charges", {"payment_intent": intent["id"]})["data"][0]
    assert (charge["billing_details"]["name"], charge["metadata"]) == ("Ada Lovelace", {"order_id": "1"})
    seen = browser.get(f"payment_intents/{intent['id']}", {"client_secret": intent["client_secret"]})
    nothing_private(seen)
    assert seen == confirmed


@pytest.mark.parametrize("number", sorted(BY_NUMBER))
def test_every_card_does_what_it_does_by_the_control_address(
    api: Api, browser: Api, control: Running, number: str
) -> None:
    by_browser, by_control = api.intent(), api.intent()
    cvc = "1234" if number.startswith("3") and len(number) == 15 else "123"
    params = {**confirmation(by_browser, number), "payment_method_data[card][cvc]": cvc}
    browser.send("POST", confirm_path(by_browser), params)
    control.pay(by_control["id"], number, three_d_secure="abandon")
    ends = [api.get(f"payment_intents/{intent['id']}") for intent in (by_browser, by_control)]
    told = [
        (end["status"], (end["next_action"] or {}).get("type"), failure(end["last_payment_error"]))
        for end in ends
    ]
    assert told[0] == told[1]


def failure(error: Json | None) -> tuple[str | None, ...]:
    error = error or {}
    return error.get("type"), error.get("code"), error.get("decline_code"), error.get("message")


def test_a_decline_shows_the_intent_without_what_is_private(api: Api, browser: Api) -> None:
    intent = api.intent(**{"metadata[order_id]": "1", "customer": api.post("customers")["id"]})
    params = confirmation(intent, "4000000000009995", **{"payment_method_data[metadata][note]": "private"})
    status, error = browser.refused("POST", confirm_path(intent), params)
    assert (status, error["type"], error["code"], error["decline_code"]) == (
        402,
        "card_error",
        "card_declined",
        "insufficient_funds",
    )
    assert error["payment_intent"]["status"] == "requires_payment_method"
    assert error["payment_intent"]["last_payment_error"]["payment_method"]["card"]["last4"] == "9995"
    nothing_private(error)
    assert api.get(f"payment_intents/{intent['id']}")["metadata"] == {"order_id": "1"}
    # The same again under an idempotency key: what is kept is what the browser saw.
    key = {"Idempotency_Key": "once"}
    first = browser.send("POST", confirm_path(intent), params, **key)
    again = browser.send("POST", confirm_path(intent), params, **key)
    assert again.json() == first.json()
    nothing_private(again.json())


def test_an_expanded_payment_method_is_reduced_too(api: Api, browser: Api) -> None:
    intent = api.intent()
    params = confirmation(intent, **{"expand[0]": "payment_method"})
    confirmed = browser.post(confirm_path(intent), params)
    assert confirmed["payment_method"]["card"]["last4"] == "4242"
    nothing_private(confirmed)


def test_a_state_that_does_not_allow_it(api: Api, browser: Api) -> None:
    intent = api.intent(confirm="true", payment_method="pm_card_visa", **{"metadata[order_id]": "1"})
    status, error = browser.refused("POST", confirm_path(intent), confirmation(intent))
    assert (status, error["code"]) == (400, "payment_intent_unexpected_state")
    assert error["payment_intent"]["status"] == "succeeded"
    nothing_private(error)


def test_three_d_secure_is_asked_in_the_dialog_or_on_the_banks_page(
    api: Api, browser: Api, control: Running
) -> None:
    back = {"return_url": f"{ORIGIN}/thanks"}
    intent = api.intent()
    asked = browser.post(confirm_path(intent), confirmation(intent, CHALLENGED, **back))["next_action"]
    assert asked["type"] == "use_stripe_sdk"
    control.put("settings", redirect_to_bank=True)
    other = api.intent()
    sent = browser.post(confirm_path(other), confirmation(other, CHALLENGED, **back))["next_action"]
    assert sent["redirect_to_url"]["return_url"] == back["return_url"]
    page = asked["use_stripe_sdk"]["stripe_js"]
    assert requests.get(page, timeout=5).status_code == 200
    assert "three_d_secure_answered" in requests.post(page, data={"outcome": "cancel"}, timeout=5).text
    left = api.get(f"payment_intents/{intent['id']}")
    assert left["last_payment_error"]["code"] == "payment_intent_authentication_failure"
    assert requests.post(page, data={"outcome": "complete"}, timeout=5).status_code == 409
    assert api.get(f"payment_intents/{intent['id']}")["status"] == "requires_payment_method"


def test_a_payment_method(api: Api, browser: Api) -> None:
    made = browser.post("payment_methods", card(at="", number="5555555555554444"))
    nothing_private(made)
    assert (made["card"]["brand"], made["card"]["last4"]) == ("mastercard", "4444")
    intent = api.intent()
    params = {"client_secret": intent["client_secret"], "payment_method": made["id"]}
    assert browser.post(confirm_path(intent), params)["payment_method"] == made["id"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"exp_year": "2020"}, "invalid_expiry_year"),
        ({"exp_month": "13"}, "invalid_expiry_month"),
        ({"cvc": "12"}, "invalid_cvc"),
        ({"number": "4111111111111111"}, "card_declined"),
    ],
)
def test_a_card_that_cannot_be_makes_no_attempt(
    api: Api, browser: Api, wrong: dict[str, str], code: str
) -> None:
    intent = api.intent()
    params = {"client_secret": intent["client_secret"], **card(**wrong)}
    status, error = browser.refused("POST", confirm_path(intent), params)
    assert (status, error["type"], error["code"]) == (402, "card_error", code)
    left = api.get(f"payment_intents/{intent['id']}")
    assert (left["status"], left["last_payment_error"]) == ("requires_payment_method", None)


@pytest.mark.parametrize("action", ["GET", "POST"])
def test_the_client_secret_of_another_intent(api: Api, browser: Api, action: str) -> None:
    intent, other = api.intent(), api.intent()
    path = f"payment_intents/{intent['id']}" + ("/confirm" if action == "POST" else "")
    params = confirmation(other) if action == "POST" else {"client_secret": other["client_secret"]}
    status, error = browser.refused(action, path, params)
    assert (status, error["type"], error["param"]) == (400, "invalid_request_error", "client_secret")
    assert "payment_intent" not in error
    assert api.get(f"payment_intents/{intent['id']}")["status"] == "requires_payment_method"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "payment_intents"),
        ("GET", "payment_intents"),
        ("POST", "payment_intents/{id}"),
        ("POST", "payment_intents/{id}/cancel"),
        ("POST", "payment_intents/{id}/capture"),
        ("POST", "refunds"),
        ("GET", "charges"),
        ("GET", "events"),
        ("POST", "customers"),
        ("GET", "account"),
    ],
)
def test_what_only_a_server_may_do(api: Api, browser: Api, method: str, path: str) -> None:
    intent = api.intent()
    address = path.format(id=intent["id"])
    status, error = browser.refused(method, address, {"client_secret": intent["client_secret"]})
    assert (status, error["code"]) == (401, "secret_key_required")
    answer = browser.send(method, address, None, Origin=ORIGIN)
    assert "Access-Control-Allow-Origin" not in answer.headers
    asked = preflight(browser, address, method)
    assert "Access-Control-Allow-Origin" not in asked.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "payment_intents/pi_1"),
        ("POST", "payment_intents/pi_1/confirm"),
        ("POST", "payment_methods"),
    ],
)
def test_any_page_may_call_what_is_for_browsers(browser: Api, method: str, path: str) -> None:
    asked = preflight(browser, path, method)
    assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert "authorization" in asked.headers["Access-Control-Allow-Headers"]
    # An error can be read as well as an answer.
    refused = browser.send(method, path, None, Origin=ORIGIN)
    assert (refused.status_code >= 400, refused.headers["Access-Control-Allow-Origin"]) == (True, "*")


def preflight(browser: Api, path: str, method: str) -> requests.Response:
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization",
    }
    return requests.options(f"{browser.base_url}/v1/{path}", headers=headers, timeout=5)


def test_the_key_in_the_form_needs_no_preflight(api: Api, control: Running) -> None:
    intent = api.intent()
    url = f"{control.base_url}/v1/payment_intents/{intent['id']}"
    params = {"client_secret": intent["client_secret"], "key": "pk_test_form"}
    assert requests.get(url, params=params, timeout=5).json()["id"] == intent["id"]
    paid = requests.post(f"{url}/confirm", data={**params, **card()}, timeout=5).json()
    assert paid["status"] == "succeeded"
    logged = control.get("requests", path=intent["id"])["requests"]
    assert all("key" not in entry["params"] for entry in logged if entry["params"])
    assert logged[-1]["params"]["payment_method_data"]["card"]["number"] == "4242"
    assert intent["client_secret"] not in str(logged)


@pytest.mark.parametrize(
    ("path", "version"),
    [("/v3", "v3"), ("/v3/", "v3"), ("/v3/stripe.js", "v3"), ("/endive/stripe.js", "endive")],
)
def test_the_script(control: Running, path: str, version: str) -> None:
    answer = requests.get(f"{control.base_url}{path}", timeout=5, allow_redirects=False)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert f'RELEASE = "{version}"' in answer.text
    assert "window.Stripe = Stripe" in answer.text


def test_the_frames_may_speak_to_the_sandbox_alone(control: Running) -> None:
    answer = requests.get(f"{control.base_url}/v3/elements/element.html", timeout=5)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "http" not in policy
    for name in ("unknown.js", "..%2F__init__.py", "%2Fetc%2Fpasswd"):
        assert requests.get(f"{control.base_url}/v3/elements/{name}", timeout=5).status_code == 404
