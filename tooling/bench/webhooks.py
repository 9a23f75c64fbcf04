"""Webhook throughput of the service compared with the bare handler of two writes, round by round."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from pymongo import MongoClient

from tooling.bench import events, load, stack
from tooling.bench.report import Table
from tooling.mongo.embedded import EmbeddedMongo

IN_FLIGHT = 32
ROUNDS = 5
TARGET = 0.6
COLUMNS = ["", "service req/s", "bare req/s", "ratio", "service p50 ms", "p99 ms", "bare p50 ms", "p99 ms"]


def measure(mongo: EmbeddedMongo, count: int) -> list[Table]:
    """``count`` deliveries a round. Both servers run throughout and take turns, so that noise affects both equally."""
    ours, bare = mongo.uri_for("bench_webhooks"), mongo.uri_for("bench_bare")
    with (
        stack.gunicorn("wsgi:app", stack.environment(ours, "http://127.0.0.1:9")) as service,
        stack.gunicorn("tooling.bench.bare_webhook:app", stack.environment(bare), ready="/") as yardstick,
    ):
        urls = (service + "/api/v1/payments/stripe/webhook", yardstick + "/")
        changes = Table("Webhooks: every delivery changes a payment (two durable writes on both sides)", COLUMNS)
        _rounds(changes, urls, (ours, bare), count, _charge)
        mixed = Table("Webhooks: the three events of a payment in turn (created, charge.succeeded, succeeded)", COLUMNS)
        _rounds(mixed, urls, (ours, bare), count // 3, _story)
        return [changes, mixed]


def _charge(url: str, number: str) -> list[load.Request]:
    return [events.delivery(url, "charge.succeeded", events.charge(number))]


def _story(url: str, number: str) -> list[load.Request]:
    intent = {**events.intent(number, "requires_payment_method"), "payment_intent": f"pi_{number}"}
    paid = {**events.intent(number, "succeeded"), "payment_intent": f"pi_{number}"}
    return [
        events.delivery(url, "payment_intent.created", intent),
        *_charge(url, number),
        events.delivery(url, "payment_intent.succeeded", paid),
    ]


def _rounds(
    table: Table,
    urls: tuple[str, str],
    uris: tuple[str, str],
    count: int,
    story: Callable[[str, str], list[load.Request]],
) -> None:
    service, bare = urls
    ratios = []
    for turn in range(ROUNDS + 1):
        numbers = [f"{table.mark}{turn}n{n}" for n in range(count)]
        _create_payments(*uris, numbers)
        first = load.run(_interleaved(story, service, numbers), in_flight=IN_FLIGHT)
        second = load.run(_interleaved(story, bare, numbers), in_flight=IN_FLIGHT)
        for result in (first, second):
            result.expect(200)
        if turn == 0:
            continue  # warm-up: connections, caches, imports
        ratios.append(first.rate / second.rate)
        table.row(
            f"round {turn}", first.rate, second.rate, ratios[-1],
            first.median, first.percentile(0.99), second.median, second.percentile(0.99),
        )  # fmt: skip
    table.note(f"median ratio {statistics.median(ratios):.2f} (target ≥ {TARGET})")


def _interleaved(story: Callable[[str, str], list[load.Request]], url: str, numbers: list[str]) -> list[load.Request]:
    """The first events of all payments, then the second ones, and so on, as in a busy hour."""
    stories = [story(url, number) for number in numbers]
    return [request for step in zip(*stories, strict=True) for request in step]


def _create_payments(uri: str, bare_uri: str, numbers: list[str]) -> None:
    """Create the payments on both sides, outside the measured time."""
    events.insert_payments(uri, numbers)
    with MongoClient[dict[str, Any]](bare_uri) as client:
        payments = client.get_default_database().payments
        payments.create_index("payment_intent_id", unique=True)
        payments.insert_many([{"payment_intent_id": f"pi_{n}", "status": "pending"} for n in numbers])
