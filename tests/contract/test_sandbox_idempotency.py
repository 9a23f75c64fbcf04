"""Idempotency keys: replay, mismatch, concurrency, and which responses are kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import requests

from tests.contract.conftest import Api
from tests.contract.sandbox_process import Running

NEW = {"amount": "1000", "currency": "usd"}


def test_replay_returns_the_same_response(api: Api, control: Running) -> None:
    first = api.send("POST", "payment_intents", NEW, idempotency_key="k")
    again = api.send("POST", "payment_intents", dict(reversed(NEW.items())), idempotency_key="k")
    assert again.text == first.text
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Request-Id"] != first.headers["Request-Id"]
    assert [entry["replayed"] for entry in control.get("requests", method="post")["requests"]] == [False, True]
    assert len(api.get("payment_intents")["data"]) == 1


def test_replay_returns_the_object_as_it_was(api: Api, control: Running) -> None:
    intent = api.post("payment_intents", NEW, idempotency_key="k")
    control.pay(intent["id"])
    assert api.post("payment_intents", NEW, idempotency_key="k")["status"] == "requires_payment_method"


def test_same_key_for_another_request_is_rejected(api: Api) -> None:
    intent = api.post("payment_intents", NEW, idempotency_key="k")
    for path, params in (
        ("payment_intents", NEW | {"amount": "1001"}),
        ("payment_intents", NEW | {"metadata[a]": "b"}),
        (f"payment_intents/{intent['id']}/cancel", {}),
    ):
        status, error = api.refused("POST", path, params, idempotency_key="k")
        assert (status, error["type"]) == (400, "idempotency_error")
        assert error["message"].startswith("Keys for idempotent requests can only be used with the same parameters")


def test_decline_is_kept(api: Api) -> None:
    intent = api.intent()
    path = f"payment_intents/{intent['id']}/confirm"
    params = {"payment_method": "pm_card_visa_chargeDeclined"}
    first = api.send("POST", path, params, idempotency_key="k")
    again = api.send("POST", path, params, idempotency_key="k")
    assert (first.status_code, again.status_code, again.text) == (402, 402, first.text)
    assert len(api.get("charges")["data"]) == 1


def test_rejected_parameters_and_keys_are_not_kept(api: Api, control: Running) -> None:
    assert api.refused("POST", "payment_intents", NEW | {"amount": "1"}, idempotency_key="k")[0] == 400
    control.fault("429")
    assert api.refused("POST", "payment_intents", NEW, idempotency_key="k")[0] == 429
    live = {"Authorization": "Bearer sk_live_x", "Idempotency-Key": "k"}
    url = f"{control.base_url}/v1/payment_intents"
    assert requests.post(url, data=NEW, headers=live, timeout=5).status_code == 401
    assert api.post("payment_intents", NEW, idempotency_key="k")["amount"] == 1000


def test_server_error_can_be_kept(api: Api, control: Running) -> None:
    control.fault("500", stored=True)
    assert api.refused("POST", "payment_intents", NEW, idempotency_key="k")[0] == 500
    assert api.refused("POST", "payment_intents", NEW, idempotency_key="k")[0] == 500
    control.fault("500")
    assert api.refused("POST", "payment_intents", NEW, idempotency_key="k2")[0] == 500
    assert api.post("payment_intents", NEW, idempotency_key="k2")["amount"] == 1000


def test_key_has_no_effect_on_get(api: Api) -> None:
    intent = api.intent()
    for path in (f"payment_intents/{intent['id']}", "payment_intents"):
        assert "Idempotent-Replayed" not in api.send("GET", path, idempotency_key="k").headers


def test_key_that_is_too_long(api: Api) -> None:
    assert api.refused("POST", "payment_intents", NEW, idempotency_key="k" * 256)[0] == 400
    assert api.post("payment_intents", NEW, idempotency_key="k" * 255)["amount"] == 1000


def test_concurrent_requests_with_the_same_key(api: Api, control: Running) -> None:
    control.put("latency", ms=150)

    def create(_: int) -> requests.Response:
        return requests.post(
            f"{control.base_url}/v1/payment_intents",
            data=NEW,
            headers=api.headers | {"Idempotency-Key": "k"},
            timeout=10,
        )

    with ThreadPoolExecutor(20) as pool:
        responses = list(pool.map(create, range(20)))
    control.put("latency", ms=0)
    created = {response.json()["id"] for response in responses if response.status_code == 200}
    conflicts = [response.json()["error"] for response in responses if response.status_code == 409]
    assert len(created) == 1
    assert conflicts
    assert {error["code"] for error in conflicts} == {"idempotency_key_in_use"}
    assert len(created) + len(conflicts) <= 20
    assert {intent["id"] for intent in api.get("payment_intents")["data"]} == created
