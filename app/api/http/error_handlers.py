"""Every failure as the one JSON shape of DESIGN section 2.

Pages for people have their own look: who serves them puts a function into ``app.extensions["paydesk_error_page"]``
that turns (HTTP status, message) into a response, and gets every failure outside the API and the health checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, current_app, g, jsonify, request
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response

from app import telemetry
from app.api.http.documentation import TRANSPORT_WORDS
from app.errors import CardDeclined, DatabaseUnavailable, PaydeskError, Unauthorized
from app.models.connection import is_unavailable

logger = structlog.get_logger(__name__)

ERROR_PAGE = "paydesk_error_page"
MACHINE_PATHS = ("/api/", "/healthz", "/readyz", "/metrics")
_CHALLENGE = 'Bearer realm="paydesk"'


def init_app(app: Flask) -> None:
    """Handle every failure; this replaces flask-smorest's own handler."""
    app.register_error_handler(PaydeskError, paydesk_error)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, unexpected_error)


def paydesk_error(error: PaydeskError) -> Response:
    """A failure that we know."""
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = g.get("challenge", _CHALLENGE)
    elif "challenge" in g:
        headers["WWW-Authenticate"] = g.challenge
    more: dict[str, Any] = {"failure": error.failure} if isinstance(error, CardDeclined) else {}
    return _answer(int(error.http_status), error.error, error.message, errors=error.errors, headers=headers, **more)


def http_error(error: HTTPException) -> Response:
    """A failure before or outside our views: no such address, wrong method, a body too large."""
    if error.response is not None or error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error.get_response()
    word, message = TRANSPORT_WORDS.get(error.code, ("bad_request", error.name))
    if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR and not hasattr(error, "error"):
        word, message = TRANSPORT_WORDS[500]
    word = getattr(error, "error", word)
    message = str(error.description) if hasattr(error, "error") else message
    kept = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    return _answer(error.code, word, message, headers=kept)


def unexpected_error(error: Exception) -> Response:
    """An unexpected failure: MongoDB is away and no service caught it, or a fault of ours."""
    if _says_unavailable(error):
        return paydesk_error(DatabaseUnavailable(retry_after=2))
    logger.error("unexpected_error", error=type(error).__name__, exc_info=error)
    return http_error(InternalServerError())


def _says_unavailable(error: BaseException | None) -> bool:
    """Whether the error, or what it was made of, means that MongoDB is away."""
    for _ in range(5):
        if error is None:
            return False
        if is_unavailable(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _answer(
    status: int,
    word: str,
    message: str,
    *,
    errors: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    telemetry.request_rejected(word)
    page = current_app.extensions.get(ERROR_PAGE)
    if page and not request.path.startswith(MACHINE_PATHS):
        response: Response = current_app.make_response(page(status, message))
    else:
        response = jsonify(
            code=status,
            status=HTTPStatus(status).phrase,
            error=word,
            message=message,
            errors=dict(errors or {}),
            request_id=g.get("request_id", ""),
            **more,
        )
    response.status_code = status
    response.headers.update(headers or {})
    return response
