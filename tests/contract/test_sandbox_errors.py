"""Invalid input is rejected with Stripe's status, type, code and param."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.contract.conftest import Api
from tests.contract.sandbox_process import Running

BASE = {"amount": "1000", "currency": "usd", "payment_method_types[]": "card"}


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"amount": None}, "parameter_missing", "amount"),
        ({"currency": None}, "parameter_missing", "currency"),
        ({"amount": ""}, "parameter_invalid_empty", "amount"),
        ({"amount": "10.50"}, "parameter_invalid_integer", "amount"),
        ({"amount": "1e3"}, "parameter_invalid_integer", "amount"),
        ({"amount": "NaN"}, "parameter_invalid_integer", "amount"),
        ({"amount": "0"}, "parameter_invalid_integer", "amount"),
        ({"amount": "-5"}, "parameter_invalid_integer", "amount"),
        ({"amount": "49"}, "amount_too_small", "amount"),
        ({"amount": "100000000"}, "amount_too_large", "amount"),
        ({"amount": "49", "currency": "jpy"}, "amount_too_small", "amount"),
        ({"amount": "5001", "currency": "kwd"}, "invalid_charge_amount", "amount"),
        ({"amount": "550", "currency": "isk"}, "invalid_charge_amount_no_decimal_compatible", "amount"),
        ({"currency": "xxx"}, None, "currency"),
        ({"currency": "US dollar"}, None, "currency"),
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"shipping[name]": "A", "shipping[address][town]": "B"}, "parameter_unknown", "shipping[address][town]"),
        ({"shipping[name]": "A"}, "parameter_missing", "shipping[address]"),
        ({"confirm": "yes"}, None, "confirm"),
        ({"capture_method": "later"}, None, "capture_method"),
        ({"customer": "cus_nobody"}, "resource_missing", "customer"),
        ({"payment_method": "pm_nothing"}, "resource_missing", "payment_method"),
        ({"receipt_email": "nobody"}, "email_invalid", "receipt_email"),
        ({"statement_descriptor": "x" * 23}, None, "statement_descriptor"),
        ({"metadata": "text"}, None, "metadata"),
        ({"metadata[" + "k" * 41 + "]": "v"}, None, "metadata[" + "k" * 41 + "]"),
        ({"metadata[k]": "v" * 501}, None, "metadata[k]"),
        ({f"metadata[k{n}]": "v" for n in range(51)}, None, "metadata"),
        ({"automatic_payment_methods[enabled]": "true"}, "parameters_exclusive", "payment_method_types"),
        ({"expand[]": "nothing"}, None, "expand"),
        ({"expand[]": "latest_charge.a.b.c.d"}, None, "expand"),
        ({"off_session": "true"}, None, "off_session"),
    ],
)
def test_create_intent(api: Api, changes: dict[str, Any], code: str | None, param: str) -> None:
    params = {name: value for name, value in {**BASE, **changes}.items() if value is not None}
    status, error = api.refused("POST", "payment_intents", params)
    assert (status, error["type"]) == (400, "invalid_request_error")
    assert (error.get("code"), error.get("param")) == (code, param)
    assert api.get("payment_intents")["data"] == []


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        *((50, "usd"), (99_999_999, "usd"), (50, "jpy"), (5120, "kwd"), (500, "isk"), (30, "gbp")),
        *((999_999_999_999, "idr"), (9_999_999_999, "cop"), (999_999_999, "inr"), (50, "rub")),
    ],
)
def test_amounts_at_the_limits(api: Api, amount: int, currency: str) -> None:
    assert api.intent(amount=amount, currency=currency)["amount"] == amount


def test_uppercase_currency_is_accepted(api: Api) -> None:
    assert api.intent(currency="EUR")["currency"] == "eur"


@pytest.mark.parametrize(
    ("method", "path", "param"),
    [
        ("GET", "payment_intents/pi_none", "intent"),
        ("POST", "payment_intents/pi_none", "intent"),
        ("POST", "payment_intents/pi_none/confirm", "intent"),
        ("POST", "payment_intents/pi_none/cancel", "intent"),
        ("POST", "payment_intents/pi_none/capture", "intent"),
        ("GET", "charges/ch_none", "charge"),
        ("GET", "refunds/re_none", "refund"),
        ("POST", "refunds/re_none", "refund"),
        ("POST", "refunds/re_none/cancel", "refund"),
        ("GET", "disputes/dp_none", "dispute"),
        ("GET", "events/evt_none", "id"),
        ("GET", "payment_methods/pm_none", "payment_method"),
        ("GET", "customers/cus_none", "id"),
    ],
)
def test_unknown_id(api: Api, method: str, path: str, param: str) -> None:
    status, error = api.refused(method, path)
    assert (status, error["code"], error["param"]) == (404, "resource_missing", param)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer sk_live_1234567890abcdef"},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic !!!"},
    ],
)
def test_missing_or_wrong_key(control: Running, headers: dict[str, str]) -> None:
    response = requests.get(f"{control.base_url}/v1/account", headers=headers, timeout=5)
    assert (response.status_code, response.json()["error"]["type"]) == (401, "invalid_request_error")
    assert "1234567890" not in response.text


def test_basic_authentication(control: Running) -> None:
    response = requests.get(f"{control.base_url}/v1/account", auth=("sk_test_x", ""), timeout=5)
    assert response.status_code == 200


def test_browser_needs_the_client_secret(api: Api, browser: Api) -> None:
    intent = api.intent(**{"metadata[order_id]": "1"})
    path = f"payment_intents/{intent['id']}"
    assert browser.refused("GET", path)[1]["code"] == "parameter_missing"
    assert browser.refused("GET", path, {"client_secret": "wrong"})[1]["param"] == "client_secret"
    status, error = browser.refused("POST", "refunds", {"payment_intent": intent["id"]})
    assert (status, error["code"]) == (401, "secret_key_required")
    visible = browser.get(path, {"client_secret": intent["client_secret"]})
    assert "metadata" not in visible
    assert "latest_charge" not in visible
    confirmed = browser.post(
        f"{path}/confirm", {"client_secret": intent["client_secret"], "payment_method": "pm_card_visa"}
    )
    assert confirmed["status"] == "succeeded"


def test_body_that_is_not_a_form(control: Running) -> None:
    url, auth = f"{control.base_url}/v1/payment_intents", ("sk_test_x", "")
    assert requests.post(url, data=b"amount=\xff", auth=auth, timeout=5).status_code == 400
    assert requests.post(url, data=b"amount=%ff", auth=auth, timeout=5).status_code == 400
    assert requests.post(url, data=b"a" * (2 << 20), auth=auth, timeout=5).status_code == 413
    assert requests.post(url, json={"amount": 1000}, auth=auth, timeout=5).status_code == 400


def test_unknown_path(api: Api) -> None:
    assert api.refused("GET", "subscriptions")[0] == 404
    assert api.refused("DELETE", "payment_intents")[0] == 404


def test_impossible_card(api: Api) -> None:
    good = {"type": "card", "card[number]": "4242424242424242", "card[exp_month]": 1, "card[exp_year]": 2035}
    for change, code, param in (
        ({"card[number]": "4242424242424241"}, "incorrect_number", "card[number]"),
        ({"card[number]": "42"}, "incorrect_number", "card[number]"),
        ({"card[exp_month]": 13}, "invalid_expiry_month", "card[exp_month]"),
        ({"card[exp_year]": 2020}, "invalid_expiry_year", "card[exp_year]"),
        ({"card[cvc]": "99"}, "invalid_cvc", "card[cvc]"),
        ({"card[number]": "4111111111111111"}, "card_declined", "card[number]"),
    ):
        status, error = api.refused("POST", "payment_methods", good | change)
        assert (status, error["type"], error["code"], error["param"]) == (402, "card_error", code, param)


class TestStates:
    """Illegal transitions are 400 payment_intent_unexpected_state with the intent as it is."""

    @pytest.mark.parametrize("action", ["confirm", "cancel", "capture"])
    def test_after_success(self, api: Api, action: str) -> None:
        intent = api.intent(payment_method="pm_card_visa", confirm="true")
        self.refused(api, intent["id"], action, "succeeded")

    @pytest.mark.parametrize("action", ["confirm", "cancel", "capture"])
    def test_after_cancellation(self, api: Api, action: str) -> None:
        intent = api.intent()
        api.post(f"payment_intents/{intent['id']}/cancel")
        self.refused(api, intent["id"], action, "canceled")

    def test_confirm_without_a_method(self, api: Api) -> None:
        self.refused(api, api.intent()["id"], "confirm", "requires_payment_method")

    def test_new_amount_after_success(self, api: Api) -> None:
        intent = api.intent(payment_method="pm_card_visa", confirm="true")
        path = f"payment_intents/{intent['id']}"
        status, error = api.refused("POST", path, {"amount": 2000})
        assert (status, error["code"]) == (400, "payment_intent_unexpected_state")
        assert api.post(path, {"description": "late", "metadata[a]": "b"})["description"] == "late"

    def refused(self, api: Api, intent_id: str, action: str, status: str) -> None:
        code, error = api.refused("POST", f"payment_intents/{intent_id}/{action}")
        assert (code, error["code"]) == (400, "payment_intent_unexpected_state")
        assert error["payment_intent"]["status"] == status


def test_server_must_send_a_return_url_for_automatic_methods(api: Api) -> None:
    params = {"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": "true"}
    assert api.refused("POST", "payment_intents", params)[0] == 400
    never = {"automatic_payment_methods[enabled]": "true", "automatic_payment_methods[allow_redirects]": "never"}
    assert api.post("payment_intents", params | never)["status"] == "succeeded"
    back = {"return_url": "https://shop.example.com"}
    assert api.post("payment_intents", params | back)["status"] == "succeeded"
