"""Deliveries in the shapes of five API versions end in one payment: that of the sandbox's own events, in any order."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integration.services.webhooks.conftest import Deliver, Json, Mongo, events
from tests.support import recorded_shapes
from tests.support.recorded_shapes import AGES, Card, Values
from tests.support.sandbox import SandboxProcess

DECLINED, CHALLENGED = "4000000000000002", "4000002760003184"
API = "/api/v1/payments"
# When and by which events we learnt it is the one thing in which deliveries may differ.
LEARNT = {"updated_at", "history"}
# The values of a story that are the times of events. A clock ticks on while things happen.
TIMES = {
    "charge.failed": "failed",
    "payment_intent.requires_action": "challenged",
    "charge.succeeded": "paid",
    "charge.refunded": "refunded",
    "charge.dispute.created": "disputed",
    "charge.dispute.closed": "closed",
    "charge.captured": "closed",
}
Stripe = SandboxProcess


class Told:
    """A payment whose row exists, and what the API says of it after some deliveries."""

    def __init__(self, client: FlaskClient, headers: dict[str, str], deliver: Deliver, mongo: Mongo) -> None:
        self._client, self._headers, self._deliver, self._mongo = client, headers, deliver, mongo
        self._row: Json = {}

    def open(self, **options: Any) -> str:
        """Create the intent; its id."""
        body = {"order_id": "order-1", "customer_id": "c1", "amount": 20.0, "currency": "eur", **options}
        answer = self._client.post(f"{API}/stripe/create-intent", json=body, headers=self._headers)
        assert answer.status_code == 201, answer.text
        self._row = self._mongo["payments"].find_one()
        return str(answer.json["payment_intent_id"])

    def after(self, deliveries: list[Json]) -> Json:
        """The API's answer, if these are all that we get."""
        self._mongo["payments"].replace_one({"_id": self._row["_id"]}, self._row)
        self._mongo["webhook_events"].delete_many({})
        for event in deliveries:
            assert self._deliver(event) == 200, event["type"]
        states = {row["type"]: row["state"] for row in self._mongo["webhook_events"].find()}
        assert set(states.values()) == {"applied"}, states
        answer = self._client.get(f"{API}/{self._row['_id']}", headers=self._headers)
        assert answer.status_code == 200
        return {name: value for name, value in answer.json.items() if name not in LEARNT}


@pytest.fixture
def told(client: FlaskClient, bearer: dict[str, str], deliver: Deliver, database: Mongo) -> Told:
    return Told(client, bearer, deliver, database)


@pytest.fixture
def at(stripe: Stripe) -> Iterator[Callable[[int], None]]:
    """``at(seconds)``: move Stripe's clock to so long after the story began, an hour ago."""
    start = int(time.time()) - 3600

    def moved(seconds: int) -> None:
        stripe.put("clock", {"now": start + seconds})

    moved(0)
    yield moved
    stripe.delete("clock")


def card_of(charge: Json) -> Card:
    card = charge["payment_method_details"]["card"]
    score = charge["outcome"]["risk_score"]
    return Card(charge["payment_method"], card["last4"], card["country"], charge["id"], score)


def played_story(told: Told, stripe: Stripe, at: Callable[[int], None]) -> Values:
    """What happens in ``recorded_shapes.story`` at the sandbox; its values."""
    intent_id = told.open()
    at(10)
    stripe.pay(intent_id, DECLINED)
    at(20)
    stripe.pay(intent_id, CHALLENGED, three_d_secure="abandon")
    at(30)
    stripe.post(f"payment_intents/{intent_id}/three_d_secure", {"outcome": "complete"})
    at(40)
    reason = {"reason": "requested_by_customer"}
    refund = stripe.stripe("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": 300, **reason})
    at(50)
    dispute = stripe.post("disputes", {"payment_intent": intent_id, "withdrawn": 0, "refundable": False})
    at(60)
    stripe.post(f"disputes/{dispute['id']}/close", {"outcome": "won"})
    found = values_of(stripe, intent_id)
    due_by = dispute["evidence_details"]["due_by"] - found.start
    return replace(found, refund=refund["id"], dispute=dispute["id"], due_by=due_by)


def played_hold(told: Told, stripe: Stripe, at: Callable[[int], None]) -> Values:
    """What happens in ``recorded_shapes.hold`` at the sandbox; its values."""
    intent_id = told.open(capture="manual")
    at(20)
    stripe.pay(intent_id, CHALLENGED, three_d_secure="abandon")
    at(30)
    stripe.post(f"payment_intents/{intent_id}/three_d_secure", {"outcome": "complete"})
    at(60)
    stripe.stripe("POST", f"/v1/payment_intents/{intent_id}/capture", {"amount_to_capture": 1200})
    releases = stripe.stripe("GET", "/v1/refunds", {"payment_intent": intent_id})["data"]
    found = values_of(stripe, intent_id)
    return replace(found, refund=releases[0]["id"]) if releases else found


def values_of(stripe: Stripe, intent_id: str) -> Values:
    intent = stripe.stripe("GET", f"/v1/payment_intents/{intent_id}")
    charges = stripe.stripe("GET", "/v1/charges", {"payment_intent": intent_id})["data"]
    times = {TIMES[e["type"]]: e["created"] - intent["created"] for e in events(stripe) if e["type"] in TIMES}
    told = Values(intent=intent_id, start=intent["created"], delay=0, metadata=intent["metadata"])
    return replace(told, authenticated=card_of(charges[0]), declined=card_of(charges[-1]), **times)


def fetched(stripe: Stripe) -> int:
    """How often the intent was read at Stripe since the last question; where it is read, no shape of ours matters."""
    reads = [entry for entry in stripe.requests("/v1/payment_intents/pi_") if entry["method"] == "GET"]
    stripe.delete("requests")
    return len(reads)


def shuffled(deliveries: list[Json], seed: int) -> list[Json]:
    """Every one at least once, in some order."""
    chance = random.Random(seed)
    several = deliveries + chance.sample(deliveries, 3)
    chance.shuffle(several)
    return several


@pytest.mark.parametrize("account", [AGES[-2], AGES[-1]])
def test_every_age_tells_the_same_story(told: Told, stripe: Stripe, at: Callable[[int], None], account: str) -> None:
    stripe.put("settings", {"api_version": account})
    values = played_story(told, stripe, at)
    expected = told.after(events(stripe))
    assert (expected["status"], expected["amount"], expected["amount_refunded"]) == ("completed", 20.0, 3.0)
    assert [attempt["status"] for attempt in expected["attempts"]] == ["failed", "succeeded"]
    assert [dispute["status"] for dispute in expected["disputes"]] == ["won"]
    for version in AGES:
        happened = recorded_shapes.story(version, values)
        fetched(stripe)
        assert told.after(happened) == expected, version
        assert fetched(stripe) == 0, version
        for seed in range(4):
            assert told.after(shuffled(happened, seed)) == expected, (version, seed)


@pytest.mark.parametrize("account", [AGES[-2], AGES[-1]])
def test_every_age_knows_what_a_hold_released(
    told: Told, stripe: Stripe, at: Callable[[int], None], account: str
) -> None:
    """The release is a Refund before 2025-03-31.basil, which the oldest charges do not tell from another."""
    stripe.put("settings", {"api_version": account})
    values = played_hold(told, stripe, at)
    expected = told.after(events(stripe))
    assert (expected["status"], expected["amount_captured"], expected["amount_released"]) == ("completed", 12.0, 8.0)
    assert (expected["refund_status"], expected["refunds"], expected["amount_refundable"]) == ("none", [], 12.0)
    for version in (age for age in AGES if (age < "2025-03-31") is (account < "2025-03-31")):
        happened = recorded_shapes.hold(version, values)
        fetched(stripe)
        assert told.after(happened) == expected, version
        assert (fetched(stripe) > 0) is (version < "2020-08-28"), version
        for seed in range(4):
            assert told.after(shuffled(happened, seed)) == expected, (version, seed)
