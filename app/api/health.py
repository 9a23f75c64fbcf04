"""Whether the process lives, and whether it can do its work.

/healthz is for the process supervisor. It asks no other service, because a restart cannot repair one. /readyz is for
the load balancer. It fails (503) when something that every request needs is missing. What only some requests need is a
warning (200), so that one missing thing does not take every node out of service.

Uses http.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flask import jsonify, request
from werkzeug.wrappers import Response

from app.api.http.auth import public
from app.api.http.parsing import Blueprint
from app.errors import DatabaseUnavailable
from app.extensions import settings
from app.models import configuration_faults, connection
from app.models.indexes import missing_indexes, unique_indexes
from app.services.worker import leases

blueprint = Blueprint("health", __name__, description="For load balancers and people on call.")

_ANSWER = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"type": "string", "enum": ["ok", "ready", "not_ready"]},
        "scheme": {
            "type": "string",
            "enum": ["http", "https"],
            "description": "How the service takes the request to have come, which PROXY_HOPS decides (only /healthz).",
        },
        "checks": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["state", "latency_ms"],
                "properties": {
                    "state": {"type": "string", "enum": ["ok", "warning", "failed"]},
                    "latency_ms": {"type": "number"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}


@blueprint.get("/healthz")
@public("A load balancer has no token, and the response reveals nothing")
@blueprint.response(200, _ANSWER)
def healthz() -> Response:
    """The process is alive. `scheme` is how it takes the request to have come, for `flask preflight`."""
    return jsonify(status="ok", scheme=request.scheme)


@blueprint.get("/readyz")
@public("A load balancer has no token, and the response names no host and no key")
@blueprint.alt_response(503, schema=_ANSWER, description="Something that every request needs is away.")
@blueprint.response(200, _ANSWER)
def readyz() -> Response:
    """Whether requests can be served.

    It fails while MongoDB has no writable primary or lacks its unique indexes, without which a payment could exist
    twice. Any other missing index is a warning, because it only makes something slow. So is a missing Stripe key,
    because stored payments can still be read, and a missing worker, because payments are taken without it: only failed
    events and unknown outcomes wait for it. And so is a call that Stripe refused because of how this service or its
    account is set up there, until the same call works again or a day has passed.
    """
    checks = {"mongodb": _timed(_mongodb), "stripe_key": _timed(_stripe_key)}
    if checks["mongodb"]["state"] == "ok":
        checks["indexes"] = _timed(_indexes)
        checks["worker"] = _timed(_worker)
        checks["stripe_configuration"] = _timed(_stripe_configuration)
    ready = all(check["state"] != "failed" for check in checks.values())
    response = jsonify(status="ready" if ready else "not_ready", checks=checks)
    response.status_code = 200 if ready else 503
    return response


def _mongodb() -> tuple[str, str | None]:
    connection.ping()
    return "ok", None


def _indexes() -> tuple[str, str | None]:
    missing = missing_indexes()
    if not missing:
        return "ok", None
    state = "warning" if unique_indexes().isdisjoint(missing) else "failed"
    return state, f"Missing: {', '.join(missing)}. Run flask db indexes."


def _worker() -> tuple[str, str | None]:
    silence = leases.worker_silence()
    if silence is None:
        return "warning", "No worker is running. Start one: flask worker run."
    if silence > leases.LIFE:
        return "warning", f"The last heartbeat of a worker was {int(silence.total_seconds())} seconds ago."
    return "ok", None


def _stripe_key() -> tuple[str, str | None]:
    if settings.stripe_secret_key and settings.stripe_publishable_key:
        return "ok", None
    return "warning", "STRIPE_SECRET_KEY or STRIPE_PUBLISHABLE_KEY is not set; payments cannot be taken."


def _stripe_configuration() -> tuple[str, str | None]:
    faults = configuration_faults.every()
    if not faults:
        return "ok", None
    last = faults[0]
    about = ", ".join(word for word in (last.code, last.param) if word)
    seen = last.seen_at.strftime("%Y-%m-%d %H:%M UTC")
    return "warning", f"Stripe refused {last.id}{f' ({about})' if about else ''}, last at {seen}: {last.message}"


def _timed(check: Callable[[], tuple[str, str | None]]) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        state, message = check()
    except DatabaseUnavailable as error:
        state, message = "failed", error.message
    result = {"state": state, "latency_ms": round((time.perf_counter() - started) * 1000, 1)}
    return {**result, "message": message} if message else result
