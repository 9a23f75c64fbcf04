"""API versions: calls answer in the request's, events come in the endpoint's, and the rest is refused as at Stripe."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.versions.event_names import known
from sandbox.versions.names import NEWEST, SERVED
from tests.contract import stripe_reference
from tests.contract.conftest import Api, Receiver
from tests.contract.sandbox_process import Running
from tests.contract.stripe_reference import VERSIONS, problems

OLDEST = SERVED[0]
ENDPOINTS = "webhook_endpoints"


def endpoint_schema(version: str) -> dict[str, Any]:
    operation = stripe_reference.openapi(version)["paths"]["/v1/webhook_endpoints"]["post"]
    content = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]
    properties: dict[str, Any] = content["schema"]["properties"]
    return properties


def delivered(receiver: Receiver, path: str) -> list[dict[str, Any]]:
    """Each event once: a delivery that a busy machine answers too late comes again, as from Stripe."""
    events = [json.loads(body) for at, _, body in receiver.received if at == path]
    return list({event["id"]: event for event in events}.values())


def drained(control: Running) -> None:
    assert control.post("webhooks/drain", timeout=10)["idle"]


@pytest.mark.parametrize("version", VERSIONS)
def test_event_names_are_those_of_the_documents(version: str) -> None:
    assert {*known(version), "*"} == set(endpoint_schema(version)["enabled_events"]["items"]["enum"])


def test_served_versions_are_stripes_from_the_oldest_on() -> None:
    every = endpoint_schema(NEWEST)["api_version"]["enum"]
    assert list(SERVED) == every[every.index(OLDEST) :]


@pytest.mark.parametrize("served", SERVED)
def test_every_version_is_answered_and_echoed(api: Api, served: str) -> None:
    intent = api.intent()
    url = f"{api.base_url}/v1/payment_intents/{intent['id']}"
    response = api.session.get(url, headers=api.headers | {"Stripe-Version": served}, timeout=20)
    assert response.headers["Stripe-Version"] == served
    assert ("invoice" in response.json()) is (served < "2025-03-31")


@pytest.mark.parametrize("wrong", ["2023-10-17", "2026-10-28", "2017-05-25", "2023-10-16;beta=v1", "latest"])
def test_unknown_version_is_refused(api: Api, wrong: str) -> None:
    before = api.get("payment_intents")["data"]
    status, error = api.refused("POST", "payment_intents", {"amount": 1000, "currency": "usd"}, Stripe_Version=wrong)
    assert (status, error["type"]) == (400, "invalid_request_error")
    assert error["message"] == f"Invalid Stripe API version: {wrong}"
    assert api.get("payment_intents")["data"] == before
    assert api.refused("POST", ENDPOINTS, endpoint(api_version=wrong))[1]["param"] == "api_version"


def test_one_object_in_two_versions(api: Api, control: Running) -> None:
    intent = control.pay(api.intent()["id"], "4000000000000002")
    path = f"payment_intents/{intent['id']}"
    expand = {"expand[]": "latest_charge"}
    new = api.send("GET", path, expand, Stripe_Version=NEWEST).json()
    old = api.send("GET", path, expand, Stripe_Version=OLDEST).json()
    assert new["last_payment_error"]["advice_code"] == new["latest_charge"]["outcome"]["advice_code"]
    assert new["latest_charge"]["outcome"]["network_decline_code"] == "05"
    assert "invoice" not in new | new["latest_charge"]
    assert (old["invoice"], old["latest_charge"]["invoice"]) == (None, None)
    assert "advice_code" not in old["last_payment_error"]
    assert "network_decline_code" not in old["latest_charge"]["outcome"]
    for name in ("id", "amount", "status", "currency", "client_secret", "metadata"):
        assert new[name] == old[name]


def test_error_body_has_the_version_of_the_request(api: Api) -> None:
    for version, has_advice in ((OLDEST, False), (NEWEST, True)):
        intent = api.intent(payment_method="pm_card_visa_chargeDeclined")
        path = f"payment_intents/{intent['id']}/confirm"
        status, error = api.refused("POST", path, None, Stripe_Version=version, Idempotency_Key=f"declined-{version}")
        assert (status, error["code"], "advice_code" in error) == (402, "card_declined", has_advice)
        assert ("invoice" in error["payment_intent"]) is not has_advice
        again = api.refused("POST", path, None, Stripe_Version=version, Idempotency_Key=f"declined-{version}")
        assert again[1] == error, "the replay has the same version"


def test_metadata_is_never_translated(api: Api) -> None:
    written = {"metadata[object]": "charge", "metadata[advice_code]": "mine"}
    assert api.intent(**written)["metadata"] == {"object": "charge", "advice_code": "mine"}


def test_capture_method_defaults_to_async_in_newer_versions(api: Api) -> None:
    values = {"amount": 1000, "currency": "usd"}
    for version, default in ((OLDEST, "automatic"), ("2024-04-10", "automatic_async"), (NEWEST, "automatic_async")):
        sent = api.session.post(
            f"{api.base_url}/v1/payment_intents", values, headers=api.headers | {"Stripe-Version": version}, timeout=20
        )
        assert sent.json()["capture_method"] == default
    explicit = api.send("POST", "payment_intents", values | {"capture_method": "automatic"}, Stripe_Version=NEWEST)
    assert explicit.json()["capture_method"] == "automatic"


@pytest.mark.parametrize(("calls", "released"), [(OLDEST, 1), (NEWEST, 0)])
def test_released_hold_makes_a_refund_by_the_version_of_the_call(api: Api, calls: str, released: int) -> None:
    """Not by the account's version: that stays at the oldest."""
    for action, values in (("capture", {"amount_to_capture": 600}), ("cancel", None)):
        held = api.intent(payment_method="pm_card_visa", confirm="true", capture_method="manual")
        assert api.send("POST", f"payment_intents/{held['id']}/{action}", values, Stripe_Version=calls).ok
        assert len(api.get("refunds", {"payment_intent": held["id"]})["data"]) == released


def endpoint(**values: Any) -> dict[str, Any]:
    return {"url": "https://shop.example.com/stripe", "enabled_events[]": "*", **values}


def test_events_have_the_version_of_their_endpoint(api: Api, control: Running, receiver: Receiver) -> None:
    """Whatever the request's version; a later read of the event shows the account's, as it was created."""
    secrets = {}
    for path, version in (("/old", OLDEST), ("/new", NEWEST), ("/basil", "2025-03-31.basil")):
        made = api.post(ENDPOINTS, endpoint(url=receiver.url.replace("/webhook", path), api_version=version))
        secrets[path] = made["secret"]
        assert made["api_version"] == version
    api.send("POST", "payment_intents", {"amount": 1000, "currency": "usd"}, Stripe_Version="2024-06-20")
    drained(control)
    [(default,), (old,), (new,), (basil,)] = [delivered(receiver, at) for at in ("/webhook", "/old", "/new", "/basil")]
    assert default == old
    assert old["id"] == new["id"] == basil["id"]
    versions = [event["api_version"] for event in (default, old, new, basil)]
    assert versions == [OLDEST, OLDEST, NEWEST, "2025-03-31.basil"]
    assert problems(old) + problems(new) == []
    assert "context" in new
    assert "context" not in old | basil
    assert "invoice" in old["data"]["object"]
    assert "invoice" not in new["data"]["object"] | basil["data"]["object"]
    control.put("settings", api_version=NEWEST)
    read = api.send("GET", f"events/{old['id']}", None, Stripe_Version=NEWEST).json()
    assert {**read, "pending_webhooks": 1} == {**old, "pending_webhooks": 1}


def test_old_values_have_the_version_of_their_endpoint(api: Api, control: Running, receiver: Receiver) -> None:
    api.post(ENDPOINTS, endpoint(url=receiver.url.replace("/webhook", "/new"), api_version=NEWEST))
    refund = api.post(
        "refunds", {"payment_intent": control.pay(api.intent()["id"], "4000000000007726")["id"], "amount": 300}
    )
    control.post(f"refunds/{refund['id']}/settle")
    drained(control)
    for path in ("/webhook", "/new"):
        updates = [event for event in delivered(receiver, path) if event["type"] == "charge.refund.updated"]
        assert [event["data"]["previous_attributes"]["status"] for event in updates] == ["pending"]
        assert [problem for event in updates for problem in problems(event)] == []


def test_refund_events_of_charges_begin_with_acacia(api: Api, control: Running, receiver: Receiver) -> None:
    """docs.stripe.com/changelog/acacia/2024-10-28/refund-webhook-update: before, only for refunds without a charge."""
    api.post(ENDPOINTS, endpoint(url=receiver.url.replace("/webhook", "/acacia"), api_version="2024-10-28.acacia"))
    intent = control.pay(api.intent()["id"], "4000000000005126")
    refund = api.post("refunds", {"payment_intent": intent["id"]})
    control.post(f"refunds/{refund['id']}/settle")
    drained(control)
    types = {path: {event["type"] for event in delivered(receiver, path)} for path in ("/webhook", "/acacia")}
    assert types["/acacia"] - types["/webhook"] == {"refund.created", "refund.updated", "refund.failed"}
    assert {"charge.refunded", "charge.refund.updated"} <= types["/webhook"]


@pytest.mark.parametrize(
    ("own", "events"),
    [
        (OLDEST, ["charge.*"]),
        (NEWEST, ["charge.*"]),
        (OLDEST, ["*", "charge.succeeded"]),
        (OLDEST, ["charge.succeeded", "no.such.event"]),
        (OLDEST, ["refund.failed"]),
        (None, ["refund.failed"]),
        ("2024-09-30.acacia", ["refund.failed"]),
        (NEWEST, ["order.created"]),
    ],
)
def test_unknown_event_names_are_refused(api: Api, own: str | None, events: list[str]) -> None:
    values = endpoint(**{f"enabled_events[{n}]": name for n, name in enumerate(events)})
    del values["enabled_events[]"]
    status, error = api.refused("POST", ENDPOINTS, values | ({"api_version": own} if own else {}))
    assert (status, error["type"]) == (400, "invalid_request_error")
    assert error["param"].startswith("enabled_events")


def test_webhook_endpoint_lives(api: Api, control: Running, receiver: Receiver) -> None:
    address = receiver.url.replace("/webhook", "/mine")
    made = api.post(ENDPOINTS, endpoint(url=address, description="first", connect="false", **{"metadata[a]": "1"}))
    path = f"{ENDPOINTS}/{made['id']}"
    assert made.pop("secret").startswith("whsec_")
    assert api.get(path) == made
    for fixed in ("api_version", "connect"):
        assert api.refused("POST", path, {fixed: "true"})[1]["code"] == "parameter_unknown"
    assert api.refused("POST", path, {"enabled_events[]": "charge.*"})[0] == 400
    changed = api.post(path, {"enabled_events[]": "payment_intent.created", "disabled": "True", "description": ""})
    assert (changed["status"], changed["description"], changed["metadata"]) == ("disabled", None, {"a": "1"})
    assert changed["enabled_events"] == ["payment_intent.created"]
    api.intent()
    drained(control)
    assert delivered(receiver, "/mine") == []
    assert api.post(path, {"disabled": "False"})["status"] == "enabled"
    api.intent()
    drained(control)
    assert len(delivered(receiver, "/mine")) == 1
    assert api.send("DELETE", path).json() == {"id": made["id"], "object": "webhook_endpoint", "deleted": True}
    assert api.refused("GET", path)[0] == 404
    api.intent()
    drained(control)
    assert len(delivered(receiver, "/mine")) == 1


def test_endpoint_for_connected_accounts_gets_nothing_of_our_own(
    api: Api, control: Running, receiver: Receiver
) -> None:
    api.post(ENDPOINTS, endpoint(url=receiver.url.replace("/webhook", "/connect"), connect="true"))
    api.intent()
    drained(control)
    assert delivered(receiver, "/connect") == []


def test_there_are_at_most_sixteen_endpoints(api: Api) -> None:
    while len(api.get(ENDPOINTS, {"limit": 100})["data"]) < 16:
        api.post(ENDPOINTS, endpoint())
    assert api.refused("POST", ENDPOINTS, endpoint())[1]["type"] == "invalid_request_error"


def test_old_libraries_write_booleans_as_python_does(api: Api) -> None:
    intent = api.intent(payment_method="pm_card_visa", confirm="True", off_session="False")
    assert intent["status"] == "succeeded"
    assert api.refused("POST", "payment_intents", {"amount": 1000, "currency": "usd", "confirm": "TRUE"})[0] == 400


@pytest.mark.parametrize("events", [["charge.*"], ["*", "charge.succeeded"], ["refund.failed"], []])
def test_the_endpoint_of_the_command_line_has_known_events_only(control: Running, events: list[str]) -> None:
    assert control.call("PUT", "webhooks", {"enabled_events": events}).status_code == 400
    assert control.get("webhooks")["endpoints"][0]["enabled_events"] == ["*"]
    newer = {"enabled_events": ["refund.failed"], "api_version": NEWEST}
    assert control.call("PUT", "webhooks", newer).status_code == 200


def test_the_account_cannot_be_given_an_unknown_version(control: Running) -> None:
    assert control.call("PUT", "settings", {"api_version": "2017-05-25"}).status_code == 400
    assert control.call("PUT", "webhooks", {"api_version": "2017-05-25"}).status_code == 400
