"""Restricted keys and the rate limit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.conftest import Api
from tests.contract.sandbox_process import Running

KEY = "rk_test_51SandboxRestricted"
NEW = {"amount": "1000", "currency": "usd"}


def restricted(control: Running, *rights: str) -> Api:
    control.put("settings", restricted_keys={KEY: list(rights)})
    return Api(control.base_url, KEY)


def lacks(answer: tuple[int, dict[str, Any]], right: str) -> bool:
    status, error = answer
    named = f"'rak_{right}' permission would allow this request to continue." in error["message"]
    return status == 403 and error["type"] == "invalid_request_error" and named and KEY not in error["message"]


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("POST", "payment_intents", "payment_intent_write"),
        ("GET", "payment_intents/pi_unknown", "payment_intent_read"),
        ("POST", "refunds", "charge_write"),
        ("GET", "charges", "charge_read"),
        ("GET", "radar/early_fraud_warnings", "charge_read"),
        ("GET", "reviews", "review_read"),
        ("GET", "events", "event_read"),
        ("GET", "balance", "balance_read"),
        ("GET", "balance_transactions", "balance_read"),
        ("GET", "payouts", "payout_read"),
        ("POST", "disputes/dp_unknown", "dispute_write"),
        ("GET", "account", "connected_account_read"),
        ("POST", "webhook_endpoints", "webhook_write"),
        ("DELETE", "customers/cus_unknown", "customer_write"),
        ("GET", "customers/cus_unknown/payment_methods", "payment_method_read"),
    ],
)
def test_missing_right_is_named_before_anything_else(control: Running, method: str, path: str, right: str) -> None:
    assert lacks(restricted(control).refused(method, path, {"unknown": "1"}), right)
    status, _ = restricted(control, right).refused(method, path, {"unknown": "1"})
    assert status == 400, "with the right, the parameters are looked at"


def test_write_includes_read_and_expansion_needs_its_own_right(control: Running) -> None:
    key = restricted(control, "payment_intent_write")
    intent = key.intent()
    path = f"payment_intents/{intent['id']}"
    assert key.get(path)["id"] == intent["id"]
    expand = {"expand[]": "latest_charge.balance_transaction"}
    assert key.refused("GET", path, expand)[0] == 403
    both = restricted(control, "payment_intent_read", "charge_read")
    assert lacks(both.refused("GET", path, expand), "balance_read")
    assert lacks(both.refused("POST", path, {}), "payment_intent_write")
    assert restricted(control, "payment_intent_read", "charge_read", "balance_read").get(path, expand)


def test_missing_right_does_not_use_up_the_idempotency_key(control: Running) -> None:
    assert restricted(control).refused("POST", "payment_intents", NEW, idempotency_key="k")[0] == 403
    made = restricted(control, "payment_intent_write").send("POST", "payment_intents", NEW, idempotency_key="k")
    assert made.status_code == 200
    assert "Idempotent-Replayed" not in made.headers


def test_unknown_rights_and_unlisted_keys(api: Api, control: Running) -> None:
    assert control.call("PUT", "settings", {"restricted_keys": {KEY: ["everything"]}}).status_code == 400
    restricted(control)
    assert Api(control.base_url, "rk_test_another").get("account")["object"] == "account"
    assert api.get("account")["object"] == "account"


def test_rate_limit(api: Api, control: Running) -> None:
    control.put("settings", rate_limit=0)
    answer = api.send("POST", "payment_intents", NEW, idempotency_key="k")
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limit")
    assert "Stripe-Should-Retry" not in answer.headers
    control.put("settings", rate_limit=1000)
    assert api.post("payment_intents", NEW, idempotency_key="k")["amount"] == 1000
    control.put("settings", rate_limit=2)
    assert 429 in {api.send("GET", "account").status_code for _ in range(50)}
