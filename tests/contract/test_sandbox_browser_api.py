"""What a browser may do with a publishable key: the endpoints that Stripe.js uses, and the script itself."""

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
    return {f"{at}[type]" if at else "type": "card"} | {f"{prefix}[{n}]": value for n, value in fields.items()}


def confirmation(intent: Json, number: str = "4242424242424242", **more: str) -> Json:
    return {"client_secret": intent["client_secret"], "use_stripe_sdk": "true", **card(number), **more}


def confirm_path(intent: Json) -> str:
    return f"payment_intents/{intent['id']}/confirm"


def assert_nothing_private(value: Any) -> None:
    """No object anywhere inside has a field that only a server may read."""
    if isinstance(value, dict):
        private = {"metadata", "customer", "latest_charge", "fingerprint", "amount_received"} - (
            # The customer of a payment method is one that the browser sent itself.
            {"customer"} if value.get("object") == "payment_method" else set()
        )
        assert not private & value.keys()
        for child in value.values():
            assert_nothing_private(child)


def test_payment_by_a_browser(api: Api, browser: Api) -> None:
    intent = api.intent(**{"metadata[order_id]": "1"})
    billing = {"payment_method_data[billing_details][name]": "Ada Lovelace"}
    confirmed = browser.post(confirm_path(intent), confirmation(intent, **billing))
    assert confirmed["status"] == "succeeded"
    assert_nothing_private(confirmed)
    charge = api.get("charges", {"payment_intent": intent["id"]})["data"][0]
    assert (charge["billing_details"]["name"], charge["metadata"]) == ("Ada Lovelace", {"order_id": "1"})
    retrieved = browser.get(f"payment_intents/{intent['id']}", {"client_secret": intent["client_secret"]})
    assert_nothing_private(retrieved)
    assert retrieved == confirmed


@pytest.mark.parametrize("number", sorted(BY_NUMBER))
def test_every_card_behaves_as_under_the_control_endpoint(
    api: Api, browser: Api, control: Running, number: str
) -> None:
    by_browser, by_control = api.intent(), api.intent()
    cvc = "1234" if number.startswith("3") and len(number) == 15 else "123"
    params = {**confirmation(by_browser, number), "payment_method_data[card][cvc]": cvc}
    browser.send("POST", confirm_path(by_browser), params)
    control.pay(by_control["id"], number, three_d_secure="abandon")
    intents = [api.get(f"payment_intents/{intent['id']}") for intent in (by_browser, by_control)]
    results = [
        (intent["status"], (intent["next_action"] or {}).get("type"), failure(intent["last_payment_error"]))
        for intent in intents
    ]
    assert results[0] == results[1]


def failure(error: Json | None) -> tuple[str | None, ...]:
    error = error or {}
    return error.get("type"), error.get("code"), error.get("decline_code"), error.get("message")


def test_decline_hides_private_fields(api: Api, browser: Api) -> None:
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
    assert_nothing_private(error)
    assert api.get(f"payment_intents/{intent['id']}")["metadata"] == {"order_id": "1"}
    # The idempotency key keeps the response that the browser received.
    key = {"Idempotency_Key": "once"}
    first = browser.send("POST", confirm_path(intent), params, **key)
    again = browser.send("POST", confirm_path(intent), params, **key)
    assert again.json() == first.json()
    assert_nothing_private(again.json())


def test_expanded_payment_method_hides_private_fields(api: Api, browser: Api) -> None:
    intent = api.intent()
    params = confirmation(intent, **{"expand[0]": "payment_method"})
    confirmed = browser.post(confirm_path(intent), params)
    assert confirmed["payment_method"]["card"]["last4"] == "4242"
    assert_nothing_private(confirmed)


def test_confirm_in_a_wrong_state(api: Api, browser: Api) -> None:
    intent = api.intent(confirm="true", payment_method="pm_card_visa", **{"metadata[order_id]": "1"})
    status, error = browser.refused("POST", confirm_path(intent), confirmation(intent))
    assert (status, error["code"]) == (400, "payment_intent_unexpected_state")
    assert error["payment_intent"]["status"] == "succeeded"
    assert_nothing_private(error)


def test_three_d_secure_uses_the_dialog_or_the_bank_page(api: Api, browser: Api, control: Running) -> None:
    back = {"return_url": f"{ORIGIN}/thanks"}
    intent = api.intent()
    action = browser.post(confirm_path(intent), confirmation(intent, CHALLENGED, **back))["next_action"]
    assert action["type"] == "use_stripe_sdk"
    control.put("settings", redirect_to_bank=True)
    other = api.intent()
    redirect = browser.post(confirm_path(other), confirmation(other, CHALLENGED, **back))["next_action"]
    assert redirect["redirect_to_url"]["return_url"] == back["return_url"]
    page = action["use_stripe_sdk"]["stripe_js"]
    assert requests.get(page, timeout=5).status_code == 200
    assert "three_d_secure_answered" in requests.post(page, data={"outcome": "cancel"}, timeout=5).text
    failed = api.get(f"payment_intents/{intent['id']}")
    assert failed["last_payment_error"]["code"] == "payment_intent_authentication_failure"
    assert requests.post(page, data={"outcome": "complete"}, timeout=5).status_code == 409
    assert api.get(f"payment_intents/{intent['id']}")["status"] == "requires_payment_method"


def test_payment_method(api: Api, browser: Api) -> None:
    method = browser.post("payment_methods", card(at="", number="5555555555554444"))
    assert_nothing_private(method)
    assert (method["card"]["brand"], method["card"]["last4"]) == ("mastercard", "4444")
    intent = api.intent()
    params = {"client_secret": intent["client_secret"], "payment_method": method["id"]}
    assert browser.post(confirm_path(intent), params)["payment_method"] == method["id"]


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
def test_impossible_card_makes_no_attempt(api: Api, browser: Api, wrong: dict[str, str], code: str) -> None:
    intent = api.intent()
    params = {"client_secret": intent["client_secret"], **card(**wrong)}
    status, error = browser.refused("POST", confirm_path(intent), params)
    assert (status, error["type"], error["code"]) == (402, "card_error", code)
    failed = api.get(f"payment_intents/{intent['id']}")
    assert (failed["status"], failed["last_payment_error"]) == ("requires_payment_method", None)


@pytest.mark.parametrize("action", ["GET", "POST"])
def test_client_secret_of_another_intent_is_rejected(api: Api, browser: Api, action: str) -> None:
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
def test_server_endpoints_reject_a_publishable_key(api: Api, browser: Api, method: str, path: str) -> None:
    intent = api.intent()
    path = path.format(id=intent["id"])
    status, error = browser.refused(method, path, {"client_secret": intent["client_secret"]})
    assert (status, error["code"]) == (401, "secret_key_required")
    response = browser.send(method, path, None, Origin=ORIGIN)
    assert "Access-Control-Allow-Origin" not in response.headers
    allowed = preflight(browser, path, method)
    assert "Access-Control-Allow-Origin" not in allowed.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "payment_intents/pi_1"), ("POST", "payment_intents/pi_1/confirm"), ("POST", "payment_methods")],
)
def test_browser_endpoints_allow_any_origin(browser: Api, method: str, path: str) -> None:
    allowed = preflight(browser, path, method)
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert "authorization" in allowed.headers["Access-Control-Allow-Headers"]
    # The page can read an error, too.
    rejected = browser.send(method, path, None, Origin=ORIGIN)
    assert (rejected.status_code >= 400, rejected.headers["Access-Control-Allow-Origin"]) == (True, "*")


def preflight(browser: Api, path: str, method: str) -> requests.Response:
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization",
    }
    return requests.options(f"{browser.base_url}/v1/{path}", headers=headers, timeout=5)


def test_key_in_the_form_needs_no_preflight(api: Api, control: Running) -> None:
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
    ("path", "version"), [("/v3", "v3"), ("/v3/", "v3"), ("/v3/stripe.js", "v3"), ("/endive/stripe.js", "endive")]
)
def test_script(control: Running, path: str, version: str) -> None:
    response = requests.get(f"{control.base_url}{path}", timeout=5, allow_redirects=False)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert f'RELEASE = "{version}"' in response.text
    assert "window.Stripe = Stripe" in response.text


def test_frames_may_connect_only_to_the_sandbox(control: Running) -> None:
    response = requests.get(f"{control.base_url}/v3/elements/element.html", timeout=5)
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "http" not in policy
    for name in ("unknown.js", "..%2F__init__.py", "%2Fetc%2Fpasswd"):
        assert requests.get(f"{control.base_url}/v3/elements/{name}", timeout=5).status_code == 404
