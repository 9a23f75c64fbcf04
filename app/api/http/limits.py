"""How many requests one caller may make in a minute.

Requests count by the token's subject, after the token is verified and before anything is parsed. An address says
little where a whole shop floor shares one, and nobody can use up another caller's limit. Refunds count as writes.
No limit applies to:

- webhooks: Stripe delivers in bursts from a few addresses, and a refused delivery comes again and again; a bad
  signature costs one hash and telemetry counts it;
- the publishable key and the machine endpoints: they cost less than counting them would.

Signing in is limited by address (dashboards/sign_in.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import g

from app.domain.permissions import Scope
from app.extensions import limiter, settings

View = TypeVar("View", bound=Callable[..., Any])

_READING = frozenset({Scope.PAYMENTS_READ, Scope.METRICS_READ})


def limited(view: View, scope: Scope) -> View:
    """``view``, counted for the caller in ``g.caller``; it raises flask_limiter's RateLimitExceeded."""
    kind = "reads" if scope in _READING else "writes"

    def rate() -> str:
        return f"{settings.rate_limit_reads if scope in _READING else settings.rate_limit_writes} per minute"

    return limiter.shared_limit(rate, scope=kind, key_func=_subject)(view)  # type: ignore[return-value]


def _subject() -> str:
    return str(g.caller.subject)
