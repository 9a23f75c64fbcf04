"""Logs: one JSON object per line, one line per request, no secrets and no personal data.

An allow-list names the fields that may be logged, so that a secret or a customer's address that reaches the logger by
mistake stays out; texts are searched for the shapes of secrets as well. Of an exception the log has the classes and the
places in the code, never the message, because messages quote the values at hand. Of a library's message it has the
template and its numbers. A terminal gets colours instead of JSON.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
import threading
import time
import traceback
from collections.abc import Iterator, MutableMapping
from typing import Any, TextIO

import structlog
from flask import Flask, Response, g, request

Event = MutableMapping[str, Any]
logger = structlog.get_logger(__name__)

REQUEST_ID_HEADER = "X-Request-ID"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")
_QUIET_LOGGERS = ("stripe", "pymongo", "urllib3", "werkzeug", "flask_cors", "apscheduler")
_HANDLER = "paydesk"
_REDACTED = "[redacted]"
_METHODS = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS".split())
_MOST_CAUSES = 10
# gunicorn logs the address of a request that it could not read; in a worker our handler takes these lines over.
_TAKEN_OVER = "gunicorn.error"
# Libraries format values into their texts before we see them, so a text without arguments is logged only if listed.
_LIBRARY_TEXTS = (
    *("Rate limit storage unreachable", "Rate limit storage recovered"),
    *("Invalid request", "Error handling request", "Socket error processing request"),
    *("Exception in worker process", "Worker failed to boot"),
)

# Ids of ours, of orders and of Stripe, words from closed sets, counts and times. No customer, no address, no free
# text, no body.
ALLOWED_FIELDS = frozenset(
    "event level timestamp logger exception stack request_id "
    "method route status duration_ms "
    "operation outcome stripe_request_id error type event_id event_type state source "
    "payment_id order_id payment_intent_id refund_id dispute_id user_id role action "
    "attempt attempts count total applied ignored failed skipped repaired checked job interval_seconds since until "
    "version pid port host_count signal worker found refused waiting".split()
)
_SECRETS = re.compile(
    r"(?:[sr]k|pk)_(?:live|test)_\w+|whsec_\w+|\w+_secret_\w+"  # Stripe's keys, webhook and client secrets
    r"|eyJ[\w-]+\.[\w-]*\.?[\w-]*|(?i:bearer)\s+\S+"  # tokens
    r"|(?<=://)[^/@\s]+(?=@)"  # user and password in an address
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"  # e-mail addresses
)
# Digits, perhaps in groups, that are enough for the number of a card: 13 to 19 of them (ISO/IEC 7812).
_DIGITS = re.compile(r"\b(?:\d[ -]?){12,}\d\b")
_CARD_LENGTHS = range(13, 20)


def configure(level: str) -> None:
    """Send every logger of the process through one handler on standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        # First, so that a line below the level costs nothing.
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    pretty = sys.stderr.isatty()
    handler = _StandardError()
    handler.set_name(_HANDLER)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name, _without_arguments],
            use_get_message=False,
            pass_foreign_args=True,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_words,
                redact,
                structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [existing for existing in root.handlers if existing.get_name() != _HANDLER] + [handler]
    root.setLevel(level.upper())
    for name in _QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    gunicorn = logging.getLogger(_TAKEN_OVER)
    gunicorn.handlers, gunicorn.propagate = [], True


def log_uncaught() -> None:
    """For a whole process: log what is not caught, in any thread; Python would print it with its message."""

    def log_exception(kind: type[BaseException], error: BaseException | None, _: Any) -> None:
        logger.critical("uncaught_error", error=kind.__name__, exc_info=error or kind())

    sys.excepthook = log_exception
    threading.excepthook = lambda thrown: log_exception(thrown.exc_type, thrown.exc_value, None)


def init_app(app: Flask) -> None:
    """Give every request an id, and a log line when it is answered."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)


def redact(_: Any, __: str, event: Event) -> Event:
    """Keep the values of allowed fields, with secrets cut out of texts; of other fields only the name."""
    return {name: _shown(name, value) for name, value in event.items()}


def _shown(name: str, value: Any) -> Any:
    if name not in ALLOWED_FIELDS:
        return _REDACTED
    if value is None or isinstance(value, bool | int | float):
        return value
    return _DIGITS.sub(_without_card, _SECRETS.sub(_REDACTED, str(value)))


def _without_card(match: re.Match[str]) -> str:
    """The digits as they are, unless groups of them that stand together are the number of a card."""
    groups, most = re.split("[ -]", match[0]), _CARD_LENGTHS.stop
    runs = ("".join(groups[i : i + n]) for i in range(len(groups)) for n in range(1, most))
    holds_card = any(len(run) in _CARD_LENGTHS and _passes_luhn(run) for run in runs)
    return _REDACTED if holds_card else match[0]


def _passes_luhn(digits: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7812-1, annex B), which it does by chance in one of ten."""
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0


def _without_arguments(_: Any, __: str, event: Event) -> Event:
    """A library's message with its numbers, and [redacted] for every other argument."""
    template, arguments = event["event"], event.pop("positional_args")
    if not arguments:
        texts = (text for text in _LIBRARY_TEXTS if template.startswith(text))
        event["event"] = next(texts, "library_message")
        return event
    values = arguments if isinstance(arguments, tuple) else (arguments,)
    numbers = tuple(value if isinstance(value, int | float) else _REDACTED for value in values)
    try:
        event["event"] = template % numbers
    except (TypeError, ValueError):
        event["event"] = "library_message"
    return event


def _without_words(_: Any, __: str, event: Event) -> Event:
    """Replace the exception by a traceback without messages."""
    exc_info = event.pop("exc_info", None)
    if exc_info is True:
        exc_info = sys.exc_info()
    error = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    if isinstance(error, BaseException):
        event["exception"] = "\n".join(_places(error))
    return event


def _places(error: BaseException | None) -> Iterator[str]:
    for _ in range(_MOST_CAUSES):
        if error is None:
            return
        yield f"Traceback of {type(error).__module__}.{type(error).__qualname__}:"
        for frame in traceback.extract_tb(error.__traceback__):
            yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _begin() -> None:
    request_id = request.headers.get(REQUEST_ID_HEADER, "")
    # The letter keeps an id of digits only from looking like a card number, which would be cut out of the log.
    g.request_id = request_id if _REQUEST_ID.fullmatch(request_id) else f"r{secrets.token_hex(8)}"
    g.started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    """Log the rule and not the path, which holds ids and whatever was typed."""
    response.headers[REQUEST_ID_HEADER] = g.request_id
    logger.info(
        "request",
        method=request.method if request.method in _METHODS else "other",
        route=request.url_rule.rule if request.url_rule else None,
        status=response.status_code,
        duration_ms=round((time.perf_counter() - g.started) * 1000, 1),
    )
    return response


def _forget(_: BaseException | None) -> None:
    """A thread must not log its next work under this request's id."""
    structlog.contextvars.clear_contextvars()


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to the current standard error, which tests and servers replace."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr
