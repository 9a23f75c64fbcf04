"""What decorators add to the OpenAPI document: security, and every error that a route can answer, with its words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from http import HTTPStatus
from typing import Any, TypeVar

from app.errors import (
    DatabaseUnavailable,
    IdempotencyKeyReused,
    PaydeskError,
    RateLimited,
    RequestInProgress,
    StripeConfigurationError,
    StripeInvalidApiKey,
    StripeNotInitialized,
    StripeUnavailable,
    ValidationFailed,
)

View = TypeVar("View", bound=Callable[..., Any])
ErrorKind = type[PaydeskError]
# What routes can answer that call Stripe, and those that take an Idempotency-Key.
STRIPE_ERRORS = (StripeNotInitialized, StripeInvalidApiKey, StripeConfigurationError, StripeUnavailable)
KEY_ERRORS = (IdempotencyKeyReused, RequestInProgress)

# Words for what goes wrong before a request reaches a view, beside those of ``app.errors``.
TRANSPORT_WORDS: dict[int, tuple[str, str]] = {
    400: ("bad_request", "The request cannot be read."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not answer to this method; see the Allow header."),
    413: ("body_too_large", "The body is larger than 1 MiB."),
    415: ("unsupported_media_type", "Send the body as application/json."),
    429: (RateLimited.error, RateLimited.default_message),
    500: ("internal_error", PaydeskError.default_message),
    503: (
        "authentication_unavailable",
        "Tokens cannot be checked just now: the issuer of the keys cannot be reached, or none is configured.",
    ),
}
_KEY = "paydesk_errors"


def answers(*errors: ErrorKind, body: bool = False) -> Callable[[View], View]:
    """Document that a route can answer ``errors``; ``body`` adds what can be wrong with a JSON body."""

    def decorate(view: View) -> View:
        document(view, errors=errors, transport=(413, 415) if body else ())
        return view

    return decorate


def document(
    view: Any,
    *,
    errors: Sequence[ErrorKind] = (),
    transport: Sequence[int] = (),
    security: list[dict[str, list[str]]] | None = None,
    scope: str | None = None,
) -> None:
    """Add to what the OpenAPI document says of ``view``."""
    info = deepcopy(getattr(view, "_apidoc", {}))
    manual = info.setdefault("manual_doc", {})
    words: dict[int, dict[str, str]] = info.setdefault(_KEY, {})
    for kind in errors:
        words.setdefault(int(kind.http_status), {})[kind.error] = kind.default_message
    for status in transport:
        words.setdefault(status, {})[TRANSPORT_WORDS[status][0]] = TRANSPORT_WORDS[status][1]
    words.setdefault(500, {})["internal_error"] = PaydeskError.default_message
    if security is not None:
        manual["security"] = security
        if security:
            words.setdefault(503, {})[TRANSPORT_WORDS[503][0]] = TRANSPORT_WORDS[503][1]
            words[503][DatabaseUnavailable.error] = DatabaseUnavailable.default_message
    if scope is not None:
        manual["x-required-scope"] = str(scope)
    if "arguments" in info:
        words.setdefault(422, {})[ValidationFailed.error] = ValidationFailed.default_message
    # The keys are numbers, so that ours takes the place of the 422 that flask-smorest writes for every argument.
    manual.setdefault("responses", {}).update({status: _response(status, words[status]) for status in words})
    view._apidoc = info


def _response(status: int, words: dict[str, str]) -> dict[str, Any]:
    lines = [f"* `{word}`: {message}" for word, message in words.items()]
    word, message = next(iter(words.items()))
    example = {
        "code": status,
        "status": HTTPStatus(status).phrase,
        "error": word,
        "message": message,
        "errors": {},
        "request_id": "3f2a9c1e8b7d4f60",
    }
    headers = {"X-Request-ID": _header("Id of the request, for reports.")}
    if status in (429, 503):
        headers["Retry-After"] = _header("Seconds to wait, where they are known.")
    return {
        "description": "\n".join(lines),
        "headers": headers,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}, "example": example}},
    }


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}
