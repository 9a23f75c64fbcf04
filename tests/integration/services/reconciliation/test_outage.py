"""Three days in which nothing reached us, and what one command makes of them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask import Flask

from tests.integration.services.reconciliation.conftest import Mongo, Run, assert_equal_to_the_books, dump, report_of
from tests.support.ownership import OURS, our_metadata
from tests.support.sandbox import SandboxProcess

PAYMENTS = 2_000
BY_HAND = 30


def live_through_an_outage(sandbox: SandboxProcess) -> None:
    """2,000 payments in three days: most in bulk, and the rarer stories one by one."""
    bulk = {
        "payments": PAYMENTS - BY_HAND,
        "days": 3,
        "seed": 7,
        "events": True,
        "order_prefix": "outage",
        "metadata": OURS,
    }
    sandbox.post("bulk", bulk)
    for number in range(BY_HAND):
        _story(sandbox, number)


def _story(sandbox: SandboxProcess, number: int) -> None:
    metadata = our_metadata(f"hand-{number}")
    created = {"amount": 1000 + number, "currency": "eur", "automatic_payment_methods[enabled]": "true"}
    intent = sandbox.stripe("POST", "/v1/payment_intents", {**created, **metadata})["id"]
    kind = number % 6
    if kind == 0:
        sandbox.stripe("POST", f"/v1/payment_intents/{intent}/cancel", {"cancellation_reason": "abandoned"})
    elif kind == 1:
        sandbox.pay(intent, "4000002760003184", three_d_secure="abandon")
    elif kind == 2:
        sandbox.pay(intent, "4000002760003184", three_d_secure="fail")
        sandbox.pay(intent, "4000000000009995")
        sandbox.pay(intent)
    elif kind == 3:
        sandbox.pay(intent)
        dispute = sandbox.post("disputes", {"payment_intent": intent})
        sandbox.post(f"disputes/{dispute['id']}/close", {"outcome": "lost" if number % 4 else "won"})
    elif kind == 4:
        sandbox.pay(intent)
        for amount in (100, 200):
            refund = sandbox.stripe("POST", "/v1/refunds", {"payment_intent": intent, "amount": amount})
        sandbox.post(f"refunds/{refund['id']}/settle", {"status": "failed"})
    else:
        sandbox.pay(intent, "4000002760003184", three_d_secure="fail")


# Half a minute of work when nothing else runs.
@pytest.mark.timeout(300)
def test_three_days_are_caught_up_with(app: Flask, reconcile: Run, silent: SandboxProcess, database: Mongo) -> None:
    live_through_an_outage(silent)
    silent.drain()

    told = reconcile("--since", "4d")
    assert told.exit_code == 1, told.output
    assert f"missing here: {PAYMENTS}" in told.output
    assert database["payments"].count_documents({}) == 0
    report = report_of(database)
    assert (report["state"], report["drift_total"], len(report["drift"])) == ("finished", PAYMENTS, 1_000)
    captured: dict[str, int] = {}
    for line in silent.books():
        captured[line["currency"]] = captured.get(line["currency"], 0) + line["amount_captured"]
    assert {currency: sums["captured"] for currency, sums in report["amounts"].items()} == captured

    begun = time.perf_counter()
    repaired = reconcile("--since", "4d", "--repair")
    print(f"repaired in {time.perf_counter() - begun:.1f} s")
    assert repaired.exit_code == 0, repaired.output
    assert f"{PAYMENTS} differences, {PAYMENTS} repaired." in repaired.output
    assert_equal_to_the_books(database, silent)
    entry = database["payments"].find_one()["history"][-1]
    assert (entry["source"], entry["reference"]) == ("reconcile", report_of(database)["_id"])

    before = dump(database)
    for arguments in (("--repair",), ()):
        again = reconcile("--since", "4d", *arguments)
        assert again.exit_code == 0, again.output
        assert "No drift." in again.output
        assert dump(database) == before
    verified = app.test_cli_runner().invoke(args=["audit", "verify"])
    assert verified.exit_code == 0, verified.output
    assert f"{PAYMENTS} payments verified." in verified.output


def test_few_calls_are_made(reconcile: Run, silent: SandboxProcess) -> None:
    """Lists of a hundred, never one call for each payment."""
    silent.post("bulk", {"payments": 500, "days": 3, "events": True, "metadata": OURS})
    silent.delete("requests")
    assert reconcile("--since", "4d", "--repair").exit_code == 0
    calls: list[dict[str, Any]] = silent.requests()
    assert len(calls) <= 25, [call["path"] for call in calls]
