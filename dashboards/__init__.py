"""The finance dashboard: pages for people. Each route states its guard where it is defined."""

from __future__ import annotations

from flask import Blueprint, Flask

from config import Settings
from dashboards import (
    account,
    assets,
    audit,
    disputes,
    errors,
    exports,
    formatters,
    headers,
    home,
    navigation,
    overview,
    payment,
    payments,
    reconciliation,
    refund,
    refunds,
    session,
    sign_in,
    users,
    webhooks,
)
from dashboards.headers import CONTENT_SECURITY_POLICY

__all__ = ["CONTENT_SECURITY_POLICY", "register"]

# Every page adds its routes here; an entry in the bar appears by itself (see navigation).
PAGES = (
    home,
    overview,
    sign_in,
    account,
    users,
    audit,
    payments,
    refunds,
    disputes,
    exports,
    payment,
    refund,
    webhooks,
    reconciliation,
)


def register(app: Flask) -> None:
    """Add the pages to ``app``; its settings must be bound already."""
    settings: Settings = app.extensions["paydesk_settings"]
    pages = Blueprint("dashboards", __name__, template_folder="../templates")
    session.init_app(app, pages, secret_key=settings.secret_key)
    assets.init_app(app, pages)
    headers.init_app(app)
    errors.init_app(app, pages)
    formatters.init_app(app, timezone=settings.dashboard_timezone)
    navigation.init_app(app, pages)
    for page in PAGES:
        page.add_routes(pages)
    app.register_blueprint(pages)
