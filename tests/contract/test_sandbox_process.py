"""The process: restart with data, pinned key, seed, and Stripe's own library as a client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from tests.contract.conftest import SECRET, Api, Receiver
from tests.contract.sandbox_process import Running


def test_state_survives_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    arguments = ("--data", str(tmp_path / "deep" / "sandbox.sqlite"), "--seed", "7")
    before = Running(*arguments, "--webhook-url", "http://127.0.0.1:1/away", "--webhook-secret", SECRET)
    try:
        api = Api(before.base_url)
        intent = api.post("payment_intents", {"amount": 1000, "currency": "usd"}, idempotency_key="k")
        paid = before.pay(intent["id"])
        refund = api.post("refunds", {"payment_intent": intent["id"], "amount": 100})
        lists = {noun: api.get(noun)["data"] for noun in ("payment_intents", "charges", "refunds")}
        events = [event["id"] for event in api.get("events")["data"]]
    finally:
        assert before.stop() == 0
        api.session.close()
    receiver.clear()
    after = Running(*arguments, "--webhook-url", receiver.url, "--webhook-secret", SECRET)
    try:
        api = Api(after.base_url)
        assert {noun: api.get(noun)["data"] for noun in lists} == lists
        assert api.get(f"payment_intents/{intent['id']}") == paid
        replay = api.send("POST", "payment_intents", {"amount": 1000, "currency": "usd"}, idempotency_key="k")
        assert (replay.headers["Idempotent-Replayed"], replay.json()) == ("true", intent)
        assert api.refused("POST", "refunds", {"payment_intent": intent["id"], "amount": 901})[0] == 400
        assert after.post("webhooks/drain", timeout=10)["idle"]
        assert len(receiver.received) == len(events), "undelivered events are delivered after the restart"
        new = api.intent()
        assert new["id"] not in {intent["id"], refund["id"]}
        after.post("reset")
        assert api.get("payment_intents")["data"] == []
        endpoints = api.get("webhook_endpoints")["data"]
        assert [endpoint["url"] for endpoint in endpoints] == [receiver.url]
    finally:
        assert after.stop() == 0
        api.session.close()
        receiver.clear()
    empty = Running(*arguments)
    try:
        assert empty.get("health")["objects"]["payment_intent"] == 0
    finally:
        assert empty.stop() == 0


def test_changes_just_before_the_end_are_kept(tmp_path: Path) -> None:
    first = Running("--data", str(tmp_path / "sandbox.sqlite"))
    first.post("bulk", payments=4000)
    objects = first.get("health")["objects"]
    assert first.stop() == 0
    second = Running("--data", str(tmp_path / "sandbox.sqlite"))
    try:
        assert second.get("health")["objects"] == objects
    finally:
        assert second.stop() == 0


def test_pinned_key_and_seed() -> None:
    ids = []
    for _ in range(2):
        running = Running("--secret-key", "sk_test_pinned", "--seed", "7")
        try:
            api = Api(running.base_url, "sk_test_pinned")
            ids.append(api.intent()["id"])
            url = f"{running.base_url}/v1/account"
            assert requests.get(url, auth=("sk_test_other", ""), timeout=5).status_code == 401
        finally:
            api.session.close()
            assert running.stop() == 0
    assert ids[0] == ids[1]


class TestStripeLibrary:
    """The calls of a payments service, through stripe.StripeClient."""

    def test_pay_and_refund(self, sdk: Any, control: Running) -> None:
        intent = sdk.payment_intents.create(
            {
                "amount": 1099,
                "currency": "usd",
                "automatic_payment_methods": {"enabled": True},
                "metadata": {"order_id": "1"},
                "expand": ["latest_charge"],
            },
            {"idempotency_key": "sdk"},
        )
        assert intent.metadata["order_id"] == "1"
        assert intent.last_response.headers["Stripe-Version"] == "2023-10-16"
        control.pay(intent.id)
        retrieved = sdk.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
        assert retrieved.latest_charge.payment_method_details.card.brand == "visa"
        refund = sdk.refunds.create({"payment_intent": intent.id, "amount": 99, "metadata": {"a": "b"}})
        assert sdk.refunds.update(refund.id, {"metadata": {"c": "d"}}).metadata.to_dict() == {"a": "b", "c": "d"}
        with pytest.raises(stripe.InvalidRequestError) as caught:
            sdk.refunds.create({"payment_intent": intent.id, "amount": 1001})
        assert (caught.value.code, caught.value.param) == (None, "amount")
        assert [item.id for item in sdk.refunds.list({"charge": retrieved.latest_charge.id})] == [refund.id]

    def test_decline(self, sdk: Any) -> None:
        intent = sdk.payment_intents.create({"amount": 500, "currency": "eur", "payment_method_types": ["card"]})
        with pytest.raises(stripe.CardError) as caught:
            sdk.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa_chargeDeclinedLostCard"})
        assert (caught.value.code, caught.value.error.decline_code) == ("card_declined", "lost_card")
        assert caught.value.error.payment_intent.id == intent.id

    def test_paging_in_both_directions(self, sdk: Any) -> None:
        created = [sdk.payment_intents.create({"amount": 500, "currency": "eur"}).id for _ in range(5)]
        pages = sdk.payment_intents.list({"limit": 2}).auto_paging_iter()
        assert [intent.id for intent in pages] == created[::-1]
        first = sdk.events.list({"limit": 100}).data[-1].id
        later = sdk.events.list({"limit": 2, "ending_before": first, "types": ["payment_intent.created"]})
        assert [event.data.object.id for event in later.auto_paging_iter()] == created[1:]

    def test_idempotency_error(self, sdk: Any) -> None:
        sdk.payment_intents.create({"amount": 500, "currency": "eur"}, {"idempotency_key": "k"})
        with pytest.raises(stripe.IdempotencyError):
            sdk.payment_intents.create({"amount": 501, "currency": "eur"}, {"idempotency_key": "k"})

    def test_account(self, sdk: Any) -> None:
        assert sdk.accounts.retrieve_current().id.startswith("acct_")

    @pytest.fixture(autouse=True)
    def _reset(self, control: Running) -> None:
        """Each test starts with an empty sandbox."""
