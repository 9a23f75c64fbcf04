"""The cost of monitoring: a scrape of /metrics with a short and a long history, and counting in each request."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable
from pathlib import Path

from tooling.bench import events, history, load, stack
from tooling.bench.report import Table
from tooling.mongo.embedded import EmbeddedMongo

SCRAPES = 60
SCRAPE_TARGET_MS = 30
STARTS = 5
ROUNDS = 10
REQUESTS = 100
IN_FLIGHT = 8
REQUEST_TARGET_MS = 0.3
# Pages and endpoints whose counters a scrape contains. Without a token, any answer will do.
_ROUTES = (
    "/ /login /payments /payments/1 /refunds /disputes /webhooks /reconciliation /audit /users /account /nowhere "
    "/healthz /readyz /api/docs /api/openapi.json /api/v1/payments /api/v1/payments/1 /api/v1/payments/metrics "
    "/api/v1/payments/stripe/config"
).split()


def measure(mongo: EmbeddedMongo, count: int) -> list[Table]:
    """Scrapes with a hundredth of ``count`` payments and with all of them; then the cost of each request."""
    scrapes = Table(
        "Monitoring: a scrape of /metrics, two workers, the payments spread over a year",
        ["payments", "p50 ms", "p95 ms", "KB"],
    )
    for payments in (count // 100, count):
        _scrape(scrapes, mongo, payments)
    return [scrapes, _cost(mongo)]


def _scrape(table: Table, mongo: EmbeddedMongo, payments: int) -> None:
    env = stack.environment(history.prepare(mongo, payments), "http://127.0.0.1:9")
    with stack.gunicorn("wsgi:app", env) as base:
        visits = [load.Request("GET", base + path, {}, b"") for path in _ROUTES * 4]
        load.run(visits, in_flight=IN_FLIGHT)
        scrape = load.Request("GET", base + "/metrics", {}, b"")
        load.run([scrape] * 10, in_flight=1)  # warm-up
        result = load.run([scrape] * SCRAPES, in_flight=1, keep_bodies=True)
    page = result.bodies[-1]
    if set(result.statuses) != {200} or b'paydesk_scrape_error{source="figures"} 0.0' not in page:
        raise RuntimeError("The page is incomplete.")
    table.row(f"{payments:,}", result.median, result.percentile(0.95), len(page) / 1024)
    if payments == max(payments, 1_000_000):
        table.note(f"target: at most {SCRAPE_TARGET_MS} ms at 1 million payments")


def _cost(mongo: EmbeddedMongo) -> Table:
    """Processor time of the web workers for each request, with and without counting, in turns."""
    table = Table(
        "Monitoring: processor time of a request, with counting and without, in turns",
        ["", "with ms", "without ms", "difference ms"],
    )
    uri = mongo.uri_for("bench_monitoring")
    env = stack.environment(uri, "http://127.0.0.1:9")
    stack.flask(env, "db", "indexes")
    pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in _REQUESTS}
    for start in range(STARTS):
        _measure_pairs(env, start, pairs)
    for name, rounds in pairs.items():
        difference = statistics.median(with_ - without for with_, without in rounds)
        with_, without = (statistics.median(side) for side in zip(*rounds, strict=True))
        table.row(name, with_, without, f"{difference:.3f}")
    table.note(
        f"median of {STARTS * ROUNDS} rounds of {REQUESTS} requests, the servers started {STARTS} times; "
        f"target: at most {REQUEST_TARGET_MS} ms"
    )
    return table


def _measure_pairs(env: dict[str, str], start: int, pairs: dict[str, list[tuple[float, float]]]) -> None:
    """Add the rounds of two servers. A process may be faster or slower for its whole life by its place in memory."""
    sides = ("wsgi:app", "tooling.bench.unmeasured:app")
    with stack.gunicorn(sides[0], env) as counting, stack.gunicorn(sides[1], env) as unmeasured:
        servers = list(zip(sides, (counting, unmeasured), strict=True))
        for name, requests in _REQUESTS.items():
            for turn in range(ROUNDS + 1):
                # The first round warms up. After it, each side goes first equally often.
                order = servers if turn % 2 else servers[::-1]
                mark = f"{start}t{turn}"
                milliseconds = {
                    side: _processor_ms(side, requests(base, env["MONGODB_URI"], mark + side[0]))
                    for side, base in order
                }
                if turn:
                    pairs[name].append((milliseconds[sides[0]], milliseconds[sides[1]]))


def _health(base: str, _: str, __: str) -> list[load.Request]:
    return [load.Request("GET", base + "/healthz", {}, b"")] * REQUESTS


def _webhooks(base: str, uri: str, mark: str) -> list[load.Request]:
    """The deliveries that pay payments. Each is stored and applied."""
    url = base + "/api/v1/payments/stripe/webhook"
    numbers = [f"m{mark}n{n}" for n in range(REQUESTS)]
    events.insert_payments(uri, numbers)
    return [events.delivery(url, "charge.succeeded", events.charge(number)) for number in numbers]


_REQUESTS: dict[str, Callable[[str, str, str], list[load.Request]]] = {
    "health check": _health,
    "webhook of a payment": _webhooks,
}


def _processor_ms(side: str, requests: list[load.Request]) -> float:
    """Processor time of the workers of ``side`` for one request, which other processes do not affect."""
    before = _worker_seconds(side)
    load.run(requests, in_flight=IN_FLIGHT).expect(200)
    return (_worker_seconds(side) - before) * 1000 / len(requests)


def _worker_seconds(side: str) -> float:
    (master,) = [pid for pid in _children(os.getpid()) if side in _command(pid)]
    return sum(_seconds(pid) for pid in _children(master))


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _command(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def _seconds(pid: int) -> float:
    """Processor time of all threads of a process, finer than the ticks of proc(5)."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9
