from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from pymongo.database import Database

from app.extensions import services
from tests.conftest import WEBHOOK_SECRET
from tests.support.sandbox import SandboxProcess
from tests.support.webhooks import signed

Json = dict[str, Any]
Mongo = Database[Json]
Run = Callable[..., Result]
# What may depend on the channel that a fact came by: everything else of a payment must not.
_OF_THE_ROAD = {"history": 0, "version": 0, "updated_at": 0, "evidence": 0}


@pytest.fixture
def reconcile(app: Flask) -> Run:
    """``reconcile("--repair")``: the result of ``flask stripe reconcile --repair``."""

    def invoke(*arguments: str) -> Result:
        result = app.test_cli_runner().invoke(args=["stripe", "reconcile", *arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def silent(sandbox: SandboxProcess) -> Iterator[SandboxProcess]:
    """The sandbox, whose webhooks nobody takes: each is tried once and given up."""
    before = sandbox.get("webhooks")
    sandbox.put("webhooks", {"max_attempts": 1})
    yield sandbox
    sandbox.put("webhooks", {"max_attempts": before["max_attempts"]})


@pytest.fixture
def deliver(app: Flask) -> Callable[[Json], None]:
    """Take one event as the webhook endpoint does."""

    def take(event: Json) -> None:
        body, headers = signed(event, WEBHOOK_SECRET)
        with app.app_context():
            services.webhooks.deliver(body, headers["Stripe-Signature"])

    return take


def events_of(sandbox: SandboxProcess) -> list[Json]:
    """Every event of the sandbox, oldest first."""
    found: list[Json] = []
    params: Json = {"limit": 100}
    while True:
        page = sandbox.stripe("GET", "/v1/events", params)
        found += page["data"]
        if not page["has_more"]:
            return found[::-1]
        params["starting_after"] = page["data"][-1]["id"]


def payments_of(database: Mongo) -> list[Json]:
    """What is shown of every payment, in one order."""
    return list(database["payments"].find({}, _OF_THE_ROAD).sort("payment_intent_id", 1))


def dump(database: Mongo) -> list[Json]:
    """Every byte of every payment, its version and history included."""
    return list(database["payments"].find().sort("_id", 1))


def report_of(database: Mongo) -> Json:
    """The latest report."""
    return database["reconciliation_reports"].find_one(sort=[("started_at", -1)]) or {}


def assert_equal_to_the_books(database: Mongo, sandbox: SandboxProcess) -> None:
    """Every intent at the sandbox with our key is a payment here, to the last minor unit, and no other is."""
    books = {line["id"]: line for line in sandbox.books() if line["metadata"].get("paydesk_payment_id")}
    rows = {row["payment_intent_id"]: row for row in database["payments"].find()}
    assert rows.keys() == books.keys()
    statuses = {"succeeded": "completed", "canceled": "canceled", "requires_action": "requires_action"}
    for intent_id, line in books.items():
        row = rows[intent_id]
        waiting = "failed" if row["attempts"] and row["attempts"][-1]["status"] == "failed" else "pending"
        ours = {
            "status": row["status"],
            "currency": row["currency"],
            "amount": row["amount"],
            "amount_captured": row["amount_captured"],
            "refunded": row["amount_refunded"],
            "refund_pending": sum(r["amount"] for r in row["refunds"] if r["status"] == "pending"),
            "refunds": len(row["refunds"]),
            "charges": sum(a["charge_id"] is not None for a in row["attempts"]),
            "failed_charges": sum(a["status"] == "failed" for a in row["attempts"] if a["charge_id"] is not None),
            "disputes": len(row["disputes"]),
        }
        theirs = {**{name: line[name] for name in ours}, "status": statuses.get(line["status"], waiting)}
        assert ours == theirs, intent_id
        assert row["order_id"] == line["metadata"]["order_id"]
