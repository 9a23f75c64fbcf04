"""Stripe's events on pages: those that need attention first, the preview of a replay, replays in bounded steps."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database

from app.domain.permissions import Role
from app.models import connection
from app.models.webhooks import events as webhook_events
from app.services.webhooks.admin import MOST_AT_ONCE
from config import Settings
from tests.integration.dashboards.pages import enter, paid, post, received
from tests.support.ownership import our_metadata
from tests.support.sandbox import SandboxProcess

Mongo = Database[dict[str, Any]]
INBOX = "/dashboard/webhooks"
REPLAYS = f"{INBOX}/replay-failed"
NONSENSE = ["", "\0", "x", "1-", "-evt_1", "99999999999999999999-evt", '{"$gt": ""}', "1-\u00e9", "１-evt_1"]


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    return enter(app, Role.ADMIN)


@pytest.fixture(autouse=True)
def _held(sandbox: SandboxProcess) -> None:
    """Nothing is delivered; the tests store what they need."""
    sandbox.hold_webhooks()


def unknown_to_us(sandbox: SandboxProcess, order: str = "order-1") -> str:
    """An intent that was paid at Stripe while we were not listening."""
    params = {"amount": 1999, "currency": "usd", **our_metadata(order)}
    intent_id: str = sandbox.stripe("POST", "/v1/payment_intents", params)["id"]
    sandbox.pay(intent_id)
    return intent_id


def copies(database: Mongo, event_id: str, number: int, **changed: Any) -> list[str]:
    """More events like a stored one, each a second older than the one before."""
    template = database["webhook_events"].find_one({"_id": event_id})
    rows = []
    for n in range(number):
        row = {**template, **changed, "_id": f"evt_copy_{n:04}", "created": template["created"] - n}
        row["payload"] = {**template["payload"], "id": row["_id"]}
        rows.append(row)
    database["webhook_events"].insert_many(rows)
    return [row["_id"] for row in rows]


def test_an_empty_inbox_has_an_empty_state(admin: FlaskClient) -> None:
    assert "No events yet" in admin.get(INBOX).text
    assert "No events left to replay" in admin.get(REPLAYS).text


def test_events_that_need_attention_come_first(
    app: Flask, admin: FlaskClient, sandbox: SandboxProcess, database: Mongo
) -> None:
    unknown_to_us(sandbox)
    (failed,) = received(app, sandbox, "payment_intent.succeeded", apply=False)
    (waiting,) = received(app, sandbox, "charge.succeeded", apply=False)
    received(app, sandbox, "payment_intent.created")
    with app.app_context():
        webhook_events.fail(failed, "StripeUnavailable: <b>away</b>")
    database["webhook_events"].update_one({"_id": waiting}, {"$inc": {"created": -3600}})
    page = admin.get(INBOX).text
    assert "Needs attention" in page
    assert page.index(failed) < page.index(waiting) < page.index("Latest events")
    assert "StripeUnavailable: &lt;b&gt;away" in page
    assert "<b>away" not in page
    for state, listed, hidden in (("failed", failed, waiting), ("received", waiting, failed)):
        narrowed = admin.get(INBOX, query_string={"state": state}).text
        assert listed in narrowed
        assert hidden not in narrowed
    typed = admin.get(INBOX, query_string={"type": "charge.succeeded"}).text
    assert waiting in typed
    assert failed not in typed


def test_pages_of_events_follow_each_other_without_gap(
    app: Flask, admin: FlaskClient, sandbox: SandboxProcess, database: Mongo
) -> None:
    unknown_to_us(sandbox)
    (event_id,) = received(app, sandbox, "payment_intent.created")
    expected = {event_id, *copies(database, event_id, 120)}
    seen: list[str] = []
    address: str | None = INBOX
    while address and len(seen) <= len(expected):
        page = admin.get(address).text
        seen += [part.split("<")[0] for part in page.split("<code>evt_")[1:]]
        _, _, rest = page.partition('rel="next" href="')
        address = rest.split('"')[0].replace("&amp;", "&") if rest else None
    assert len(seen) == len(expected) == 121
    assert {f"evt_{name}" for name in seen} == expected


def test_a_replay_is_previewed_and_then_reported(
    app: Flask, admin: FlaskClient, sandbox: SandboxProcess, database: Mongo
) -> None:
    params = {"amount": 1999, "currency": "usd", **our_metadata("order-1")}
    intent_id = sandbox.stripe("POST", "/v1/payment_intents", params)["id"]
    received(app, sandbox, "payment_intent.created")
    sandbox.pay(intent_id)
    (event_id,) = received(app, sandbox, "charge.succeeded", apply=False)
    page = admin.get(f"{INBOX}/{event_id}").text
    assert "A replay would change the payment." in page
    assert "Pending → Completed" in page
    assert "0.00 USD → 19.99 USD" in page
    assert "&#34;object&#34;: &#34;charge&#34;" in page
    payment = database["payments"].find_one()
    assert payment["status"] == "pending", "looking changes nothing"
    assert f"/dashboard/payments/{payment['_id']}" in page
    answer = post(admin, f"{INBOX}/{event_id}/replay", page)
    assert (answer.status_code, answer.location) == (303, f"{INBOX}/{event_id}")
    after = admin.get(answer.location).text
    assert "Replayed: the payment was changed." in after
    assert "A replay would change nothing." in after
    assert database["payments"].find_one()["status"] == "completed"
    (entry,) = database["audit_entries"].find({"action": "webhooks.replayed"})
    assert (entry["actor"], entry["details"]) == ("admin@example.com", {"events": [event_id], "count": 1})


def test_a_failed_replay_says_why(app: Flask, admin: FlaskClient, sandbox: SandboxProcess) -> None:
    unknown_to_us(sandbox)
    (event_id,) = received(app, sandbox, "charge.succeeded", apply=False)
    page = admin.get(f"{INBOX}/{event_id}").text
    assert "The outcome depends on Stripe" in page
    sandbox.fault(effect="503", match={"path": "^/v1/payment_intents/"})
    answer = post(admin, f"{INBOX}/{event_id}/replay", page)
    assert "The replay failed. StripeUnavailable" in admin.get(answer.location).text


def test_an_unreadable_payload_still_shows_a_page(
    app: Flask, admin: FlaskClient, sandbox: SandboxProcess, database: Mongo
) -> None:
    unknown_to_us(sandbox)
    (event_id,) = received(app, sandbox, "charge.succeeded", apply=False)
    broken = {"payload.data.object.created": "<i>yesterday</i>", "payload.data.object.amount": None}
    database["webhook_events"].update_one({"_id": event_id}, {"$set": broken})
    answer = admin.get(f"{INBOX}/{event_id}")
    assert answer.status_code == 200
    assert "<i>yesterday" not in answer.text
    assert post(admin, f"{INBOX}/{event_id}/replay", answer.text).status_code == 303
    assert admin.get(f"{INBOX}/{event_id}").status_code == 200


def test_failed_events_are_replayed_in_steps(
    app: Flask, admin: FlaskClient, sandbox: SandboxProcess, database: Mongo
) -> None:
    paid(app, sandbox)
    (event_id,) = received(app, sandbox, "payment_intent.created")
    copies(database, event_id, MOST_AT_ONCE + 5, state="failed", last_error="DatabaseUnavailable: away")
    first = admin.get(REPLAYS).text
    assert f"Replay {MOST_AT_ONCE} events" in first
    failed = {"state": "failed"}
    assert database["webhook_events"].count_documents(failed) == MOST_AT_ONCE + 5
    second = post(admin, REPLAYS, first)
    assert f"Done: {MOST_AT_ONCE} replayed" in second.text
    assert database["webhook_events"].count_documents(failed) == 5
    cursor = second.text.split('name="cursor" value="')[1].split('"')[0]
    last = post(admin, REPLAYS, second.text, cursor=cursor)
    assert "Done: 5 replayed" in last.text
    assert "All failed events have been replayed." in last.text
    assert database["webhook_events"].count_documents(failed) == 0
    assert database["audit_entries"].count_documents({"action": "webhooks.replayed"}) == 2


@pytest.mark.parametrize("value", NONSENSE)
def test_nonsense_in_the_address_is_the_nearest_sensible_view(admin: FlaskClient, value: str) -> None:
    for name in ("cursor", "state", "type"):
        assert admin.get(INBOX, query_string={name: value}).status_code == 200, name
    assert admin.get(REPLAYS, query_string={"cursor": value}).status_code == 200
    assert post(admin, REPLAYS, admin.get(INBOX).text, cursor=value).status_code == 200


@pytest.mark.parametrize("event_id", ["evt_none", "%00", "%7B%22$ne%22:1%7D", "%ff", "x" * 3000])
def test_an_unknown_event_is_not_found(admin: FlaskClient, event_id: str) -> None:
    answer = admin.get(f"{INBOX}/{event_id}")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    page = admin.get(INBOX).text
    assert post(admin, f"{INBOX}/{event_id}/replay", page).status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.FINANCE])
def test_only_admins_see_events(app: Flask, role: Role) -> None:
    client = enter(app, role)
    for address in (INBOX, f"{INBOX}/evt_1", REPLAYS):
        assert client.get(address).status_code == 403
    page = client.get("/", follow_redirects=True).text
    for address in (f"{INBOX}/evt_1/replay", REPLAYS):
        assert post(client, address, page).status_code == 403


def test_a_form_without_csrf_token_does_nothing(
    app: Flask, admin: FlaskClient, sandbox: SandboxProcess, database: Mongo
) -> None:
    unknown_to_us(sandbox)
    (event_id,) = received(app, sandbox, "payment_intent.succeeded", apply=False)
    for address in (f"{INBOX}/{event_id}/replay", REPLAYS):
        assert admin.post(address).status_code == 400
    assert database["payments"].count_documents({}) == 0


def test_a_database_outage_shows_a_page(settings: Settings, admin: FlaskClient) -> None:
    connection.connect("mongodb://127.0.0.1:1/paydesk")
    try:
        answer = admin.get(INBOX)
    finally:
        connection.connect(settings.mongodb_uri)
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
