"""Every object of every endpoint in every situation is valid in Stripe's OpenAPI document of its version.

The fixture ``api`` validates each response; these tests visit every endpoint and every event, in both versions.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.api.params import Param, Table
from sandbox.api.routes import ROUTES
from tests.contract import stripe_reference
from tests.contract.conftest import Api, Receiver

# Sent for refunds of charges since 2024-10-28.acacia, so here because an endpoint has a newer version.
REFUND_EVENTS = {"refund.created", "refund.failed", "refund.updated"}
RETURN = {"return_url": "https://shop.example.com/back"}


@pytest.fixture(params=stripe_reference.VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_validation_can_fail(api: Api, version: str) -> None:
    stripe_reference.openapi(version)
    intent = api.intent()
    assert stripe_reference.problems({**intent, "status": "paid"}, version)
    assert stripe_reference.problems({**intent, "charges": []}, version)
    assert stripe_reference.problems({name: value for name, value in intent.items() if name != "amount"}, version)
    assert stripe_reference.problems({"error": {"type": "card_error", "code": 7}}, version)
    for other in set(stripe_reference.VERSIONS) - {version}:
        assert stripe_reference.problems(intent, other), "the shapes differ"


def test_intents_in_every_status(api: Api, control: Any) -> None:
    statuses = {api.intent()["status"], api.intent(payment_method="pm_card_visa")["status"]}
    statuses.add(api.intent(payment_method="pm_card_visa", confirm="true")["status"])
    statuses.add(api.intent(payment_method="pm_card_authenticationRequired", confirm="true")["status"])
    redirected = api.intent(payment_method="pm_card_authenticationRequired", confirm="true", **RETURN)
    assert redirected["next_action"]["redirect_to_url"]["return_url"] == RETURN["return_url"]
    held = api.intent(payment_method="pm_card_visa", confirm="true", capture_method="manual")
    statuses.add(held["status"])
    statuses.add(api.post(f"payment_intents/{held['id']}/cancel")["status"])
    processing = control.pay(api.intent()["id"], processing=True)
    statuses.add(api.get(f"payment_intents/{processing['id']}")["status"])
    api.send("POST", "payment_intents", {"amount": 1000, "currency": "usd"})
    assert statuses == {
        "requires_payment_method",
        "requires_confirmation",
        "succeeded",
        "requires_action",
        "requires_capture",
        "canceled",
        "processing",
    }


def test_intent_with_every_parameter(api: Api) -> None:
    customer = api.post("customers", {"email": "a@example.com", "name": "A", "metadata[x]": "1"})
    intent = api.intent(
        customer=customer["id"],
        description="Order 1",
        receipt_email="a@example.com",
        statement_descriptor_suffix="ORDER1",
        setup_future_usage="off_session",
        transfer_group="G",
        **{
            "metadata[order_id]": "1",
            "shipping[name]": "A",
            "shipping[address][line1]": "Street 1",
            "shipping[address][city]": "Berlin",
            "payment_method_options[card][request_three_d_secure]": "any",
            "payment_method_data[type]": "card",
            "payment_method_data[card][number]": "4000000000003055",
            "payment_method_data[card][exp_month]": "1",
            "payment_method_data[card][exp_year]": "35",
            "payment_method_data[card][cvc]": "123",
            "payment_method_data[billing_details][email]": "a@example.com",
            "payment_method_data[billing_details][address][postal_code]": "10115",
            "confirm": "true",
            "expand[]": "customer",
        },
    )
    assert intent["status"] == "requires_action"
    assert intent["customer"]["email"] == "a@example.com"
    assert api.get(f"payment_methods/{intent['payment_method']}")["card"]["checks"] == {
        "address_line1_check": None,
        "address_postal_code_check": "pass",
        "cvc_check": "pass",
    }


def test_every_event_has_a_valid_snapshot(api: Api, control: Any, receiver: Receiver, version: str) -> None:
    """In the account's version where it is read, and in that of an endpoint where it is delivered."""
    for other in stripe_reference.VERSIONS:
        values = {"url": receiver.url.replace("/webhook", f"/{other}"), "enabled_events[]": "*", "api_version": other}
        api.post("webhook_endpoints", values)
    for card in (
        "4242424242424242",
        "4000000000000002",
        "4000002760003184",
        "4000000404000079",
        "4000000000005423",
        "4000008260003178",
    ):
        control.pay(api.intent(**{"metadata[order_id]": card})["id"], card)
    control.pay(api.intent()["id"], "4000002760003184", three_d_secure="fail")
    control.pay(api.intent(capture_method="automatic_async")["id"])
    refunded = [
        control.pay(api.intent()["id"], card) for card in ("4242424242424242", "4000000000007726", "4000000000005126")
    ]
    for intent in refunded:
        refund = api.post("refunds", {"payment_intent": intent["id"], "amount": 300})
        control.post(f"refunds/{refund['id']}/settle")
    api.post(f"refunds/{refund['id']}", {"metadata[note]": "late"})
    dispute = control.post(f"charges/{refunded[0]['latest_charge']}/dispute", reason="product_not_received")
    control.post(f"disputes/{dispute['id']}/close", outcome="won")
    held = api.intent(payment_method="pm_card_visa", confirm="true", capture_method="manual")
    api.post(f"payment_intents/{held['id']}/capture", {"amount_to_capture": 400})
    held = api.intent(payment_method="pm_card_visa", confirm="true", capture_method="manual")
    api.post(f"payment_intents/{held['id']}/cancel", {"cancellation_reason": "abandoned"})
    for outcome in ("succeeded", "failed"):
        waiting = control.pay(api.intent()["id"], processing=True)
        control.post(f"payment_intents/{waiting['id']}/process", outcome=outcome)

    types = set()
    events = api.get("events", {"limit": 100})
    while True:
        types |= {event["type"] for event in events["data"]}
        if not events["has_more"]:
            break
        events = api.get("events", {"limit": 100, "starting_after": events["data"][-1]["id"]})
    api.get(f"events/{events['data'][0]['id']}")
    assert types == {
        "charge.captured",
        "charge.dispute.closed",
        "charge.dispute.created",
        "charge.dispute.funds_reinstated",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.failed",
        "charge.pending",
        "charge.refund.updated",
        "charge.refunded",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "payment_intent.canceled",
        "payment_intent.created",
        "payment_intent.payment_failed",
        "payment_intent.processing",
        "payment_intent.requires_action",
        "payment_intent.succeeded",
        "radar.early_fraud_warning.created",
        "charge.updated",
        *REFUND_EVENTS,
    }
    assert control.post("webhooks/drain", timeout=30)["idle"]
    for other in stripe_reference.VERSIONS:
        delivered = [json.loads(body) for path, _, body in receiver.received if path == f"/{other}"]
        assert {event["api_version"] for event in delivered} == {other}
        assert {event["type"] for event in delivered} == (types if other >= "2024-10-28" else types - REFUND_EVENTS)
        assert [problem for event in delivered for problem in stripe_reference.problems(event)] == []
    for noun in ("payment_intents", "charges", "refunds", "disputes", "balance_transactions"):
        listed = api.get(noun, {"limit": 100})["data"]
        assert listed
        if noun != "balance_transactions":
            assert api.get(f"{noun}/{listed[0]['id']}") == listed[0]


def test_remaining_objects(api: Api) -> None:
    assert api.get("account")["charges_enabled"] is True
    customer = api.post("customers", {"email": "b@example.com"})
    assert api.get(f"customers/{customer['id']}") == customer
    api.get("webhook_endpoints")
    method = api.post(
        "payment_methods",
        {"type": "card", "card[number]": "4242424242424242", "card[exp_month]": 1, "card[exp_year]": 2035},
    )
    assert api.get(f"payment_methods/{method['id']}") == method


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_parameter_exists_at_stripe(route: Any) -> None:
    """In one of the two versions at least: each has parameters that the other lacks."""
    properties, required = _parameters_of(route, stripe_reference.VERSION)
    newer, _ = _parameters_of(route, stripe_reference.NEWEST)
    assert set(_unknown(route.params, properties)) & set(_unknown(route.params, newer)) == set()
    assert {name for name, param in route.params.items() if param.required} == required


def _parameters_of(route: Any, version: str) -> tuple[dict[str, Any], set[str]]:
    document = stripe_reference.openapi(version)["paths"]
    operation = next(
        operations[route.method.lower()]
        for path, operations in document.items()
        if _shape(path) == route.path and route.method.lower() in operations
    )
    query = [parameter for parameter in operation.get("parameters", []) if parameter["in"] == "query"]
    properties = {parameter["name"]: parameter["schema"] for parameter in query}
    required = {parameter["name"] for parameter in query if parameter.get("required")}
    content = operation.get("requestBody", {}).get("content", {})
    for body in content.values():
        properties |= body["schema"].get("properties", {})
        required |= set(body["schema"].get("required", []))
    return properties, required


def _shape(path: str) -> str:
    return "/".join("*" if part.startswith("{") else part for part in path.split("/"))


def _unknown(table: Table, properties: dict[str, Any], prefix: str = "") -> Any:
    """Names of parameters, and words of choices, that the sandbox accepts but Stripe does not."""
    for name, param in table.items():
        path = f"{prefix}{name}"
        if not param.documented:
            continue
        if name not in properties:
            yield path
            continue
        options = list(_alternatives(properties[name]))
        if param.kind in ("nested", "time_range"):
            inside = {key: value for option in options for key, value in option.get("properties", {}).items()}
            yield from _unknown(param.fields, inside, f"{path}.")
        yield from _unknown_words(param, options, path)


def _unknown_words(param: Param, options: list[dict[str, Any]], path: str) -> Any:
    words = {word for option in options for word in option.get("enum", [])}
    if param.kind == "choice" and words:
        yield from (f"{path}={word}" for word in param.choices if word not in words)


def _alternatives(schema: dict[str, Any]) -> Any:
    if "anyOf" in schema:
        for option in schema["anyOf"]:
            yield from _alternatives(option)
    else:
        yield schema
