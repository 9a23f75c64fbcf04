from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask
from pymongo.database import Database

from app.domain.money import Money
from app.extensions import services
from app.services import audit
from app.services.audit import Action
from app.services.payments.opening import NewPayment
from tests.integration.cli.conftest import Run
from tests.support.sandbox import SandboxProcess

Mongo = Database[dict[str, Any]]


@pytest.fixture
def payment(app: Flask, sandbox: SandboxProcess) -> str:
    """A completed payment, with more than one entry in its history."""
    with app.app_context():
        request = NewPayment(order_id="order-1", customer_id="customer-1", money=Money(1999, "usd"))
        opened = services.payments.open(request, caller="test", key=None)
        sandbox.pay(opened.payment_intent_id)
        services.payments.confirm(opened.payment_intent_id, "order-1", customer=None, caller="test", key=None)
    return opened.payment_id


def test_what_the_service_wrote_verifies(run: Run, payment: str) -> None:
    result = run("audit", "verify")
    assert result.exit_code == 0, result.output
    assert "1 payments verified." in result.stdout
    assert "No problems." in result.stdout


def test_an_empty_database_verifies(run: Run) -> None:
    result = run("audit", "verify")
    assert (result.exit_code, "0 payments verified." in result.stdout) == (0, True)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"$set": {"amount": 1}}, "amount is 1, but the evidence says 1999"),
        ({"$set": {"status": "canceled"}}, "status is 'canceled', but the evidence says 'completed'"),
        ({"$set": {"evidence.charges": {}}}, "not those that the last entry led to"),
        ({"$set": {"evidence.asked_amount": 1}}, "not those that the last entry led to"),
        ({"$set": {"customer_id": "customer-2"}}, "not those that the last entry led to"),
        ({"$unset": {"customer_id": ""}}, "not those that the last entry led to"),
        ({"$pop": {"history": -1}}, "an entry is missing or was moved"),
        ({"$pop": {"history": 1}}, "not those that the last entry led to"),
        ({"$set": {"history": []}}, "there is no history"),
        ([{"$set": {"history": {"$reverseArray": "$history"}}}], "an entry is missing or was moved"),
        (
            [{"$set": {"history": {"$concatArrays": [{"$slice": ["$history", 1]}, "$history"]}}}],
            "does not follow the one before it",
        ),
        ({"$set": {"history.0.actor": "somebody else"}}, "entry 1 was changed after it was written"),
        ({"$set": {"history.1.changes.status": ["pending", "failed"]}}, "entry 2 was changed"),
        ({"$unset": {"evidence.amount": ""}}, "its evidence cannot be read"),
    ],
)
def test_every_tampering_is_found(run: Run, payment: str, database: Mongo, change: Any, finding: str) -> None:
    assert database["payments"].update_one({}, change).modified_count == 1
    for arguments in ((), ("--payment", payment)):
        result = run("audit", "verify", *arguments)
        assert result.exit_code == 1, result.output
        assert f"payment {payment}: " in result.stdout
        assert finding in result.stdout
        assert "problems." in result.stderr


def test_a_payment_that_does_not_exist_is_reported(run: Run) -> None:
    for payment_id in ("nonsense", "0" * 24):
        result = run("audit", "verify", "--payment", payment_id)
        assert result.exit_code == 1
        assert f"There is no payment {payment_id}." in result.stderr


def test_tampering_with_the_audit_log_is_found(app: Flask, run: Run, database: Mongo) -> None:
    with app.app_context():
        for number in range(3):
            audit.append(Action.USER_CREATED, actor="test", target=f"user-{number}")
    database["audit_entries"].update_one({"_id": 2}, {"$set": {"actor": "somebody else"}})
    result = run("audit", "verify")
    assert result.exit_code == 1
    assert "audit log: entry 2 was changed after it was written" in result.stdout


def test_a_kept_head_reveals_an_end_that_was_cut_off_or_rewritten(app: Flask, run: Run, database: Mongo) -> None:
    def write(actor: str) -> None:
        with app.app_context():
            audit.append(Action.USER_CREATED, actor=actor)

    write("first")
    write("second")
    kept = run("audit", "verify").stdout.partition("--head ")[2].split()[0]
    assert kept.startswith("2:")
    assert run("audit", "verify", "--head", kept).exit_code == 0
    database["audit_entries"].delete_one({"_id": 2})
    assert run("audit", "verify").exit_code == 0, "the chain alone cannot show it"
    cut = run("audit", "verify", "--head", kept)
    assert (cut.exit_code, "entry 2, which was noted elsewhere, is missing" in cut.stdout) == (1, True)
    write("somebody else")
    rewritten = run("audit", "verify", "--head", kept)
    assert (rewritten.exit_code, "entry 2 is not the one that was noted" in rewritten.stdout) == (1, True)


@pytest.mark.parametrize("head", ["2", "2:abc", "0:" + "a" * 64, "x:" + "a" * 64])
def test_an_invalid_head_is_reported(run: Run, head: str) -> None:
    result = run("audit", "verify", "--head", head)
    assert (result.exit_code, "does not look like" in result.stderr) == (2, True)


def test_concurrent_writers_make_one_chain(app: Flask, run: Run) -> None:
    def write(writer: int) -> None:
        with app.app_context():
            for number in range(25):
                audit.append(Action.SIGNED_IN, actor=f"writer-{writer}", details={"number": number})

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result = run("audit", "verify")
    assert result.exit_code == 0, result.output
    assert "200 audit entries verified" in result.stdout
