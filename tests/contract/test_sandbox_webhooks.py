"""Deliveries: signed as Stripe's library expects, retried, abandoned, held, duplicated, shuffled."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import requests
import stripe

from tests.contract.conftest import SECRET, Api, Receiver
from tests.contract.sandbox_process import Running


def drained(control: Running, seconds: float = 10) -> None:
    assert control.post("webhooks/drain", timeout=seconds)["idle"]


def ids(receiver: Receiver) -> list[str]:
    return [json.loads(body)["id"] for _, _, body in receiver.received]


def test_stripe_library_accepts_the_signature(api: Api, control: Running, receiver: Receiver) -> None:
    api.intent()
    drained(control)
    [(_, headers, body)] = receiver.received
    event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], SECRET)
    assert event["type"] == "payment_intent.created"
    assert event["pending_webhooks"] == 1
    delivered = json.loads(body)
    assert delivered["data"] == api.get(f"events/{delivered['id']}")["data"]
    for altered, secret in ((body + b" ", SECRET), (body, "whsec_other")):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(altered, headers["Stripe-Signature"], secret)


def test_every_secret_signs_during_a_rotation(api: Api, control: Running, receiver: Receiver) -> None:
    control.put("webhooks", secrets=[SECRET, "whsec_new"])
    api.intent()
    drained(control)
    [(_, headers, body)] = receiver.received
    assert headers["Stripe-Signature"].count("v1=") == 2
    for secret in (SECRET, "whsec_new"):
        stripe.Webhook.construct_event(body, headers["Stripe-Signature"], secret)


def test_retries_until_2xx_with_a_new_signature(api: Api, control: Running, receiver: Receiver) -> None:
    control.put("webhooks", base_backoff_ms=600)
    receiver.statuses = [500, 302, 204]
    api.intent()
    event = api.get("events")["data"][0]
    assert event["pending_webhooks"] == 1
    assert [e["id"] for e in api.get("events", {"delivery_success": "false"})["data"]] == [event["id"]]
    drained(control)
    assert ids(receiver) == [event["id"]] * 3
    assert {path for path, _, _ in receiver.received} == {"/webhook"}, "a redirect is not followed"
    stamps = [headers["Stripe-Signature"].split(",")[0] for _, headers, _ in receiver.received]
    assert stamps[2] > stamps[0]
    [delivery] = control.get("webhooks/deliveries", event=event["id"])["deliveries"]
    assert (delivery["state"], [a["status"] for a in delivery["attempts"]]) == ("succeeded", [500, 302, 204])
    begun = [attempt["at"] for attempt in delivery["attempts"]]
    assert begun[2] - begun[1] > 1.5 * (begun[1] - begun[0])
    assert api.get(f"events/{event['id']}")["pending_webhooks"] == 0
    assert api.get("events", {"delivery_success": "false"})["data"] == []
    assert len(api.get("events", {"delivery_success": "true"})["data"]) == 1


def test_failed_delivery_is_resent(api: Api, control: Running, receiver: Receiver) -> None:
    control.put("webhooks", base_backoff_ms=5, max_attempts=3)
    receiver.statuses = [500] * 3
    api.intent()
    drained(control)
    event = api.get("events", {"delivery_success": "false", "type": "payment_intent.*"})["data"][0]
    assert event["pending_webhooks"] == 1
    assert len(receiver.received) == 3
    control.post(f"events/{event['id']}/resend")
    drained(control)
    assert len(receiver.received) == 4
    assert api.get("events", {"delivery_success": "false"})["data"] == []


def test_unreachable_endpoint(api: Api, control: Running, receiver: Receiver) -> None:
    control.put("webhooks", base_backoff_ms=20_000, url="http://127.0.0.1:1/webhook")
    api.intent()
    for _ in range(200):
        [delivery] = control.get("webhooks/deliveries")["deliveries"]
        if delivery["state"] == "waiting":
            break
    assert delivery["attempts"][0]["status"] is None
    assert delivery["attempts"][0]["error"]
    assert control.post("webhooks/drain", timeout=0.05)["idle"] is False
    control.put("webhooks", url=receiver.url)
    assert control.post("webhooks/retry")["retrying"] == 1
    drained(control)
    assert len(receiver.received) == 1


def test_hold_shuffle_and_duplicate(api: Api, control: Running, receiver: Receiver) -> None:
    control.post("webhooks/hold")
    created = [api.intent()["id"] for _ in range(30)]
    original = [event["id"] for event in api.get("events", {"limit": 100})["data"]][::-1]
    assert receiver.received == []
    assert control.get("webhooks")["counts"]["held"] == 30
    released = control.post("webhooks/release", duplicate=1.5, shuffle=True, seed=3)["released"]
    drained(control)
    arrived = ids(receiver)
    assert set(arrived) == set(original)
    assert len(arrived) == released > 35
    assert list(dict.fromkeys(arrived)) != original
    assert len(created) == 30
    assert api.get("events", {"delivery_success": "false"})["data"] == []


def test_every_event_is_sent_twice(api: Api, control: Running, receiver: Receiver) -> None:
    control.put("webhooks", duplicate=2)
    api.intent()
    drained(control)
    assert len(ids(receiver)) == 2
    assert len(set(ids(receiver))) == 1


def test_api_endpoint_receives_only_its_events(api: Api, control: Running, receiver: Receiver) -> None:
    endpoint = api.post(
        "webhook_endpoints", {"url": f"{receiver.url}/second", "enabled_events[]": "payment_intent.succeeded"}
    )
    assert endpoint["secret"].startswith("whsec_")
    assert all("secret" not in listed for listed in api.get("webhook_endpoints")["data"])
    control.pay(api.intent()["id"])
    drained(control)
    second = [(headers, body) for path, headers, body in receiver.received if path.endswith("/second")]
    assert [json.loads(body)["type"] for _, body in second] == ["payment_intent.succeeded"]
    headers, body = second[0]
    stripe.Webhook.construct_event(body, headers["Stripe-Signature"], endpoint["secret"])
    assert len(receiver.received) == 4
    for wrong in ({"url": "nowhere", "enabled_events[]": "*"}, {"enabled_events[]": "*"}):
        assert api.refused("POST", "webhook_endpoints", wrong)[1]["param"] == "url"


def test_many_events_at_once(control: Running, receiver: Receiver) -> None:
    """1,500 deliveries start while the API stays responsive."""
    control.put("webhooks", concurrency=32)
    control.post("webhooks/hold")
    session = requests.Session()
    session.auth = ("sk_test_x", "")
    for _ in range(500):
        response = session.post(
            f"{control.base_url}/v1/payment_intents", data={"amount": 1000, "currency": "usd"}, timeout=5
        )
        control.pay(response.json()["id"])
    begun = time.perf_counter()
    assert control.post("webhooks/release", shuffle=True, seed=1)["released"] == 1500
    session.get(f"{control.base_url}/v1/account", timeout=5).raise_for_status()
    assert time.perf_counter() - begun < 2
    session.close()
    drained(control, 20)
    assert len(set(ids(receiver))) == 1500


def test_bulk_payments_are_not_delivered(control: Running, receiver: Receiver, api: Api) -> None:
    control.post("bulk", payments=50, days=10, seed=5, events=True)
    assert receiver.received == []
    books: list[dict[str, Any]] = control.get("books")["data"]
    assert len(books) == 50
    assert min(line["created"] for line in books) < time.time() - 9 * 86400
    assert {line["status"] for line in books} >= {"succeeded", "requires_payment_method"}
    assert len(api.get("events", {"limit": 100})["data"]) == 100
