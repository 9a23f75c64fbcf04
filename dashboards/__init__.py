"""The pages for people: sign-in and the start page. Each route states its guard where it is defined."""

from __future__ import annotations

from flask import Blueprint, Flask, Response

from config import Settings
from dashboards import errors, formatters, home, session, sign_in

# Nothing but our own files: no inline script or style, no frames, no other origin (DESIGN section 6).
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def register(app: Flask) -> None:
    """Add the pages to ``app``; its settings must be bound already."""
    settings: Settings = app.extensions["paydesk_settings"]
    pages = Blueprint("dashboards", __name__, template_folder="../templates")
    session.init_app(app, pages, secret_key=settings.secret_key)
    errors.init_app(pages)
    formatters.init_app(app, timezone=settings.dashboard_timezone)
    home.add_routes(pages)
    sign_in.add_routes(pages)
    pages.after_request(_secure)
    app.register_blueprint(pages)


def _secure(response: Response) -> Response:
    headers = response.headers
    headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    if response.mimetype == "text/html":
        # Pages show payments and carry a CSRF token; neither belongs in a cache.
        headers["Cache-Control"] = "no-store"
    return response
