"""Signed events that Stripe would not send: kept as failed or refused, and nothing of them is in a payment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import WEBHOOK_SECRET
from tests.integration.services.webhooks.conftest import VISA, Deliver, Json, Mongo, events
from tests.integration.services.webhooks.test_whose_intent import opened
from tests.support.sandbox import SandboxProcess
from tests.support.webhooks import WEBHOOK_PATH, signed

VALUES: list[Any] = [
    None,
    -1,
    10**12,
    10**30,
    1.5,
    "NaN",
    "",
    "x" * 6000,
    True,
    {},
    [],
    [None],
    {"$gt": 1},
    "\ud800",
    "a\0b",
]
BAD_TIMES: list[Any] = [-1, 10**12, 10**30, 1.5, "1", True, None, [], {}]
BAD_IDS: list[Any] = ["", "x" * 256, 5, None, "\ud800", "a\nb"]
BAD_TYPES: list[Any] = [5, None, "x" * 256, "\ud800"]
BAD_ACCOUNTS: list[Any] = [5, [], {"$gt": ""}, "\u00e9"]
BAD_VERSIONS: list[Any] = [5, [], "\ud800"]
BAD_MODES: list[Any] = [None, "true", 1]
FIELDS = {
    "payment_intent": ["amount", "amount_received", "created", "currency", "status", "latest_charge", "canceled_at"],
    "charge": ["amount", "amount_captured", "amount_refunded", "created", "currency", "status", "captured", "id"],
    "refund": ["amount", "created", "currency", "status", "charge", "id"],
    "dispute": ["amount", "created", "currency", "status", "charge", "evidence_details", "balance_transactions"],
    "radar.early_fraud_warning": ["created", "actionable", "charge", "fraud_type"],
    "review": ["created", "open", "charge", "reason"],
}


def hostile(genuine: list[Json]) -> Iterator[tuple[str, Json]]:
    """Every field with every value, in an event of each kind of object."""
    by_kind = {event["data"]["object"]["object"]: event for event in genuine}
    for kind in ("radar.early_fraud_warning", "review"):
        intent_id = by_kind["payment_intent"]["data"]["object"]["id"]
        target = {"id": "x_1", "object": kind, "payment_intent": intent_id, "created": 1, "actionable": True}
        target |= {"open": True, "reason": "rule", "charge": "ch_1", "fraud_type": "misc"}
        type_ = "review.opened" if kind == "review" else f"{kind}.created"
        by_kind[kind] = {**by_kind["charge"], "type": type_, "data": {"object": target}}
    for kind, fields in FIELDS.items():
        for name in fields:
            for n, value in enumerate(VALUES):
                event = by_kind[kind]
                target = {**event["data"]["object"], name: value}
                changed = {**event, "id": f"evt_{kind}_{name}_{n}".replace(".", "_"), "data": {"object": target}}
                yield f"{kind}.{name}={value!r:.20}", changed


@pytest.mark.parametrize("version", ["2023-10-16", "2026-10-28.endive"])
def test_no_hostile_value_is_a_500_or_stored(
    app: Flask,
    client: FlaskClient,
    deliver: Deliver,
    stripe: SandboxProcess,
    database: Mongo,
    at_version: Callable[[str], None],
    version: str,
) -> None:
    at_version(version)
    _, intent_id = opened(app)
    stripe.pay(intent_id)
    stripe.stripe("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": 500})
    stripe.post("disputes", {"payment_intent": intent_id, "amount": 1000})
    genuine = events(stripe)
    refund = stripe.stripe("GET", "/v1/refunds", {"payment_intent": intent_id})["data"][0]
    genuine.append({**genuine[-1], "id": "evt_refund", "type": "charge.refund.updated", "data": {"object": refund}})
    for event in genuine:
        assert deliver(event) == 200
    (before,) = database["payments"].find()
    wrong = []
    for label, event in hostile(genuine):
        status = deliver(event)
        row = database["webhook_events"].find_one({"_id": event["id"]})
        has_failed = row is None or row["state"] == "failed"
        if status not in {200, 422} or (status == 422) != has_failed:
            wrong.append(f"{label}: {status}, {row and row['state']}")
    assert wrong == []
    (payment,) = database["payments"].find()
    for name in ("amount", "amount_captured", "currency", "created_at", "completed_at"):
        assert payment[name] == before[name]
    answer = client.get("/dashboard/webhooks")
    assert answer.status_code < 500


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("created", value) for value in BAD_TIMES),
        *(("id", value) for value in BAD_IDS),
        *(("type", value) for value in BAD_TYPES),
        *(("account", value) for value in BAD_ACCOUNTS),
        *(("api_version", value) for value in BAD_VERSIONS),
        *(("livemode", value) for value in BAD_MODES),
    ],
)
def test_an_envelope_that_stripe_does_not_write(
    app: Flask, deliver: Deliver, stripe: SandboxProcess, database: Mongo, name: str, value: Any
) -> None:
    _, intent_id = opened(app)
    stripe.pay(intent_id, VISA)
    (event,) = events(stripe, "payment_intent.succeeded")
    assert deliver({**event, name: value}) == 422
    assert database["webhook_events"].count_documents({}) == 0


@pytest.mark.parametrize(
    ("body", "statuses"),
    [
        (b"[" * 200_000, {422}),
        (b'{"a":' * 100_000, {422}),
        (json.dumps({"object": "event", "filling": "x" * 1_100_000}).encode(), {413}),
        (b'{"object": "event", "created": ' + b"9" * 5000 + b"}", {422}),
    ],
    ids=["lists", "objects", "more than 1 MiB", "a number of 5000 digits"],
)
def test_bodies_that_no_parser_likes(client: FlaskClient, database: Mongo, body: bytes, statuses: set[int]) -> None:
    content, headers = signed(body, WEBHOOK_SECRET)
    assert client.post(WEBHOOK_PATH, data=content, headers=headers).status_code in statuses
    assert database["webhook_events"].count_documents({}) == 0


@pytest.mark.parametrize("header", ["t=1,v1=\u00e9", "t=\u00b2,v1=aa", "\u00ff"])
def test_a_signature_beyond_ascii(client: FlaskClient, header: str) -> None:
    answer = client.post(WEBHOOK_PATH, data=b"{}", headers={"Stripe-Signature": header})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "webhook_signature_invalid")
