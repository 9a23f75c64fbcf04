"""The calls of the ERP: create-intent, confirm and refund, and the time that our code adds to a call to Stripe."""

from __future__ import annotations

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import requests
import stripe

from tooling.bench import events, load, stack
from tooling.bench.report import Table
from tooling.mongo.embedded import EmbeddedMongo

IN_FLIGHT = 16
OVERHEAD_TARGET_MS = 5.0
SLOW_STRIPE_MS = 400
IN_FLIGHT_TARGET = 100
_MIXED = [f"mixed{n}" for n in range(400)]


class Service:
    """The measured service, and the requests to it."""

    def __init__(self, base: str, sandbox: str) -> None:
        self.base = base + "/api/v1/payments/stripe"
        self.sandbox = sandbox
        token = stack.token("payments:write payments:refund payments:read")
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def request(self, path: str, body: dict[str, Any]) -> load.Request:
        return load.Request("POST", f"{self.base}/{path}", self.headers, json.dumps(body).encode())

    def create(self, order: str) -> load.Request:
        return self.request("create-intent", {"order_id": order, "customer_id": "customer-1", "amount": 100})

    def pay(self, intents: list[str]) -> None:
        """Pay as browsers would, outside the measured time."""
        body = json.dumps({"card": "4242424242424242"}).encode()
        headers = {"Content-Type": "application/json"}
        payments = [
            load.Request("POST", f"{self.sandbox}/_sandbox/payment_intents/{intent}/pay", headers, body)
            for intent in intents
        ]
        load.run(payments, in_flight=IN_FLIGHT)


def measure(mongo: EmbeddedMongo, count: int) -> list[Table]:
    """``count`` requests of each kind."""
    with stack.sandbox() as sandbox:
        uri = mongo.uri_for("bench_payments")
        env = stack.environment(uri, sandbox)
        with stack.gunicorn("wsgi:app", env) as base:
            service = Service(base, sandbox)
            load.run([service.create(f"warm-{n}") for n in range(100)], in_flight=IN_FLIGHT)
            return [_calls(service, count), _overhead(service, count // 2), _slow_stripe(service, uri)]


def _calls(service: Service, count: int) -> Table:
    table = Table(
        f"Calls of the ERP, {IN_FLIGHT} in flight, {stack.WORKERS} workers", ["", "req/s", "p50 ms", "p99 ms"]
    )
    orders = [f"order-{n}" for n in range(count)]
    created = load.run([service.create(order) for order in orders], in_flight=IN_FLIGHT, keep_bodies=True)
    _add_row(table, "create-intent", created, 201)
    intents = [json.loads(body)["payment_intent_id"] for body in created.bodies]
    order_of = _orders_of(service, intents)
    service.pay(intents)
    confirmations = [
        service.request("confirm", {"payment_intent_id": intent, "order_id": order_of[intent]}) for intent in intents
    ]
    confirmed = load.run(confirmations, in_flight=IN_FLIGHT, keep_bodies=True)
    _add_row(table, "confirm", confirmed, 200)
    payments = [json.loads(body)["id"] for body in confirmed.bodies]
    refunds = [service.request(f"refund/{payment}", {"amount": 10}) for payment in payments]
    _add_row(table, "refund", load.run(refunds, in_flight=IN_FLIGHT), 201)
    return table


def _overhead(service: Service, count: int) -> Table:
    """One request at a time, in turn with the same call by the SDK alone, so that noise affects both equally."""
    client = stripe.StripeClient("sk_test_bench", base_addresses={"api": service.sandbox})
    connection = http.client.HTTPConnection(urlsplit(service.base).netloc)
    ours, alone = load.Result(0.0), load.Result(0.0)
    for n in range(count):
        request = service.create(f"overhead-{n}")
        started = time.perf_counter()
        connection.request("POST", urlsplit(request.url).path, request.body, request.headers)
        response = connection.getresponse()
        response.read()
        if response.status != 201:
            raise RuntimeError(f"create-intent was answered {response.status}.")
        between = time.perf_counter()
        params = {"amount": 10_000, "currency": "usd", "metadata": {"order_id": f"alone-{n}"}}
        client.v1.payment_intents.create(params)  # type: ignore[arg-type]
        ours.latencies.append(between - started)
        alone.latencies.append(time.perf_counter() - between)
    table = Table("What our code adds to a call to Stripe, one at a time", ["", "p50 ms", "p99 ms"])
    table.row("create-intent through the service", ours.median, ours.percentile(0.99))
    table.row("the SDK's call alone", alone.median, alone.percentile(0.99))
    table.note(f"added at p50: {ours.median - alone.median:.2f} ms (target ≤ {OVERHEAD_TARGET_MS:.0f} ms)")
    return table


def _slow_stripe(service: Service, uri: str) -> Table:
    """120 create-intents at once while every call to Stripe takes 400 ms, without and with webhooks."""
    table = Table(f"Stripe takes {SLOW_STRIPE_MS} ms a call", ["", "answered", "seconds", "req/s", "p50 ms", "p99 ms"])
    latency = f"{service.sandbox}/_sandbox/latency"
    requests.put(latency, json={"ms": SLOW_STRIPE_MS}, timeout=10).raise_for_status()
    events.insert_payments(uri, _MIXED)
    try:
        creations = [service.create(f"slow-{n}") for n in range(1200)]
        alone = load.run(creations[:600], in_flight=120)
        mixed, webhooks = _with_webhooks(service, creations[600:])
    finally:
        requests.put(latency, json={"ms": 0}, timeout=10).raise_for_status()
    in_flight = alone.rate * alone.median / 1000
    for name, result in (
        ("create-intent", alone),
        ("… with webhooks at the same time", mixed),
        ("these webhooks", webhooks),
    ):
        answered = " ".join(f"{status}×{times}" for status, times in sorted(result.statuses.items()))
        table.row(name, answered, result.seconds, result.rate, result.median, result.percentile(0.99))
    table.note(f"in flight: {in_flight:.0f} (target ≥ {IN_FLIGHT_TARGET})")
    return table


def _with_webhooks(service: Service, creations: list[load.Request]) -> tuple[load.Result, load.Result]:
    url = f"{service.base}/webhook"
    deliveries = [events.first_delivery(url, number) for number in _MIXED]
    with ThreadPoolExecutor(2) as pool:
        create = pool.submit(load.run, creations, in_flight=120)
        deliver = pool.submit(load.run, deliveries, in_flight=4)
        return create.result(), deliver.result()


def _orders_of(service: Service, intents: list[str]) -> dict[str, str]:
    orders = {}
    for intent in intents:
        body = requests.get(
            f"{service.sandbox}/v1/payment_intents/{intent}", auth=("sk_test_bench", ""), timeout=30
        ).json()
        orders[intent] = body["metadata"]["order_id"]
    return orders


def _add_row(table: Table, name: str, result: load.Result, expected: int) -> None:
    result.expect(expected)
    table.row(name, result.rate, result.median, result.percentile(0.99))
