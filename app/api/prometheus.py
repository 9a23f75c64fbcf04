"""``GET /metrics`` for Prometheus, and the counting of every request."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from functools import wraps

from flask import Blueprint, Flask, Response, g, request

from app import telemetry
from app.errors import Unauthorized
from app.extensions import services, settings

blueprint = Blueprint("metrics_page", __name__)
_GUARD = "METRICS_TOKEN where it is set"


def init_app(app: Flask) -> None:
    """Serve the page, and count what ``app`` answers."""
    app.register_blueprint(blueprint)
    app.after_request(_count)


def _only_prometheus(view: Callable[[], Response]) -> Callable[[], Response]:
    """Let in who sends METRICS_TOKEN, or everybody where none is set. Raises Unauthorized."""

    @wraps(view)
    def guarded() -> Response:
        expected = settings.metrics_token
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        # Compared in full whatever differs, so that the time taken tells nothing of the token.
        same = hmac.compare_digest(token.strip().encode(), expected.encode())
        if expected and not (scheme.lower() == "bearer" and same):
            raise Unauthorized
        return view()

    guarded.guard = _GUARD  # type: ignore[attr-defined]
    return guarded


@blueprint.get("/metrics")
@_only_prometheus
def page() -> Response:
    """The counters of all web workers of this server, and what MongoDB knows; 200 also while that is away."""
    body, content_type = telemetry.page(request.headers.get("Accept", ""), services.monitoring.read())
    return Response(body, content_type=content_type, headers={"Cache-Control": "no-store"})


def _count(response: Response) -> Response:
    rule = request.url_rule.rule if request.url_rule else None
    seconds = time.perf_counter() - g.started
    telemetry.request_answered(request.method, rule, response.status_code, seconds)
    return response
