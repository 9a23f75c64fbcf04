"""Replaying an event that failed: the page says what it would do, and then does that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect
from pymongo.database import Database

from app.domain.permissions import Role
from tests.e2e.browser.browser import Visitor
from tests.integration.dashboards import browsing
from tests.support.ownership import our_metadata
from tests.support.sandbox import SandboxProcess
from tests.support.server import LiveServer

Mongo = Database[dict[str, Any]]
Visit = Callable[..., Visitor]


@pytest.fixture
def failed(app: Flask, live_server: LiveServer, sandbox: SandboxProcess, database: Mongo) -> Iterator[str]:
    """An event that could not be applied, because Stripe was away while the payment's row was lost; its id.

    Then the row comes back from a backup, in which the payment is not paid yet.
    """
    browsing.add(app, Role.ADMIN)
    before = sandbox.get("webhooks")
    sandbox.put("webhooks", {"enabled_events": ["payment_intent.created"], "max_attempts": 1})
    params = {"amount": 1999, "currency": "usd", **our_metadata("order-1")}
    intent = sandbox.stripe("POST", "/v1/payment_intents", params)["id"]
    sandbox.drain()
    row = database["payments"].find_one_and_delete({"payment_intent_id": intent})
    assert row is not None
    sandbox.put("webhooks", {"enabled_events": ["charge.succeeded"]})
    sandbox.fault(effect="503", match={"method": "GET", "path": "^/v1/payment_intents/"})
    sandbox.pay(intent)
    sandbox.drain()
    sandbox.delete("faults")
    database["payments"].insert_one(row)
    (event,) = database["webhook_events"].find({"type": "charge.succeeded"})
    assert event["state"] == "failed"
    yield str(event["_id"])
    sandbox.put("webhooks", {"enabled_events": ["*"], "max_attempts": before["max_attempts"]})


def payment(database: Mongo) -> tuple[str, int]:
    found = database["payments"].find_one()
    return found["status"], found["amount_captured"]


def test_one_event_is_shown_replayed_and_applied(visit: Visit, failed: str, database: Mongo) -> None:
    page = visit().enter(Role.ADMIN, then="/dashboard/webhooks")
    expect(page.get_by_text("1 event could not be applied.")).to_be_visible()
    urgent = page.get_by_role("region", name="Needs attention").first
    expect(urgent).to_contain_text(failed)
    urgent.get_by_role("link", name="charge.succeeded").click()
    difference = page.get_by_role("region", name="Preview of a replay")
    for text in ("A replay would change the payment.", "Pending → Completed", "0.00 USD → 19.99 USD"):
        expect(difference).to_contain_text(text)
    assert payment(database) == ("pending", 0), "looking changes nothing"
    page.get_by_role("button", name="Replay this event").click()
    expect(page.get_by_role("status")).to_contain_text("Replayed: the payment was changed.")
    expect(difference).to_contain_text("A replay would change nothing.")
    expect(page.get_by_role("region", name="Changes made by this event")).to_contain_text("Pending → Completed")
    assert payment(database) == ("completed", 1999)
    page.get_by_role("link", name="← Webhooks").click()
    expect(page.get_by_text("All events have been processed.")).to_be_visible()


def test_all_failed_events_are_replayed_in_two_steps(visit: Visit, failed: str, database: Mongo) -> None:
    page = visit().enter(Role.ADMIN, then="/dashboard/webhooks")
    page.get_by_role("link", name="Replay failed events…").click()
    expect(page.get_by_text("Step 1 of 2. Nothing has been replayed yet.")).to_be_visible()
    expect(page.get_by_role("row").nth(1)).to_contain_text("A replay would change the payment.")
    assert payment(database) == ("pending", 0)
    page.get_by_role("button", name="Replay 1 event").click()
    expect(page.get_by_text("Done: 1 replayed, 1 changed a payment, 0 failed again.")).to_be_visible()
    assert payment(database) == ("completed", 1999)
