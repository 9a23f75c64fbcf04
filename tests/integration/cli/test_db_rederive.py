"""Payments as the release before stored them: one a line in ``earlier_release.jsonl``, with the story it tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bson import json_util
from flask import Flask
from pymongo.database import Database

from app.domain.payments.states import RefundStatus
from app.models.payments.mapping import payment_of
from tests.integration.cli.conftest import Run
from tests.support.sandbox import SandboxProcess

Mongo = Database[dict[str, Any]]
LINES = Path(__file__).parents[2].joinpath("support", "earlier_release.jsonl").read_text().splitlines()
AWARE = json_util.JSONOptions(tz_aware=True)
STORED = {line["story"]: line["document"] for line in (json_util.loads(text, json_options=AWARE) for text in LINES)}


@pytest.fixture
def earlier(app: Flask, database: Mongo) -> None:
    database["payments"].insert_many(STORED.values())


@pytest.mark.usefixtures("earlier")
def test_payments_of_the_earlier_release_are_brought_up_to_date_once(run: Run, database: Mongo) -> None:
    before = run("audit", "verify")
    assert before.exit_code == 1, "the stories must hold some that are derived differently now"
    first = run("db", "rederive")
    assert first.exit_code == 0, first.output
    assert "payments changed" in first.stdout
    after = run("audit", "verify")
    assert after.exit_code == 0, after.output
    assert run("db", "rederive").stdout.strip() == "All payments are up to date."
    changed = list(database["payments"].find({"history.source": "upgrade"}))
    assert changed
    assert all(document["uncounted"] for document in changed)


@pytest.mark.usefixtures("earlier")
def test_payments_that_are_read_alike_are_left_alone(run: Run, database: Mongo) -> None:
    run("db", "rederive")
    for story in ("paid", "declined", "dispute lost"):
        document = STORED[story]
        assert database["payments"].find_one({"_id": document["_id"]}) == document, story


def test_a_prevented_dispute_of_the_earlier_release_is_no_chargeback(run: Run, earlier: None, database: Mongo) -> None:
    run("db", "rederive")
    document = database["payments"].find_one({"_id": STORED["dispute prevented"]["_id"]})
    assert document is not None
    assert payment_of(document).disputed is False


def test_reconciliation_reads_a_released_hold_of_the_earlier_release(
    run: Run, sandbox: SandboxProcess, database: Mongo
) -> None:
    """The earlier release kept a released part as a refund, and too little to know one from the other."""
    kept = STORED["captured 60 of 100 six days later, rest released"]
    id_ = str(kept["_id"])
    sandbox.post("webhooks/hold")
    hold = {"amount": 10000, "currency": "usd", "capture_method": "manual", "metadata[paydesk_payment_id]": id_}
    hold |= {"metadata[order_id]": kept["order_id"], "metadata[customer_id]": kept["customer_id"]}
    intent = sandbox.stripe("POST", "/v1/payment_intents", hold)["id"]
    charge = sandbox.pay(intent)["latest_charge"]
    sandbox.stripe("POST", f"/v1/payment_intents/{intent}/capture", {"amount_to_capture": 6000})
    (release,) = sandbox.stripe("GET", "/v1/refunds", {"charge": charge})["data"]
    text = json_util.dumps(kept)
    for old, new in (("pi_2", intent), ("ch_1", charge), ("re_1", release["id"])):
        text = text.replace(f'"{old}"', f'"{new}"')
    database["payments"].insert_one(json_util.loads(text, json_options=AWARE))
    run("db", "rederive")
    repaired = run("stripe", "reconcile", "--payment", id_, "--repair")
    assert repaired.exit_code == 0, repaired.output
    document = database["payments"].find_one({"_id": kept["_id"]})
    assert document is not None
    payment = payment_of(document)
    assert (payment.amount_captured, payment.amount_refunded, payment.amount_refundable) == (6000, 0, 6000)
    assert (payment.amount_released, payment.refund_status) == (4000, RefundStatus.NONE)
