"""Payment methods other than cards, in both versions: shapes, statuses and events."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.behaviour.method_types import TYPES
from tests.contract import stripe_reference
from tests.contract.conftest import Api
from tests.contract.stripe_reference import NEWEST, VERSION, VERSIONS

Json = dict[str, Any]


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def offering(api: Api, kind: str, **more: Any) -> Json:
    """An open intent that offers one type, in the parameter of its version."""
    currency = TYPES[kind].currencies[0]
    name = "payment_method_types" if api.version == VERSION else "allowed_payment_method_types"
    if TYPES[kind].flow == "transfer":
        more["customer"] = api.post("customers", {})["id"]
    return api.post("payment_intents", {"amount": 5000, "currency": currency, f"{name}[0]": kind, **more})


def events_of(api: Api, since: int) -> list[str]:
    """Types of the events after the first ones, each valid in its version."""
    listed = api.get("events", {"limit": 100})["data"][::-1][since:]
    for event in listed:
        assert stripe_reference.problems(event, api.version) == []
    return [event["type"] for event in listed]


def last_charge(api: Api, intent: Json) -> Json:
    expanded = api.get(f"payment_intents/{intent['id']}", {"expand[]": "latest_charge"})
    charge: Json = api.get(f"charges/{intent['latest_charge']}")
    assert expanded["latest_charge"] == charge
    return charge


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_type_is_paid(api: Api, control: Any, kind: str) -> None:
    if api.version < TYPES[kind].since:
        values = {"amount": 5000, "currency": TYPES[kind].currencies[0], "payment_method_types[0]": kind}
        assert api.refused("POST", "payment_intents", values)[0] == 400
        return
    intent = offering(api, kind, capture_method="automatic")
    assert intent["payment_method_types"] == [kind]
    paid = control.post(f"payment_intents/{intent['id']}/pay", type=kind)
    if TYPES[kind].waits:
        assert paid["status"] == "requires_action"
        assert paid["next_action"]["type"] == TYPES[kind].action
        assert api.get(f"payment_intents/{intent['id']}")["latest_charge"] is None
    if TYPES[kind].flow == "delayed":
        assert paid["status"] == "processing"
        assert last_charge(api, paid)["status"] == "pending"
    if paid["status"] != "succeeded":
        paid = control.post(f"payment_intents/{intent['id']}/process", outcome="succeeded")
    assert (paid["status"], paid["amount_received"]) == ("succeeded", 5000)
    charge = last_charge(api, paid)
    assert charge["id"].startswith("py_")
    assert charge["payment_method_details"]["type"] == kind
    assert kind in charge["payment_method_details"]
    assert api.get(f"payment_methods/{charge['payment_method']}")["type"] == kind
    events_of(api, 0)
    refund = api.post("refunds", {"payment_intent": intent["id"]})
    assert refund["id"].startswith("pyr_")
    assert refund["status"] == ("requires_action" if TYPES[kind].waits else "succeeded")
    if TYPES[kind].waits:
        for status in ("pending", "succeeded"):
            control.post(f"refunds/{refund['id']}/settle", status=status)
            assert api.get(f"refunds/{refund['id']}")["status"] == status
        assert control.call("POST", f"refunds/{refund['id']}/settle", {"status": "pending"}).status_code == 409


def test_a_bank_debit_fails_after_days(api: Api, control: Any) -> None:
    intent = offering(api, "sepa_debit")
    control.post(f"payment_intents/{intent['id']}/pay", type="sepa_debit")
    failed = control.post(f"payment_intents/{intent['id']}/process", outcome="failed")
    assert (failed["status"], failed["payment_method"]) == ("requires_payment_method", None)
    error = failed["last_payment_error"]
    assert (error["code"], error["payment_method"]["type"]) == ("insufficient_funds", "sepa_debit")
    assert last_charge(api, failed)["failure_code"] == "insufficient_funds"
    assert events_of(api, 1) == [
        *("charge.pending", "payment_intent.processing"),
        *("charge.failed", "payment_intent.payment_failed"),
    ]


def test_a_voucher_expires_without_a_charge(api: Api, control: Any) -> None:
    intent = offering(api, "oxxo")
    control.post(f"payment_intents/{intent['id']}/pay", type="oxxo")
    expired = control.post(f"payment_intents/{intent['id']}/process", outcome="expired")
    assert (expired["status"], expired["latest_charge"]) == ("requires_payment_method", None)
    assert expired["last_payment_error"]["code"] == "payment_intent_payment_attempt_expired"
    assert events_of(api, 1) == ["payment_intent.requires_action", "payment_intent.payment_failed"]


def test_a_refused_redirect_has_the_code_of_a_failed_3d_secure_and_no_card(api: Api, control: Any) -> None:
    intent = offering(api, "ideal")
    refused = control.post(f"payment_intents/{intent['id']}/pay", type="ideal", answer="fail")
    error = refused["last_payment_error"]
    assert error["code"] == "payment_intent_authentication_failure"
    assert (error["payment_method"]["type"], error.get("charge")) == ("ideal", None)
    left = control.post(f"payment_intents/{intent['id']}/pay", type="ideal", answer="abandon")
    assert (left["status"], left["next_action"]["type"]) == ("requires_action", "redirect_to_url")


def test_microdeposits_verify_an_account_before_it_is_debited(api: Api, control: Any) -> None:
    intent = offering(api, "us_bank_account")
    asked = control.post(f"payment_intents/{intent['id']}/pay", type="us_bank_account", microdeposits=True)
    assert asked["next_action"]["type"] == "verify_with_microdeposits"
    verified = control.post(f"payment_intents/{intent['id']}/process", outcome="succeeded")
    assert verified["status"] == "processing"
    assert control.post(f"payment_intents/{intent['id']}/process", outcome="succeeded")["status"] == "succeeded"


def test_a_captcha_is_asked_by_the_browser_library_and_is_no_3d_secure(api: Api, control: Any) -> None:
    intent = api.intent()
    pay = f"payment_intents/{intent['id']}/pay"
    asked = control.post(pay, card="4242424242424242", captcha=True, three_d_secure="abandon")
    assert (asked["status"], asked["next_action"]["type"]) == ("requires_action", "use_stripe_sdk")
    paid = control.post(pay, card="4242424242424242", captcha=True)
    assert paid["status"] == "succeeded"
    assert last_charge(api, paid)["payment_method_details"]["card"]["three_d_secure"] is None


def test_the_card_that_failed_3d_secure_is_in_the_error(api: Api, control: Any) -> None:
    intent = api.intent()
    failed = control.post(f"payment_intents/{intent['id']}/pay", card="4000002760003184", three_d_secure="fail")
    method = failed["last_payment_error"]["payment_method"]
    assert (method["type"], method["card"]["country"], failed["payment_method"]) == ("card", "DE", None)


@pytest.mark.parametrize("wallet", ["apple_pay", "google_pay", "link"])
def test_a_card_in_a_wallet_is_a_card(api: Api, control: Any, wallet: str) -> None:
    intent = api.intent()
    paid = control.post(f"payment_intents/{intent['id']}/pay", card="4242424242424242", wallet=wallet)
    details = last_charge(api, paid)["payment_method_details"]
    assert (details["type"], details["card"]["wallet"]["type"]) == ("card", wallet)


def test_each_version_takes_its_own_parameter(api: Api) -> None:
    values = {"amount": 5000, "currency": "eur"}
    writable = api.version == VERSION
    old = api.send("POST", "payment_intents", {**values, "payment_method_types[0]": "card"})
    new = api.send("POST", "payment_intents", {**values, "allowed_payment_method_types[0]": "card"})
    refused, taken = (new, old) if writable else (old, new)
    assert taken.json()["payment_method_types"] == ["card"]
    assert refused.status_code == 400
    code = "parameter_unknown" if writable else "payment_method_types_no_longer_supported"
    assert refused.json()["error"]["code"] == code
    automatic = api.post("payment_intents", {**values, "automatic_payment_methods[enabled]": "true"})
    assert {"card", "sepa_debit", "ideal"} <= set(automatic["payment_method_types"])
    assert "oxxo" not in automatic["payment_method_types"]
    if api.version == NEWEST:
        nothing = {**values, "allowed_payment_method_types[0]": "oxxo"}
        assert "No valid payment method types" in api.refused("POST", "payment_intents", nothing)[1]["message"]


def test_a_type_that_the_intent_does_not_offer_is_refused(api: Api, control: Any) -> None:
    intent = api.intent()
    data = {"payment_method_data[type]": "link", "return_url": "https://shop.example.com/back"}
    status, error = api.refused("POST", f"payment_intents/{intent['id']}/confirm", data)
    assert (status, error["code"]) == (400, "payment_intent_incompatible_payment_method")
    held = offering(api, "sepa_debit", capture_method="manual")
    name = {"payment_method_data[type]": "sepa_debit", "return_url": "https://shop.example.com/back"}
    assert "manual capture" in api.refused("POST", f"payment_intents/{held['id']}/confirm", name)[1]["message"]
