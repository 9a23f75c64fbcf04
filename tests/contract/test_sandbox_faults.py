"""Faults, latency, and the request log."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import stripe

from tests.contract.conftest import Api
from tests.contract.sandbox_process import Running

NEW = {"amount": "1000", "currency": "usd"}


@pytest.mark.parametrize(
    ("effect", "status", "code", "kind"),
    [
        ("400", 400, None, "InvalidRequestError"),
        ("401", 401, None, "AuthenticationError"),
        ("402", 402, "card_declined", "CardError"),
        ("403", 403, None, "PermissionError"),
        ("409", 409, None, "APIError"),
        ("429", 429, "rate_limit", "RateLimitError"),
        ("lock_timeout", 429, "lock_timeout", "RateLimitError"),
        ("500", 500, None, "APIError"),
        ("503", 503, None, "APIError"),
    ],
)
def test_errors(api: Api, control: Running, sdk: Any, effect: str, status: int, code: str | None, kind: str) -> None:
    control.fault(effect, times=2, match={"method": "post", "path": "^/v1/payment_intents$"})
    assert api.get("payment_intents")["data"] == []
    actual, error = api.refused("POST", "payment_intents", NEW)
    assert (actual, error.get("code")) == (status, code)
    with pytest.raises(stripe.StripeError) as caught:
        sdk.payment_intents.create(NEW)
    assert (type(caught.value).__name__, caught.value.http_status) == (kind, status)
    assert api.post("payment_intents", NEW)["amount"] == 1000
    assert len(api.get("payment_intents")["data"]) == 1


def test_work_before_the_error(api: Api, control: Running) -> None:
    control.fault("500", work=True)
    assert api.refused("POST", "payment_intents", NEW)[0] == 500
    assert len(api.get("payment_intents")["data"]) == 1


@pytest.mark.parametrize("work", [True, False])
def test_a_stored_error_is_replayed_and_says_so(api: Api, control: Running, work: bool) -> None:
    control.fault("500", work=work, stored=True)
    assert api.send("POST", "payment_intents", NEW, idempotency_key="k").status_code == 500
    replay = api.send("POST", "payment_intents", NEW, idempotency_key="k")
    assert (replay.status_code, replay.headers["Idempotent-Replayed"]) == (500, "true")
    assert len(api.get("payment_intents")["data"]) == work
    assert api.send("POST", "payment_intents", NEW, idempotency_key="k-2").status_code == 200


@pytest.mark.parametrize("effect", ["400", "403"])
def test_an_error_says_what_the_fault_gives_it(api: Api, control: Running, effect: str) -> None:
    words = {"message": "Received unknown parameter: hooks", "code": "parameter_unknown", "param": "hooks"}
    control.fault(effect, error=words)
    status, error = api.refused("POST", "payment_intents", NEW)
    assert (status, {name: error[name] for name in words}) == (int(effect), words)


def test_lost_response(api: Api, control: Running) -> None:
    control.fault("answer_lost", match={"path": "payment_intents"})
    with pytest.raises(requests.ConnectionError):
        api.send("POST", "payment_intents", NEW, idempotency_key="k")
    replay = api.send("POST", "payment_intents", NEW, idempotency_key="k")
    assert replay.headers["Idempotent-Replayed"] == "true"
    assert [intent["id"] for intent in api.get("payment_intents")["data"]] == [replay.json()["id"]]


@pytest.mark.parametrize("status", [200, 502])
def test_garbage(control: Running, status: int) -> None:
    control.fault("garbage", status=status)
    response = requests.get(f"{control.base_url}/v1/account", auth=("sk_test_x", ""), timeout=5)
    assert (response.status_code, response.headers["Content-Type"]) == (status, "text/html; charset=utf-8")


def test_hang_ends_with_the_faults(control: Running) -> None:
    control.fault("hang")

    def request() -> str:
        try:
            return requests.get(f"{control.base_url}/v1/account", auth=("sk_test_x", ""), timeout=10).text
        except requests.ConnectionError:
            return "closed"

    with ThreadPoolExecutor(1) as pool:
        response = pool.submit(request)
        deadline = time.monotonic() + 10
        while not control.get("faults")["faults"][0]["struck"]:  # the request may take a while to arrive
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert not response.done()
        assert control.delete("faults") == {"faults": []}
        assert response.result(5) == "closed"


def test_fault_strikes_the_nth_request(api: Api, control: Running) -> None:
    control.fault("500", match={"path": "account", "nth": 3})
    statuses = [api.send("GET", "account").status_code for _ in range(4)]
    assert statuses == [200, 200, 500, 200]
    assert control.get("faults")["faults"][0]["struck"] == 1


def test_slow_and_latency(api: Api, control: Running) -> None:
    control.fault("slow", delay_ms=120)
    begun = time.perf_counter()
    api.get("account")
    assert time.perf_counter() - begun >= 0.12
    control.put("latency", ms=100)
    begun = time.perf_counter()
    with ThreadPoolExecutor(30) as pool:
        url, auth = f"{control.base_url}/v1/account", ("sk_test_x", "")
        list(pool.map(lambda _: requests.get(url, auth=auth, timeout=5), range(30)))
    assert 0.1 <= time.perf_counter() - begun < 1.5, "concurrent calls wait at the same time"


@pytest.mark.parametrize(
    "wrong",
    [
        *({"effect": "rain"}, {"effect": "500", "when": "now"}, {"effect": "500", "match": {"verb": "GET"}}),
        {"effect": "500", "error": {"colour": "red"}},
    ],
)
def test_invalid_fault_is_rejected(control: Running, wrong: dict[str, Any]) -> None:
    response = control.call("POST", "faults", [wrong])
    assert response.status_code == 400
    assert response.json()["error"]
    assert control.get("faults")["faults"] == []


def test_request_log(api: Api, browser: Api, control: Running) -> None:
    intent = api.post("payment_intents", {**NEW, "expand[]": "latest_charge"}, idempotency_key="k")
    path = f"payment_intents/{intent['id']}/confirm"
    card = {
        "client_secret": intent["client_secret"],
        "payment_method_data[type]": "card",
        "payment_method_data[card][number]": "4000000000000002",
        "payment_method_data[card][exp_month]": "1",
        "payment_method_data[card][exp_year]": "2035",
        "payment_method_data[card][cvc]": "987",
    }
    browser.refused("POST", path, card)
    created, confirmed = control.get("requests", path="payment_intents", method="post")["requests"]
    assert created["params"] == {**NEW, "expand": ["latest_charge"]}
    assert (created["status"], created["idempotency_key"]) == (200, "k")
    assert (confirmed["status"], confirmed["error_code"]) == (402, "card_declined")
    logged = str(confirmed)
    assert intent["client_secret"] not in logged
    assert "4000000000000002" not in logged
    assert "987" not in logged
    assert control.delete("requests")["count"] == 0
    assert control.get("requests")["count"] == 0


def test_control_rejects_invalid_bodies_and_unknown_ids(control: Running) -> None:
    assert control.call("POST", "payment_intents/pi_none/pay", {}).status_code == 404
    assert control.call("POST", "charges/ch_none/dispute", {}).status_code == 404
    assert control.call("PUT", "settings", {"colour": "red"}).status_code == 400
    assert control.call("PUT", "webhooks", {"colour": "red"}).status_code == 400
    assert control.call("PUT", "latency", {}).status_code == 400
    assert control.call("PUT", "latency", [1]).status_code == 400
    assert control.call("POST", "bulk", {"payments": 1, "speed": "fast"}).status_code == 400


def test_overview_page(api: Api, control: Running) -> None:
    intent = api.intent(**{"metadata[order_id]": "<b>7</b>"})
    page = requests.get(f"{control.base_url}/_sandbox/", timeout=5).text
    assert intent["id"] in page
    assert "&lt;b&gt;7&lt;/b&gt;" in page
