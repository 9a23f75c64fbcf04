"""Payments that are not ours: another application's, a connected account's, live mode's (facts §16)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract import stripe_reference
from tests.contract.conftest import Api, Json, Receiver


def _delivered(control: Any, receiver: Receiver) -> dict[str, Json]:
    """The delivered events by type, each valid in Stripe's document."""
    control.post("webhooks/drain", timeout=10)
    events = [json.loads(body) for _, _, body in receiver.received]
    assert [problem for event in events for problem in stripe_reference.problems(event)] == []
    return {event["type"]: event for event in events}


def test_another_application_pays_in_our_account(api: Api, control: Any) -> None:
    paid = control.post("foreign", amount=5000, currency="eur", metadata={"order_id": "1"}, refund=1200, dispute=True)
    intent = api.get(f"payment_intents/{paid['payment_intent']}")
    assert (intent["status"], intent["amount"], intent["metadata"]) == ("succeeded", 5000, {"order_id": "1"})
    charge = api.get(f"charges/{paid['charge']}")
    assert (charge["amount_refunded"], charge["disputed"], charge["metadata"]) == (1200, True, {"order_id": "1"})
    assert api.get(f"refunds/{paid['refund']}")["payment_intent"] == intent["id"]
    assert api.get(f"disputes/{paid['dispute']}")["charge"] == charge["id"]
    assert {"payment_intent.succeeded", "charge.refunded", "charge.dispute.created"} <= set(api.event_types())


def test_a_charge_without_an_intent(api: Api, control: Any) -> None:
    paid = control.post("foreign", payment_intent=False, refund=True)
    assert paid["payment_intent"] is None
    charge = api.get(f"charges/{paid['charge']}")
    assert (charge["payment_intent"], charge["refunded"]) == (None, True)
    assert api.get(f"refunds/{paid['refund']}")["payment_intent"] is None
    disputed = control.post("foreign", payment_intent=False, dispute=True)
    assert api.get(f"disputes/{disputed['dispute']}")["payment_intent"] is None
    assert not [name for name in api.event_types() if name.startswith("payment_intent.")]


@pytest.mark.parametrize(
    "where", [{"account": "acct_1Connected"}, {"livemode": True}, {"account": "a", "livemode": True}]
)
def test_only_the_events_of_another_account_or_mode_arrive(
    api: Api, control: Any, receiver: Receiver, where: Json
) -> None:
    paid = control.post("foreign", refund=True, dispute=True, **where)
    events = _delivered(control, receiver)
    assert {"payment_intent.succeeded", "charge.succeeded", "charge.refunded", "charge.dispute.created"} <= set(events)
    for event in events.values():
        assert event.get("account") == where.get("account")
        assert event["livemode"] is where.get("livemode", False)
        assert event["data"]["object"].get("livemode", event["livemode"]) is event["livemode"]
        assert api.refused("GET", f"events/{event['id']}")[0] == 404
    assert api.event_types() == []
    assert api.refused("GET", f"payment_intents/{paid['payment_intent']}")[0] == 404
    assert api.refused("GET", f"charges/{paid['charge']}")[0] == 404


def test_an_event_of_any_type_with_changes(api: Api, control: Any, receiver: Receiver) -> None:
    intent = api.intent(payment_method="pm_card_visa", confirm="true")
    refund = api.post("refunds", {"payment_intent": intent["id"]})
    receiver.clear()
    event = control.post("events", type="charge.refund.updated", object=refund["id"], changes={"payment_intent": None})
    assert event["data"]["object"] == {**refund, "payment_intent": None}
    assert api.get(f"events/{event['id']}")["type"] == "charge.refund.updated"
    assert _delivered(control, receiver)["charge.refund.updated"]["id"] == event["id"]
    sent = control.post("events", type="charge.expired", object={"id": "ch_1", "object": "charge"}, livemode=True)
    assert (sent["livemode"], sent["data"]["object"]["id"]) == (True, "ch_1")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("foreign", {"amounts": 1}),
        ("events", {"type": "charge.updated"}),
        ("events", {"type": "charge.updated", "object": "ch_no"}),
        ("events", {"type": "charge.updated", "object": {"id": "ch_1"}, "accounts": "a"}),
    ],
)
def test_invalid_bodies(control: Any, path: str, body: Json) -> None:
    assert control.call("POST", path, body).status_code == 400
