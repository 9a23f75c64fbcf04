"""Security headers of pages.

Flask-Talisman would set the same ones, but only for the application as a whole: it replaces the policy that /api/docs
states for Swagger's style sheets, and its switch for https decides per process, where `make run` and a proxy with TLS
must both work from one setting.
"""

from __future__ import annotations

from flask import Flask, Response, request

from app.headers import harden

# Nothing but our own files: no inline script or style, no frames, no other origin (DESIGN section 6). Bootstrap draws
# some of its icons with data: images in its style sheet.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_FOR_PEOPLE = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_OURS = ("dashboards", "bootstrap")


def init_app(app: Flask) -> None:
    """Add the headers to pages and their files, error pages of unknown addresses included."""
    app.after_request(_secure)


def _secure(response: Response) -> Response:
    is_page = response.mimetype == "text/html"
    if request.blueprint not in _OURS and not is_page:
        return response
    harden(response, _FOR_PEOPLE)
    if is_page:
        # Pages show payments and carry a CSRF token; neither belongs in a cache.
        response.headers["Cache-Control"] = "no-store"
    return response
