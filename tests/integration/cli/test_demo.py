from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from pymongo.database import Database

from app.extensions import services
from app.factory import create_app
from app.models.payments.mapping import payment_of
from app.models.webhooks.events import EventState
from app.services.demo.sandbox_client import DemoSandbox
from app.services.demo.seed import Demo, unlike
from config import Settings
from tests.integration.cli.conftest import Run
from tests.support.sandbox import SandboxProcess
from tests.support.server import LiveServer

Mongo = Database[dict[str, Any]]
Seed = Callable[..., Demo]


@pytest.fixture
def quiet(sandbox: SandboxProcess) -> None:
    """No deliveries: there is no server here, and the seed reads the events itself."""
    sandbox.post("webhooks/hold")


@pytest.fixture
def seed(app: Flask, settings: Settings, quiet: None) -> Seed:
    """Make so many payments until a moment, and return what made them."""

    def made(count: int, until: int, number: int = 1) -> Demo:
        with app.app_context():
            stripe = DemoSandbox(settings.stripe_api_base, settings.stripe_secret_key)
            maker = Demo(services, stripe, settings.stripe_webhook_secret)
            for _ in maker.run(maker.plan(count, seed=number, until=until)):
                pass
        return maker

    return made


def shown(database: Mongo) -> list[tuple[Any, ...]]:
    """What must be the same in every run: all but ids and the second in which the sandbox's clock stood."""
    return [
        (
            payment["order_id"],
            payment["customer_id"],
            payment["amount"],
            payment["currency"],
            payment["status"],
            payment["refund_status"],
            payment["amount_refunded"],
            [(a["status"], a["failure"], a["card"], a["three_d_secure"]) for a in payment["attempts"]],
            [(refund["amount"], refund["status"], refund["reason"]) for refund in payment["refunds"]],
            [(dispute["status"], dispute["reason"]) for dispute in payment["disputes"]],
        )
        for payment in database["payments"].find().sort("order_id", 1)
    ]


def test_forty_payments_equal_the_sandbox_s_books(
    run: Run, database: Mongo, sandbox: SandboxProcess, quiet: None
) -> None:
    result = run("demo", "seed", "--payments", "40")
    assert result.exit_code == 0, result.output
    assert "40 payments made, 0 existed already." in result.stdout
    payments = {payment["payment_intent_id"]: payment for payment in database["payments"].find()}
    lines = {line["id"]: line for line in sandbox.get("books", limit=100)["data"]}
    assert len(payments) == 40
    assert payments.keys() == lines.keys()
    for intent_id, payment in payments.items():
        assert unlike(lines[intent_id], payment_of(payment)) == []
        age = time.time() - payment["created_at"].timestamp()
        assert 0 < age < 92 * 86400
    assert run("audit", "verify").exit_code == 0
    assert database["webhook_events"].count_documents({"state": {"$ne": EventState.APPLIED.value}}) == 0
    assert abs(sandbox.stripe("POST", "/v1/customers")["created"] - time.time()) < 5

    again = run("demo", "seed", "--payments", "40")
    assert "0 payments made, 40 existed already." in again.stdout
    assert database["payments"].count_documents({}) == 40


def test_the_sandbox_may_deliver_the_same_events_meanwhile(
    live_server: LiveServer, run: Run, database: Mongo, sandbox: SandboxProcess
) -> None:
    result = run("demo", "seed", "--payments", "20")
    assert result.exit_code == 0, result.output
    sandbox.drain()
    for line in sandbox.books():
        payment = database["payments"].find_one({"payment_intent_id": line["id"]})
        assert payment is not None
        assert unlike(line, payment_of(payment)) == []
    assert run("audit", "verify").exit_code == 0


def test_a_small_set_shows_every_state(seed: Seed, database: Mongo) -> None:
    seed(48, int(time.time()))
    payments = list(database["payments"].find())

    def all_of(*path: str) -> set[str]:
        return {row[path[1]] for payment in payments for row in payment[path[0]]}

    assert {payment["status"] for payment in payments} == {
        "completed",
        "failed",
        "canceled",
        "pending",
        "requires_action",
    }
    assert {payment["refund_status"] for payment in payments} == {"none", "pending", "partial", "full"}
    assert all_of("refunds", "status") == {"succeeded", "pending", "failed"}
    assert all_of("disputes", "status") == {"needs_response", "won", "lost", "warning_needs_response"}
    outcomes = {a["three_d_secure"]["outcome"] for payment in payments for a in payment["attempts"]}
    assert outcomes >= {"authenticated", "failed", "abandoned", "open"}


def test_the_same_seed_makes_the_same_payments(seed: Seed, database: Mongo, sandbox: SandboxProcess) -> None:
    until = int(time.time()) - 3600
    made = []
    for number in (7, 7, 8):
        seed(12, until, number)
        made.append((shown(database), times(database)))
        sandbox.reset()
        sandbox.post("webhooks/hold")
        database["payments"].delete_many({})
        database["webhook_events"].delete_many({})
    (first, first_times), (second, second_times), (other, _) = made
    assert first == second
    assert all(abs(a - b) <= 1 for a, b in zip(first_times, second_times, strict=True))
    assert first != other


def times(database: Mongo) -> list[float]:
    found = database["payments"].find().sort("order_id", 1)
    return [payment["created_at"].timestamp() for payment in found]


def test_a_difference_from_the_books_is_reported(seed: Seed, app: Flask, database: Mongo) -> None:
    maker = seed(3, int(time.time()))
    with app.app_context():
        assert list(maker.differences()) == []
        database["payments"].update_one({}, {"$inc": {"amount_refunded": 1}})
        assert [difference.split(": ")[1] for difference in maker.differences()] == [
            "refunded is 1 here and 0 at Stripe"
        ]


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"stripe_api_base": ""}, "STRIPE_API_BASE is not set"),
        ({"stripe_api_base": "http://127.0.0.1:1"}, "nothing answers"),
        ({"stripe_webhook_secret": ()}, "STRIPE_WEBHOOK_SECRET is not set"),
        ({"stripe_secret_key": ""}, "STRIPE_SECRET_KEY"),
        ({"stripe_secret_key": "sk_live_x"}, "live"),
    ],
)
def test_without_a_sandbox_nothing_is_made(
    settings: Settings, database: Mongo, change: dict[str, Any], difference: str
) -> None:
    app = create_app(replace(settings, **change))
    result = app.test_cli_runner().invoke(args=["demo", "seed", "--payments", "3"])
    assert result.exit_code == 1
    assert difference in result.stderr
    assert "Traceback" not in result.output
    assert database["payments"].count_documents({}) == 0


def test_another_server_is_not_taken_for_the_sandbox(settings: Settings, refusing_server: str) -> None:
    app = create_app(replace(settings, stripe_api_base=refusing_server))
    result = app.test_cli_runner().invoke(args=["demo", "seed", "--payments", "3"])
    assert result.exit_code == 1
    assert f"{refusing_server} is not one." in result.stderr


@pytest.mark.parametrize("count", ["0", "-1", "many"])
def test_a_number_of_payments_is_a_positive_number(run: Run, count: str) -> None:
    assert run("demo", "seed", "--payments", count).exit_code == 2
