"""What the processes count, and the only way to count: one function for each kind of occurrence.

Counters and histograms live in this process or, under gunicorn, in files that its workers share, so that any worker
answers for all of them. prometheus_client decides which when it is first imported: ``gunicorn.conf.py`` sets
PROMETHEUS_MULTIPROC_DIR before that.

Uses definitions.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from prometheus_client import Histogram

from app.telemetry.definitions import OTHER, counter, gauge, histogram

UNMATCHED = "unmatched"
MONGODB_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5)
# What the application answers when it, MongoDB or Stripe fails.
_FAILURES = (500, 503)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_COMMANDS = frozenset(
    "find insert update delete aggregate findAndModify getMore distinct count commitTransaction".split()
)

_ROUTE = "a URL rule, or unmatched"
_METHOD = "an HTTP method, or other"
_COMMAND = f"{', '.join(sorted(_COMMANDS))}, or other"
_OPERATION = "a call of app/gateway, such as create_intent"

_http_requests = counter(
    "http_requests_total", "Requests answered.", method=_METHOD, route=_ROUTE, status="the HTTP status"
)
_http_seconds = histogram(
    "http_request_duration_seconds",
    "Time from a request's arrival in the application to its answer.",
    method=_METHOD,
    route=_ROUTE,
)
_stripe_requests = counter(
    "stripe_requests_total",
    "Calls to Stripe.",
    operation=_OPERATION,
    outcome="ok, card_declined, invalid_request, authentication, configuration, rate_limited, conflict, unavailable or "
    "other",
)
_stripe_seconds = histogram(
    "stripe_request_duration_seconds", "Time of a call to Stripe, its retry included.", operation=_OPERATION
)
_webhook_deliveries = counter(
    "webhook_deliveries_total",
    "Deliveries by Stripe.",
    type="a type of event that is applied, or other",
    outcome="applied, duplicate, ignored, failed, postponed (Stripe is busy), "
    "wrong_mode (live or test unlike our key), other_account (a connected account) or bad_signature",
)
_webhook_seconds = histogram("webhook_apply_duration_seconds", "Time to apply one event, by whichever channel.")
_refunds = counter(
    "refunds_total",
    "Refunds that reached an outcome, by whichever channel; one that succeeds and fails later counts in both.",
    outcome="succeeded, pending, failed, refused (Stripe took none) or unknown (Stripe gave no usable answer)",
)
_differing = counter(
    "payments_differing_total", "Payments of which Stripe took another amount or currency than the order asked."
)
_transitions = counter(
    "payment_transitions_total",
    "Payments that went from one status to another.",
    from_status="a status of a payment, or none for a new one",
    to_status="a status of a payment",
)
_rejected = counter(
    "rejected_requests_total",
    "Requests answered with an error.",
    error="a word of the API's errors, such as rate_limited",
)
_logins = counter(
    "logins_total",
    "Attempts to sign in to the dashboard.",
    outcome="succeeded, failed, locked (or switched off) or limited (too many from one address)",
)
_mongodb_seconds = histogram(
    "mongodb_operation_duration_seconds",
    "Time of a command to MongoDB, the network included.",
    MONGODB_SECONDS,
    command=_COMMAND,
)
_mongodb_failures = counter(
    "mongodb_operation_failures_total", "Commands that MongoDB refused or did not answer.", command=_COMMAND
)
_mongodb_pool = gauge(
    "mongodb_pool_connections",
    "Connections to MongoDB of the living web workers of this server.",
    state="open, or in_use of those",
)

# The counters of every request, delivery and command are cached by label, without a lock; there are few of them.
_http_requests_of = cache(_http_requests.labels)
_webhook_deliveries_of = cache(_webhook_deliveries.labels)
_transitions_of = cache(_transitions.labels)
_mongodb_seconds_of = cache(_mongodb_seconds.labels)
_mongodb_pool_of = cache(_mongodb_pool.labels)


@cache
def _http_seconds_of(method: str, route: str) -> Histogram:
    """The times of a route, whose failures are on the page from its first answer on."""
    for status in _FAILURES:
        _http_requests_of(method, route, status)
    return _http_seconds.labels(method, route)


def request_answered(method: str, rule: str | None, status: int, seconds: float) -> None:
    """A request of ``rule`` (None for none of ours) took ``seconds``."""
    label, route = method if method in _METHODS else OTHER, rule or UNMATCHED
    _http_requests_of(label, route, status).inc()
    _http_seconds_of(label, route).observe(seconds)


def request_rejected(word: str) -> None:
    """A request was answered with the error ``word``."""
    _rejected.labels(word).inc()


def stripe_called(operation: str, outcome: str, seconds: float) -> None:
    """A call to Stripe ended."""
    _stripe_requests.labels(operation, outcome).inc()
    _stripe_seconds.labels(operation).observe(seconds)


def webhook_delivered(kind: str, outcome: str) -> None:
    """A delivery was handled; ``kind`` is a type that the caller knows, or OTHER."""
    _webhook_deliveries_of(kind, outcome).inc()


def webhook_applied(seconds: float) -> None:
    """An event was applied, or could not be."""
    _webhook_seconds.observe(seconds)


def payment_moved(before: str, after: str) -> None:
    """A payment's status changed; ``before`` is none for a new payment."""
    _transitions_of(before, after).inc()


def refund_came_to(outcome: str) -> None:
    """The outcome of a refund is known."""
    _refunds.labels(outcome).inc()


def payment_differs() -> None:
    """Stripe took something else than the order asked."""
    _differing.inc()


def signed_in(outcome: str) -> None:
    """Someone tried to sign in."""
    _logins.labels(outcome).inc()


class MongoDB:
    """Counts what ``models.connection`` reports of the driver."""

    def command_ended(self, command: str, seconds: float, *, failed: bool) -> None:
        """A command took ``seconds``."""
        label = command if command in _COMMANDS else OTHER
        _mongodb_seconds_of(label).observe(seconds)
        if failed:
            _mongodb_failures.labels(label).inc()

    def connections_changed(self, state: str, by: int) -> None:
        """There are ``by`` connections more (or less) that are ``open`` or ``in_use``."""
        _mongodb_pool_of(state).inc(by)


def expect_stripe_calls(operations: Iterable[str]) -> None:
    """Export the failures of ``operations`` before there are any (see ``_start_at_zero``)."""
    for operation in operations:
        for outcome in ("authentication", "configuration", "rate_limited", "unavailable", OTHER):
            _stripe_requests.labels(operation, outcome)


def expect_deliveries(kinds: Iterable[str]) -> None:
    """Export the failures of events of ``kinds`` before there are any (see ``_start_at_zero``)."""
    for kind in kinds:
        _webhook_deliveries.labels(kind, "failed")


def _start_at_zero() -> None:
    """Export what alerts watch before it first happens: a counter that starts at 1 has no increase.

    Counters by route, operation and type of event follow as soon as those are known.
    """
    for outcome in ("succeeded", "pending", "failed", "refused", "unknown"):
        _refunds.labels(outcome)
    for outcome in ("succeeded", "failed", "locked", "limited"):
        _logins.labels(outcome)
    outcomes = "applied duplicate ignored failed postponed wrong_mode other_account bad_signature"
    for outcome in outcomes.split():
        _webhook_deliveries.labels(OTHER, outcome)
    _transitions.labels("none", "pending")
    for word in ("rate_limited", "unauthorized", "internal_error", "database_unavailable", "stripe_unavailable"):
        _rejected.labels(word)
    for command in (*sorted(_COMMANDS), OTHER):
        _mongodb_failures.labels(command)


_start_at_zero()
