"""Stripe or MongoDB away, and back again: clear answers, nothing half done, no restart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mongoengine.connection import get_db

from app.factory import create_app
from app.models.indexes import create_indexes
from tests.integration.api.caller import Caller, new_order, settings_for
from tests.integration.api.stripe_double import Misbehaviour, StripeDouble, stripe_error
from tests.integration.api.test_payments import event_of
from tooling.mongo.embedded import EmbeddedMongo

# What Stripe answers, and what our client gets: HTTP status, word.
STRIPE_ANSWERS: dict[str, tuple[Misbehaviour, int, str]] = {
    "401": (Misbehaviour(401, stripe_error("invalid_request_error")), 502, "stripe_invalid_api_key"),
    "403": (Misbehaviour(403, stripe_error("invalid_request_error")), 502, "stripe_configuration_error"),
    "402": (
        Misbehaviour(402, stripe_error("card_error", code="card_declined", decline_code="insufficient_funds")),
        402,
        "card_declined",
    ),
    "409": (
        Misbehaviour(409, stripe_error("idempotency_error", code="idempotency_key_in_use")),
        503,
        "stripe_unavailable",
    ),
    "lock": (Misbehaviour(429, stripe_error("invalid_request_error", code="lock_timeout")), 503, "stripe_unavailable"),
    "429": (Misbehaviour(429, stripe_error("invalid_request_error", code="rate_limit")), 503, "stripe_unavailable"),
    "500": (Misbehaviour(500, stripe_error("api_error")), 503, "stripe_unavailable"),
    "503": (Misbehaviour(503, b"upstream sk_test_leak"), 503, "stripe_unavailable"),
    "garbage": (Misbehaviour(200, b"<html>sk_test_leak"), 503, "stripe_unavailable"),
    "empty": (Misbehaviour(200, b""), 503, "stripe_unavailable"),
    "no UTF-8": (Misbehaviour(200, b"\xff\xfe{}"), 503, "stripe_unavailable"),
    "an error without UTF-8": (Misbehaviour(502, b"\xff\xfe"), 503, "stripe_unavailable"),
    "nothing": (Misbehaviour(silent=True), 503, "stripe_unavailable"),
}
WRONG_OBJECTS: dict[str, tuple[Misbehaviour, int, str]] = {
    "list": (Misbehaviour(200, b"[]"), 503, "stripe_unavailable"),
    "other object": (Misbehaviour(200, b'{"object": "balance"}'), 503, "stripe_unavailable"),
}


@pytest.fixture
def asked(erp: Caller, stripe: StripeDouble, paid: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """The requests that wait for Stripe, each of them able to succeed."""
    order = new_order()
    intent_id = erp.create(order_id=order).json["payment_intent_id"]
    stripe.pay(intent_id)
    fresh = new_order()
    return {
        "create": lambda: erp.create(order_id=fresh),
        "confirm": lambda: erp.confirm(intent_id, order),
        "refund": lambda: erp.refund(paid["id"], amount=10),
    }


@pytest.mark.parametrize("request_", ["create", "confirm", "refund"])
@pytest.mark.parametrize("case", [*STRIPE_ANSWERS, *WRONG_OBJECTS])
def test_stripe_fails_and_recovers(
    asked: dict[str, Callable[[], Any]], stripe: StripeDouble, request_: str, case: str
) -> None:
    stripe.misbehaviour, status, error = {**STRIPE_ANSWERS, **WRONG_OBJECTS}[case]
    answer = asked[request_]()
    assert (answer.status_code, answer.json["error"]) == (status, error), answer.text
    assert "leak" not in answer.text
    if error == "stripe_unavailable":
        assert int(answer.headers["Retry-After"]) > 0
    stripe.misbehaviour = None
    again = asked[request_]()
    assert again.status_code in (200, 201), again.text


@pytest.mark.parametrize("request_", ["create", "refund"])
def test_an_answer_that_is_lost_after_the_work_is_completed_by_a_retry(
    asked: dict[str, Callable[[], Any]], stripe: StripeDouble, request_: str
) -> None:
    before = len(stripe.intents), len(stripe.refunds)
    stripe.misbehaviour = Misbehaviour(silent=True, after_work=True)
    assert asked[request_]().status_code == 503
    stripe.misbehaviour = None
    assert asked[request_]().status_code == 201
    made = len(stripe.intents) - before[0], len(stripe.refunds) - before[1]
    assert made == ((1, 0) if request_ == "create" else (0, 1))


@pytest.mark.parametrize("body", [b'{"id": "pi_\xff\xfe"}', b"[" * 100_000], ids=["no UTF-8", "endless depth"])
def test_an_answer_that_cannot_be_decoded_is_none(erp: Caller, stripe: StripeDouble, body: bytes) -> None:
    stripe.misbehaviour = Misbehaviour(200, body)
    answer = erp.create()
    assert (answer.status_code, answer.json["error"]) == (503, "stripe_unavailable")


def test_a_webhook_that_cannot_be_applied_is_requested_again(erp: Caller, stripe: StripeDouble) -> None:
    event = event_of("charge.succeeded", {"id": "ch_1", "object": "charge", "payment_intent": "pi_unknown"})
    event["data"]["object"] |= {"status": "succeeded", "created": 1, "amount": 100, "currency": "usd"}
    stripe.misbehaviour = Misbehaviour(500, stripe_error("api_error"))
    answer = erp.deliver(event)
    assert (answer.status_code, answer.json["error"]) == (503, "stripe_unavailable")
    assert erp.stored()["webhook_events"] == 1, "received is kept, although it is not applied"


def test_without_keys_payments_are_not_initialized(mongo_uri: str) -> None:
    unconfigured = Caller(create_app(settings_for(mongo_uri, "", stripe_secret_key="", stripe_publishable_key="")))
    for answer in (
        unconfigured.client.get("/api/v1/payments/stripe/config"),
        unconfigured.create(),
        unconfigured.confirm("pi_1", "order-1"),
        unconfigured.refund("65f0c0ffee65f0c0ffee65f0", amount=1),
    ):
        assert (answer.status_code, answer.json["error"]) in {(503, "stripe_not_initialized"), (404, "not_found")}
    silent = Caller(create_app(settings_for(mongo_uri, "", stripe_webhook_secret=())))
    assert silent.deliver(b"{}").json["error"] == "stripe_not_initialized"
    create_indexes()
    ready = unconfigured.client.get("/readyz")
    assert (ready.status_code, ready.json["checks"]["stripe_key"]["state"]) == (200, "warning")


@pytest.fixture(scope="module")
def own_mongo() -> Iterator[EmbeddedMongo]:
    """A MongoDB that the test may stop."""
    with EmbeddedMongo() as mongo:
        yield mongo


def until_ready(erp: Caller, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while erp.client.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline, erp.client.get("/readyz").json


def stop(mongo: EmbeddedMongo) -> None:
    for node in mongo.nodes:
        node.stop()


def test_mongodb_away_at_start_in_between_and_back(own_mongo: EmbeddedMongo, stripe: StripeDouble) -> None:
    stop(own_mongo)
    erp = Caller(create_app(settings_for(own_mongo.uri, stripe.url)))
    order = new_order()
    requests: list[Callable[[], Any]] = [
        lambda: erp.create(order_id=order),
        lambda: erp.create(order_id=order, key="a key"),
        lambda: erp.ask("GET", ""),
        lambda: erp.ask("GET", "/65f0c0ffee65f0c0ffee65f0"),
        lambda: erp.refund("65f0c0ffee65f0c0ffee65f0", amount=1),
        lambda: erp.confirm("pi_1", order),
        lambda: erp.deliver(event_of("payment_intent.created", {"id": "pi_1", "object": "payment_intent"})),
    ]
    # Together, because each waits three seconds for a primary.
    with ThreadPoolExecutor(len(requests)) as together:
        for answer in together.map(lambda request_: request_(), requests):
            assert_away(answer)
    assert erp.client.get("/healthz").status_code == 200
    ready = erp.client.get("/readyz")
    assert (ready.status_code, ready.json["checks"]["mongodb"]["state"]) == (503, "failed")
    assert stripe.calls == [], "Stripe is not asked for what could not be recorded"

    own_mongo.start()
    assert erp.client.get("/readyz").json["checks"]["indexes"]["state"] == "failed"
    create_indexes()
    until_ready(erp)
    intent_id = erp.create(order_id=order).json["payment_intent_id"]
    stripe.pay(intent_id)

    stop(own_mongo)
    assert_away(erp.confirm(intent_id, order))
    own_mongo.start()
    until_ready(erp)
    paid = erp.confirm(intent_id, order)
    assert (paid.status_code, paid.json["status"]) == (200, "completed")


def test_mongodb_lost_while_stripe_works_loses_nothing(own_mongo: EmbeddedMongo, stripe: StripeDouble) -> None:
    """The intent is made at Stripe, its id cannot be kept; a retry finds it."""
    erp = Caller(create_app(settings_for(own_mongo.uri, stripe.url)))
    create_indexes()
    until_ready(erp)
    order = new_order()
    answer = stripe.answer

    def lose_the_database(*call: Any) -> Any:
        found = answer(*call)
        stop(own_mongo)
        return found

    stripe.answer = lose_the_database  # type: ignore[assignment,method-assign]
    assert_away(erp.create(order_id=order, key="the key"))
    stripe.answer = answer  # type: ignore[method-assign]
    own_mongo.start()
    until_ready(erp)
    expire_leases()
    again = erp.create(order_id=order, key="the key")
    assert again.status_code == 201, again.text
    assert list(stripe.intents) == [again.json["payment_intent_id"]]


def expire_leases() -> None:
    """As if the time had passed after which a request counts as crashed."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    get_db().payments.update_many({"creating_until": {"$exists": True}}, {"$set": {"creating_until": past}})
    get_db().idempotency_records.update_many({"leased_until": {"$exists": True}}, {"$set": {"leased_until": past}})


def assert_away(answer: Any) -> None:
    assert (answer.status_code, answer.json["error"]) == (503, "database_unavailable"), answer.text
