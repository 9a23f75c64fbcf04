"""``flask webhooks``: looking at stored events, and applying them again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from pymongo.database import Database

from app.extensions import services
from app.gateway.redaction import strip_event
from app.models.webhooks import events as webhook_events
from app.models.webhooks.events import EventState
from app.services.webhooks.inbox import _row
from tests.integration.cli.conftest import Run
from tests.support.ownership import our_metadata
from tests.support.sandbox import SandboxProcess

Mongo = Database[dict[str, Any]]
Store = Callable[..., list[str]]


@pytest.fixture
def store(app: Flask, sandbox: SandboxProcess) -> Store:
    """``store(type, apply=True)``: what Stripe tells of a type of event, received and applied; their ids."""
    sandbox.hold_webhooks()

    def stored(type_: str, *, apply: bool = True) -> list[str]:
        page = sandbox.stripe("GET", "/v1/events", {"type": type_, "limit": 100})
        with app.app_context():
            for event in reversed(page["data"]):
                kept = strip_event(event)
                webhook_events.receive(kept["id"], _row(kept), now=datetime.now(UTC))
                if apply:
                    services.webhooks.apply(kept)
        return [event["id"] for event in reversed(page["data"])]

    return stored


def paid(sandbox: SandboxProcess, order: str = "order-1", *, ours: bool = True) -> str:
    """An intent that was paid at Stripe while we were not listening."""
    params = {"amount": 1999, "currency": "usd"} | (our_metadata(order) if ours else {})
    intent_id: str = sandbox.stripe("POST", "/v1/payment_intents", params)["id"]
    sandbox.pay(intent_id)
    return intent_id


def everything(database: Mongo) -> dict[str, list[dict[str, Any]]]:
    """All that is stored."""
    names = sorted(database.list_collection_names())
    return {name: list(database[name].find().sort("_id", 1)) for name in names}


def test_list_is_newest_first_and_narrowed(run: Run, store: Store, sandbox: SandboxProcess, database: Mongo) -> None:
    assert run("webhooks", "list").stdout.strip() == "No event matches."
    sandbox.put("clock", {"offset": -5 * 86400})
    paid(sandbox, "order-old")
    sandbox.put("clock", {"offset": 0})
    paid(sandbox, "order-new")
    paid(sandbox, ours=False)
    old, new, foreign = store("payment_intent.succeeded")
    (created, *_) = store("payment_intent.created", apply=False)
    webhook_events.fail(created, "StripeUnavailable: away")

    def listed(*options: str) -> list[str]:
        result = run("webhooks", "list", *options)
        assert result.exit_code == 0, result.output
        return [line.split()[0] for line in result.stdout.splitlines()[1:]]

    assert listed("--type", "payment_intent.succeeded") in ([foreign, new, old], [new, foreign, old])
    assert listed("--failed") == listed("--state", "failed") == [created]
    assert listed("--state", "ignored") == [foreign]
    assert listed("--type", "payment_intent.succeeded", "--until", "3d") == [old]
    assert old not in listed("--since", "3d")
    day = (datetime.now(UTC) - timedelta(days=3)).date().isoformat()
    assert old not in listed("--since", day)
    assert listed("--until", day, "--state", "applied") == [old]
    cut = run("webhooks", "list", "--limit", "2")
    assert len(cut.stdout.splitlines()) == 3
    assert "newest 2 of 6" in cut.stderr
    assert "StripeUnavailable: away" in run("webhooks", "list", "--failed").stdout


@pytest.mark.parametrize("options", [("--since", "yesterday"), ("--failed", "--state", "applied")])
def test_contradictory_options_are_reported(run: Run, database: Mongo, options: tuple[str, ...]) -> None:
    result = run("webhooks", "list", *options)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_show_prints_everything_of_one_event(run: Run, store: Store, sandbox: SandboxProcess) -> None:
    paid(sandbox)
    (event_id,) = store("payment_intent.succeeded")
    result = run("webhooks", "show", event_id)
    assert result.exit_code == 0, result.output
    assert "state:              applied" in result.stdout
    assert "delivery_count:     1" in result.stdout
    payload = json.loads(result.stdout[result.stdout.index("{") :])
    assert payload["data"]["object"]["status"] == "succeeded"
    unknown = run("webhooks", "show", "evt_none")
    assert (unknown.exit_code, "There is no event evt_none." in unknown.stderr) == (1, True)


def test_received_events_that_were_not_applied_are_applied(
    run: Run, store: Store, sandbox: SandboxProcess, database: Mongo
) -> None:
    intent_id = paid(sandbox)
    (event_id,) = store("payment_intent.succeeded", apply=False)
    result = run("webhooks", "replay", event_id)
    assert result.exit_code == 0, result.output
    payment = database["payments"].find_one({"payment_intent_id": intent_id})
    assert payment["status"] == "completed"
    assert f"{event_id} payment_intent.succeeded payment {payment['_id']}: changed:" in result.stdout
    assert '    status: null → "completed"' in result.stdout
    assert "1 events replayed: 1 with changes, 0 failed." in result.stdout
    assert database["webhook_events"].find_one({"_id": event_id})["state"] == "applied"

    before = everything(database)
    again = run("webhooks", "replay", event_id)
    assert again.exit_code == 0
    assert "changed nothing." in again.stdout
    assert "1 events replayed: 0 with changes, 0 failed." in again.stdout
    after = everything(database)
    assert len(after.pop("audit_entries")) == len(before.pop("audit_entries")) + 1
    assert after == before


def test_a_dry_run_predicts_the_replay_and_writes_nothing(
    run: Run, store: Store, sandbox: SandboxProcess, database: Mongo
) -> None:
    params = {"amount": 1999, "currency": "usd", **our_metadata("order-1")}
    intent_id = sandbox.stripe("POST", "/v1/payment_intents", params)["id"]
    store("payment_intent.created")
    sandbox.pay(intent_id)
    (event_id,) = store("charge.succeeded", apply=False)
    before = everything(database)
    result = run("webhooks", "replay", event_id, "--dry-run")
    assert result.exit_code == 0, result.output
    assert everything(database) == before
    assert "would change:" in result.stdout
    assert '    status: "pending" → "completed"' in result.stdout
    assert "    amount_captured: 0 → 1999" in result.stdout
    assert "1 events would be replayed: 1 with changes, 0 failed." in result.stdout

    printed = [line for line in result.stdout.splitlines() if line.startswith("    ")]
    real = run("webhooks", "replay", event_id)
    assert [line for line in real.stdout.splitlines() if line.startswith("    ")] == printed
    assert database["payments"].find_one({"payment_intent_id": intent_id})["status"] == "completed"
    assert "would change nothing" in run("webhooks", "replay", event_id, "--dry-run").stdout


def test_a_dry_run_adds_up_and_says_where_stripe_would_be_asked(
    run: Run, store: Store, sandbox: SandboxProcess, database: Mongo
) -> None:
    params = {"amount": 1999, "currency": "usd", **our_metadata("order-1")}
    sandbox.put("clock", {"offset": -300})
    intent_id = sandbox.stripe("POST", "/v1/payment_intents", params)["id"]
    sandbox.put("clock", {"offset": -200})
    sandbox.pay(intent_id)
    sandbox.put("clock", {"offset": -100})
    sandbox.stripe("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": 500})
    foreign = paid(sandbox, ours=False)
    for type_ in (*("payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "charge.refunded"),):
        store(type_, apply=False)
    sandbox.delete("requests")
    before = everything(database)
    result = run("webhooks", "replay", "--state", "received", "--dry-run")
    assert result.exit_code == 0, result.output
    assert everything(database) == before
    assert sandbox.requests() == []
    made = "A payment would be made for this intent, as Stripe has it then."
    assert f"payment_intent.created: would change: {made}" in result.stdout
    assert "would change nothing. The refunds of the intent would be fetched from Stripe as well." in (result.stdout)
    assert "would be ignored. The payment intent was not made by this service." in result.stdout
    assert "depends on Stripe's answer. No payment has this intent" in result.stdout
    statuses = [line.strip() for line in result.stdout.splitlines() if line.startswith("    status:")]
    assert statuses == ['status: null → "pending"', 'status: "pending" → "completed"'], "they add up"
    assert foreign not in result.stdout


def test_failures_are_reported_and_exit_with_1(
    run: Run, store: Store, sandbox: SandboxProcess, database: Mongo
) -> None:
    for number in range(3):
        paid(sandbox, f"order-{number}")
    ids = store("charge.succeeded", apply=False)
    sandbox.fault(effect="503", match={"path": "^/v1/payment_intents/"}, times=2)
    result = run("webhooks", "replay", *ids)
    assert result.exit_code == 1
    assert f"{ids[0]} charge.succeeded: failed. StripeUnavailable" in result.stdout
    assert "3 events replayed: 2 with changes, 1 failed." in result.stdout
    assert [row["_id"] for row in database["webhook_events"].find({"state": "failed"})] == [ids[0]]
    assert run("webhooks", "replay", "--failed").exit_code == 0
    assert database["payments"].count_documents({"status": "completed"}) == 3
    assert "0 events replayed" in run("webhooks", "replay", "--failed").stdout


def test_replays_are_audited_and_the_log_verifies(
    run: Run, store: Store, sandbox: SandboxProcess, database: Mongo
) -> None:
    paid(sandbox)
    (event_id,) = store("payment_intent.succeeded", apply=False)
    run("webhooks", "replay", event_id, "--dry-run")
    assert database["audit_entries"].count_documents({}) == 0
    run("webhooks", "replay", event_id)
    run("webhooks", "replay", "--since", "1h")
    entries = list(database["audit_entries"].find().sort("_id", 1))
    assert {entry["action"] for entry in entries} == {"webhooks.replayed"}
    assert entries[0]["details"] == {"events": [event_id], "count": 1}
    assert set(entries[1]["details"]) == {"since", "count"}
    assert entries[0]["actor"].startswith("command line")
    verified = run("audit", "verify")
    assert verified.exit_code == 0, verified.output


@pytest.mark.parametrize("arguments", [(), ("evt_1", "--failed"), ("--dry-run",), ("--yes",)])
def test_events_to_replay_are_chosen_in_one_way(run: Run, database: Mongo, arguments: tuple[str, ...]) -> None:
    result = run("webhooks", "replay", *arguments)
    assert result.exit_code == 2
    assert "Name events, or choose them" in result.stderr


def test_a_wrong_id_ends_it_before_anything_is_applied(
    run: Run, store: Store, sandbox: SandboxProcess, database: Mongo
) -> None:
    paid(sandbox)
    (event_id,) = store("payment_intent.succeeded", apply=False)
    result = run("webhooks", "replay", event_id, "evt_none")
    assert result.exit_code == 1
    assert "There is no event evt_none." in result.stderr
    assert database["payments"].count_documents({}) == 0


def test_many_events_need_a_confirmation(run: Run, store: Store, sandbox: SandboxProcess, database: Mongo) -> None:
    paid(sandbox)
    (event_id,) = store("payment_intent.succeeded")
    template = database["webhook_events"].find_one({"_id": event_id})
    copies = []
    for number in range(249):
        copy = {**template, "_id": f"evt_copy_{number}", "state": EventState.RECEIVED.value}
        copy["payload"] = {**template["payload"], "id": copy["_id"]}
        copies.append(copy)
    database["webhook_events"].insert_many(copies)
    refused = run("webhooks", "replay", "--since", "1h", stdin="n\n")
    assert refused.exit_code == 1
    assert "Replay 250 events?" in refused.stderr
    assert database["webhook_events"].count_documents({"state": "received"}) == 249
    assert database["audit_entries"].count_documents({}) == 0
    assert run("webhooks", "replay", "--since", "1h", "--dry-run").exit_code == 0
    done = run("webhooks", "replay", "--since", "1h", "--yes")
    assert done.exit_code == 0, done.output
    assert "250 events replayed: 0 with changes, 0 failed." in done.stdout
    assert database["webhook_events"].count_documents({"state": "applied"}) == 250
