"""Headers of responses to programs: no content sniffing, no cache, no frame.

Source: OWASP REST Security Cheat Sheet. Pages for people have their own (dashboards/headers.py), and so has /api/docs,
whose policy stands because a header that is there already is left alone.
"""

from __future__ import annotations

from flask import Flask, Response, request

from app.api.http.error_handlers import MACHINE_PATHS
from app.headers import harden

_FOR_PROGRAMS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


def init_app(app: Flask) -> None:
    """Add the headers to every answer of the API and of the addresses for machines, errors included."""
    app.after_request(_harden)


def _harden(response: Response) -> Response:
    if not request.path.startswith(MACHINE_PATHS):
        return response
    harden(response, _FOR_PROGRAMS)
    # Only the files of /api/docs, which say so themselves, may be kept.
    if "max-age" not in response.headers.get("Cache-Control", ""):
        response.headers["Cache-Control"] = "no-store"
    return response
