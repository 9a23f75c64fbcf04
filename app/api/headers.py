"""Headers of answers for programs: never guessed at, never kept by a cache, never shown in a frame.

Source: OWASP REST Security Cheat Sheet. Pages for people have their own (dashboards/headers.py), and so has /api/docs,
whose policy stands because a header that is there already is left alone.
"""

from __future__ import annotations

from flask import Flask, Response, request

from app.api.error_handlers import MACHINE_PATHS

_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
_YEAR_SECONDS = 31_536_000


def init_app(app: Flask) -> None:
    """Add the headers to every answer of the API and of the addresses for machines, errors included."""
    app.after_request(_harden)


def _harden(response: Response) -> Response:
    if not request.path.startswith(MACHINE_PATHS):
        return response
    for name, value in _FIXED.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR_SECONDS}")
    # Only the files of /api/docs, which say so themselves, may be kept.
    if "max-age" not in response.headers.get("Cache-Control", ""):
        response.headers["Cache-Control"] = "no-store"
    return response
