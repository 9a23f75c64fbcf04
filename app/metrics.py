"""Every Prometheus metric, and the only way to count: a function for each thing that happens.

Counters and histograms live in this process or, under gunicorn, in files that its workers share, so that any worker
answers for all of them. prometheus_client decides which when it is first imported: ``gunicorn.conf.py`` sets
PROMETHEUS_MULTIPROC_DIR before that. What MongoDB knows is read at each scrape instead (``services.monitoring``)
and therefore is the same in every worker and on every node.

The values of every label come from a closed set, which the metric's definition names; a test holds ``docs/metrics.md``
to the definitions. Exemplars are left out: prometheus_client takes none from several processes.
"""

from __future__ import annotations

import platform
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.values import ValueClass

# A metric with the samples of one reading, as Prometheus knows it.
Family = Metric

PREFIX = "paydesk_"
OTHER = "other"
UNMATCHED = "unmatched"
# The time of a counter's creation would double the size of a page, and several processes have none in common.
disable_created_metrics()  # type: ignore[no-untyped-call]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_COMMANDS = frozenset(
    "find insert update delete aggregate findAndModify getMore distinct count commitTransaction".split()
)
# A fast read, a write to the journal, a call of Stripe, a timeout. Every bucket is a line for each route on the page.
SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
MONGODB_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5)

_registry = CollectorRegistry()


@dataclass(frozen=True, slots=True)
class Definition:
    """A metric for people: its whole name, type, meaning, and for each label what its values are."""

    name: str
    type: str
    meaning: str
    labels: Mapping[str, str]


DEFINITIONS: dict[str, Definition] = {}


@dataclass(frozen=True, slots=True)
class AtScrape:
    """A gauge whose value is read when Prometheus asks; ``family`` puts the values of one reading into it."""

    definition: Definition

    def family(self, *samples: tuple[Sequence[str], float]) -> Family:
        """Of (label values, value); without any, the metric is there and says nothing."""
        defined = self.definition
        found = Family(defined.name, defined.meaning, defined.type)
        for values, value in samples:
            found.add_sample(defined.name, dict(zip(defined.labels, values, strict=True)), value)
        return found


def _define(name: str, kind: str, meaning: str, labels: Mapping[str, str]) -> tuple[str, str, list[str]]:
    whole = PREFIX + name
    DEFINITIONS[whole] = Definition(whole, kind, meaning, labels)
    return whole, meaning, list(labels)


def _counter(name: str, meaning: str, /, **labels: str) -> Counter:
    return Counter(*_define(name, "counter", meaning, labels), registry=_registry)


def _histogram(name: str, meaning: str, buckets: Sequence[float] = SECONDS, **labels: str) -> Histogram:
    return Histogram(*_define(name, "histogram", meaning, labels), buckets=buckets, registry=_registry)


def _at_scrape(name: str, meaning: str, kind: str = "gauge", /, **labels: str) -> AtScrape:
    whole, _, _ = _define(name, kind, meaning, labels)
    return AtScrape(DEFINITIONS[whole])


_ROUTE = "a URL rule, or unmatched"
_METHOD = "an HTTP method, or other"
_COMMAND = f"{', '.join(sorted(_COMMANDS))}, or other"
_OPERATION = "a call of app/gateway, such as create_intent"
_WINDOW = "1h or 24h, ending now"

_http_requests = _counter(
    "http_requests_total", "Requests answered.", method=_METHOD, route=_ROUTE, status="the HTTP status"
)
_http_seconds = _histogram(
    "http_request_duration_seconds",
    "Time from a request's arrival in the application to its answer.",
    method=_METHOD,
    route=_ROUTE,
)
_stripe_requests = _counter(
    "stripe_requests_total",
    "Calls to Stripe.",
    operation=_OPERATION,
    outcome="ok, card_declined, invalid_request, authentication, rate_limited, conflict, unavailable or other",
)
_stripe_seconds = _histogram(
    "stripe_request_duration_seconds", "Time of a call to Stripe, its retry included.", operation=_OPERATION
)
_webhook_deliveries = _counter(
    "webhook_deliveries_total",
    "Deliveries by Stripe.",
    type="a type of event that is applied, or other",
    outcome="applied, duplicate, ignored, failed or bad_signature",
)
_webhook_seconds = _histogram("webhook_apply_duration_seconds", "Time to apply one event, by whichever road.")
_refunds = _counter(
    "refunds_total",
    "Refunds that came to an outcome, whichever road told it; one that succeeds and fails later counts in both.",
    outcome="succeeded, pending, failed, refused (Stripe took none) or unknown (its answer was lost)",
)
_transitions = _counter(
    "payment_transitions_total",
    "Payments that went from one status to another.",
    from_status="a status of a payment, or none for a new one",
    to_status="a status of a payment",
)
_rejected = _counter(
    "rejected_requests_total",
    "Requests answered with an error.",
    error="a word of the API's errors, such as rate_limited",
)
_logins = _counter(
    "logins_total",
    "Attempts to sign in to the dashboard.",
    outcome="succeeded, failed, locked (or switched off) or limited (too many from one address)",
)
_mongodb_seconds = _histogram(
    "mongodb_operation_duration_seconds",
    "Time of a command to MongoDB, the network included.",
    MONGODB_SECONDS,
    command=_COMMAND,
)
_mongodb_failures = _counter(
    "mongodb_operation_failures_total", "Commands that MongoDB refused or did not answer.", command=_COMMAND
)
_mongodb_pool = Gauge(
    *_define(
        "mongodb_pool_connections",
        "gauge",
        "Connections to MongoDB of the living web workers of this server.",
        {"state": "open, or in_use of those"},
    ),
    registry=_registry,
    multiprocess_mode="livesum",
)

oldest_unapplied = _at_scrape(
    "webhook_oldest_unapplied_seconds",
    "Age of the oldest event that is not applied, by Stripe's time; 0 when there is none.",
)
inbox_events = _at_scrape(
    "webhook_inbox_events",
    "Events that are not applied; counted up to 10000.",
    state="received or failed",
)
reconciliation_drift = _at_scrape(
    "reconciliation_drift",
    "Payments that differed from Stripe in the last finished comparison, repaired ones included.",
    kind="missing_here, different or missing_there",
)
reconciliation_finished = _at_scrape(
    "reconciliation_last_finished_timestamp_seconds",
    "When the last comparison with Stripe finished; absent before the first.",
)
worker_heartbeat = _at_scrape(
    "worker_heartbeat_timestamp_seconds",
    "When a worker process was last known to live; absent when none was begun or all were told to end.",
)
disputes_open = _at_scrape(
    "disputes_open",
    "Disputes that need a response, by the time until their evidence is due; counted up to 10000.",
    due="overdue, 24h, 72h or later",
)
uncounted_payments = _at_scrape(
    "figures_uncounted_payments", "Payments that changed and are not in the rollups yet; counted up to 10000."
)
scrape_error = _at_scrape(
    "scrape_error",
    "1 where what MongoDB knows could not be read for this page.",
    source="inbox, reconciliation, worker, disputes or figures",
)
payments = _at_scrape(
    "payments",
    "Payments created in the window, by how they stand.",
    window=_WINDOW,
    outcome="completed, failed, canceled, open or abandoned",
)
success_ratio = _at_scrape(
    "payments_success_ratio",
    "Completed of completed and failed payments created in the window; absent when there are none.",
    window=_WINDOW,
)
refund_ratio = _at_scrape(
    "refund_ratio",
    "Refunded of completed payments created in the window; absent when there are none.",
    window=_WINDOW,
)
threeds_ratio = _at_scrape(
    # Not "three_d_secure": promtool would take the d for days.
    "threeds_ratio",
    "Attempts with 3-D Secure of all attempts of payments created in the window; absent when there are none.",
    window=_WINDOW,
)
failed_attempts = _at_scrape(
    "failed_attempts",
    "Failed attempts of payments created in the window, by reason.",
    window=_WINDOW,
    reason="the 15 most frequent decline or error codes that Stripe documents, or other",
)
processing_seconds = _at_scrape(
    "processing_seconds",
    "Time from created to completed of payments created in the window.",
    "summary",
    window=_WINDOW,
    quantile="0.5 or 0.95",
)
processing_mean = _at_scrape(
    "processing_mean_seconds",
    "Mean time from created to completed of payments created in the window; absent when there are none.",
    window=_WINDOW,
)
volume = _at_scrape(
    "volume",
    "Money that moved in the window, in major units of its currency; absent for a currency without known decimals.",
    window=_WINDOW,
    currency="an ISO currency code, lower case",
    flow="gross or refunded",
)
_build_info = _at_scrape(
    "build_info", "Always 1; the labels say what runs.", version="of pyproject.toml", python="of Python"
)


# What every request, delivery and command counts is found by its labels without a lock; there are few of them.
_http_requests_of = cache(_http_requests.labels)
_http_seconds_of = cache(_http_seconds.labels)
_webhook_deliveries_of = cache(_webhook_deliveries.labels)
_transitions_of = cache(_transitions.labels)
_mongodb_seconds_of = cache(_mongodb_seconds.labels)
_mongodb_pool_of = cache(_mongodb_pool.labels)


def request_answered(method: str, rule: str | None, status: int, seconds: float) -> None:
    """A request of ``rule`` (None for none of ours) took ``seconds``."""
    known, route = method if method in _METHODS else OTHER, rule or UNMATCHED
    _http_requests_of(known, route, status).inc()
    _http_seconds_of(known, route).observe(seconds)


def request_rejected(word: str) -> None:
    """A request was answered with the error ``word``."""
    _rejected.labels(word).inc()


def stripe_called(operation: str, outcome: str, seconds: float) -> None:
    """A call to Stripe ended."""
    _stripe_requests.labels(operation, outcome).inc()
    _stripe_seconds.labels(operation).observe(seconds)


def webhook_delivered(kind: str, outcome: str) -> None:
    """A delivery was dealt with; ``kind`` is a type that the caller knows, or OTHER."""
    _webhook_deliveries_of(kind, outcome).inc()


def webhook_applied(seconds: float) -> None:
    """An event was applied, or could not be."""
    _webhook_seconds.observe(seconds)


def payment_moved(before: str, after: str) -> None:
    """A payment's status changed; ``before`` is none for a new payment."""
    _transitions_of(before, after).inc()


def refund_came_to(outcome: str) -> None:
    """It was learnt what became of a refund."""
    _refunds.labels(outcome).inc()


def signed_in(outcome: str) -> None:
    """Somebody tried to sign in."""
    _logins.labels(outcome).inc()


class MongoDB:
    """Counts what ``models.connection`` reports of the driver."""

    def command_ended(self, command: str, seconds: float, *, failed: bool) -> None:
        """A command took ``seconds``."""
        known = command if command in _COMMANDS else OTHER
        _mongodb_seconds_of(known).observe(seconds)
        if failed:
            _mongodb_failures.labels(known).inc()

    def connections_changed(self, state: str, by: int) -> None:
        """There are ``by`` connections more (or less) that are ``open`` or ``in_use``."""
        _mongodb_pool_of(state).inc(by)


def page(accept: str, read_now: Iterable[Family]) -> tuple[bytes, str]:
    """The page for Prometheus and its content type, in the format that the Accept header asks for."""
    registry = CollectorRegistry()
    if ValueClass._multiprocess:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_registry)
    registry.register(_ReadNow([*read_now, _build_info.family(((_version(), platform.python_version()), 1))]))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _ReadNow(Collector):
    """What was read for one page."""

    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families

    def collect(self) -> Iterator[Family]:
        yield from self._families


def _version() -> str:
    """The version that pyproject.toml names; unknown where the file was not deployed."""
    try:
        found: dict[str, Any] = tomllib.loads(
            (Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8")
        )
    except OSError:
        return "unknown"
    return str(found["project"]["version"])


def _begin_at_zero() -> None:
    """Show what alerts watch before it happens first: a counter that begins at 1 has no increase."""
    for outcome in ("succeeded", "pending", "failed", "refused", "unknown"):
        _refunds.labels(outcome)
    for outcome in ("succeeded", "failed", "locked", "limited"):
        _logins.labels(outcome)
    for outcome in ("applied", "duplicate", "ignored", "failed", "bad_signature"):
        _webhook_deliveries.labels(OTHER, outcome)
    for word in (
        "rate_limited",
        "unauthorized",
        "internal_error",
        "database_unavailable",
        "stripe_unavailable",
    ):
        _rejected.labels(word)
    for command in (*sorted(_COMMANDS), OTHER):
        _mongodb_failures.labels(command)


_begin_at_zero()
