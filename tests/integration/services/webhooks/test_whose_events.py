"""Events of others, and events that name only a charge: what becomes of them, and what they cost in calls to Stripe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient

from app.domain.permissions import Role
from app.extensions import services
from tests.integration.dashboards.pages import enter
from tests.integration.services.webhooks.conftest import Deliver, Json, Mongo, events, intent
from tests.integration.services.webhooks.test_whose_intent import opened
from tests.support.sandbox import SandboxProcess

ABOUT_THEM = ("charge.", "refund.", "radar.")


def kept(database: Mongo, event: Json) -> Json:
    row = database["webhook_events"].find_one({"_id": event["id"]})
    assert row is not None
    return row


def reads(stripe: SandboxProcess, intent_id: str) -> int:
    """How often our key read the intent."""
    return len(stripe.requests(path=f"/v1/payment_intents/{intent_id}", method="GET"))


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"account": "acct_1Connected"}, "other_account", "Of a connected account"),
        ({"livemode": True}, "wrong_mode", "Of the other mode"),
        ({"account": "acct_1Connected", "livemode": True}, "wrong_mode", "Of the other mode"),
    ],
)
def test_events_of_another_account_or_mode_are_kept_and_shown(
    app: Flask, deliver: Deliver, stripe: SandboxProcess, database: Mongo, changes: Json, reason: str, words: str
) -> None:
    """Although the object carries our key, as on a platform that uses this service in two accounts."""
    _, intent_id = opened(app)
    stripe.pay(intent_id)
    before = list(database["payments"].find())
    for event in events(stripe):
        assert deliver({**event, **changes}) == 200
    rows = list(database["webhook_events"].find({"type": "payment_intent.succeeded"}))
    assert [(row["state"], row["ignored_reason"]) for row in rows] == [("ignored", reason)]
    assert list(database["payments"].find()) == before
    admin: FlaskClient = enter(app, Role.ADMIN)
    assert words in admin.get("/dashboard/webhooks").text
    assert words in admin.get(f"/dashboard/webhooks/{rows[0]['_id']}").text


def test_an_event_that_names_our_own_account_is_ours(
    app: Flask, deliver: Deliver, stripe: SandboxProcess, database: Mongo
) -> None:
    _, intent_id = opened(app)
    stripe.pay(intent_id)
    own = stripe.stripe("GET", "/v1/account")["id"]
    for event in events(stripe):
        assert deliver({**event, "account": own}) == 200
    assert database["payments"].distinct("status") == ["completed"]


def theirs(stripe: SandboxProcess) -> tuple[str, list[Json]]:
    """A payment of another application, and its events but those of the intent."""
    paid = stripe.post("foreign", {"refund": 300, "dispute": True})
    made = [event for event in events(stripe) if event["type"].startswith(ABOUT_THEM)]
    assert {"charge.succeeded", "charge.refunded", "charge.dispute.created"} <= {event["type"] for event in made}
    return paid["payment_intent"], made


def test_foreign_events_cost_one_call_an_intent(deliver: Deliver, stripe: SandboxProcess, database: Mongo) -> None:
    intent_id, made = theirs(stripe)
    charges = [event for event in made if event["data"]["object"]["object"] == "charge"]
    for event in charges:
        assert deliver(event) == 200
    assert reads(stripe, intent_id) == 0
    for event in (*made, *reversed(made)):
        assert deliver(event) == 200
    assert reads(stripe, intent_id) == 1
    assert {kept(database, event)["ignored_reason"] for event in made} == {"foreign"}
    assert database["payments"].count_documents({}) == 0
    # Remembered in MongoDB, so that another process knows it too.
    assert [row["_id"] for row in database["foreign_intents"].find()] == [intent_id]


def test_a_key_without_permission_leaves_foreign_events_ignored(
    deliver: Deliver, stripe: SandboxProcess, database: Mongo
) -> None:
    intent_id, made = theirs(stripe)
    stripe.fault(match={"path": "^/v1/payment_intents/"}, times=100, effect="403")
    for event in made:
        assert deliver(event) == 200
    assert {kept(database, event)["state"] for event in made} == {"ignored"}
    dispute = next(event for event in made if event["type"] == "charge.dispute.created")
    assert kept(database, dispute)["ignored_reason"] == "no_permission"
    assert database["foreign_intents"].count_documents({}) == 0, intent_id


def test_a_busy_stripe_postpones_foreign_events(
    app: Flask, deliver: Deliver, stripe: SandboxProcess, database: Mongo
) -> None:
    _, made = theirs(stripe)
    dispute = next(event for event in made if event["type"] == "charge.dispute.created")
    stripe.fault(match={"path": "^/v1/payment_intents/"}, times=2, effect="429")
    assert deliver(dispute) == 200
    row = kept(database, dispute)
    assert (row["state"], row["attempts"]) == ("received", 1)
    with app.app_context():
        assert services.webhooks.apply(row["payload"]).value in {"received", "ignored"}
        assert services.webhooks.apply(row["payload"]).value == "ignored"
    assert kept(database, dispute)["ignored_reason"] == "foreign"


def test_what_carries_our_key_is_not_given_up(deliver: Deliver, stripe: SandboxProcess, database: Mongo) -> None:
    """It fails where our key may not read it, and is adopted as soon as it may."""
    intent(stripe, paydesk_payment_id=str(ObjectId()), order_id="order-1", customer_id="c1")
    (event,) = events(stripe, "charge.succeeded")
    stripe.fault(match={"path": "^/v1/payment_intents/"}, times=1, effect="403")
    assert deliver(event) == 502
    assert kept(database, event)["state"] == "failed"
    assert deliver(event) == 200
    assert kept(database, event)["state"] == "applied"
    assert database["payments"].distinct("status") == ["completed"]


@pytest.mark.parametrize("version", ["2023-10-16", "2026-10-28.endive"])
def test_refunds_and_disputes_that_name_only_their_charge(
    app: Flask,
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
    seen: set[str] = set()
    for event in events(stripe):
        target: dict[str, Any] = event["data"]["object"]
        if target["object"] in {"refund", "dispute"}:
            target["payment_intent"] = None
            seen.add(target["object"])
        assert deliver(event) == 200
        assert kept(database, event).get("ignored_reason") is None
        assert kept(database, event)["payment_intent_id"] == intent_id
    # In 2023 a refund that succeeds at once is only in its charge.
    assert seen == {"refund", "dispute"} if version != "2023-10-16" else {"dispute"}
    (payment,) = database["payments"].find()
    assert (payment["amount_refunded"], len(payment["refunds"]), len(payment["disputes"])) == (500, 1, 1)


def test_a_refund_of_a_charge_without_an_intent_is_not_ours(
    deliver: Deliver, stripe: SandboxProcess, database: Mongo
) -> None:
    stripe.post("foreign", {"payment_intent": False, "refund": True})
    for event in events(stripe):
        assert deliver(event) == 200
        assert kept(database, event)["state"] == "ignored"
    assert database["payments"].count_documents({}) == 0


def test_a_version_older_than_we_read_fails_visibly(
    app: Flask, deliver: Deliver, stripe: SandboxProcess, database: Mongo
) -> None:
    intent(stripe, paydesk_payment_id=str(ObjectId()), order_id="order-1", customer_id="c1")
    (event,) = events(stripe, "payment_intent.succeeded")
    assert deliver({**event, "api_version": "2015-10-16"}) == 422
    row = kept(database, event)
    assert (row["state"], "2015-10-16" in row["last_error"]) == ("failed", True)
    assert "2015-10-16" in enter(app, Role.ADMIN).get("/dashboard/webhooks").text
    assert database["payments"].count_documents({}) == 0
