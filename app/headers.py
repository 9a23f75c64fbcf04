"""Headers that every answer has, for programs and for people; api and dashboards add their own.

Source: OWASP Secure Headers Project.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, request

_EVERYWHERE = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}
_YEAR_SECONDS = 31_536_000


def harden(response: Response, own: Mapping[str, str]) -> None:
    """Add these headers and ``own`` where they are not there yet; HSTS only to what came by https."""
    for name, value in {**_EVERYWHERE, **own}.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR_SECONDS}")
