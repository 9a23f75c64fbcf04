"""The finance dashboard: pages for people. Each route states its guard where it is defined."""

from __future__ import annotations

from flask import Blueprint, Flask

from config import Settings
from dashboards import audit, disputes, exports, reconciliation, users, webhooks
from dashboards.lists import formats, labels
from dashboards.overview import page as overview
from dashboards.payments import closing_flow
from dashboards.payments import list as payment_list
from dashboards.payments import page as payment_page
from dashboards.refunds import flow as refund_flow
from dashboards.refunds import list as refund_list
from dashboards.web import account, assets, auth, errors, headers, home, navigation, sign_in
from dashboards.web.headers import CONTENT_SECURITY_POLICY

__all__ = ["CONTENT_SECURITY_POLICY", "register"]

# Every page adds its routes here; navigation makes its entry in the bar.
PAGES = (
    home,
    overview,
    sign_in,
    account,
    users,
    audit,
    payment_list,
    refund_list,
    disputes,
    exports,
    payment_page,
    refund_flow,
    closing_flow,
    webhooks,
    reconciliation,
)


def register(app: Flask) -> None:
    """Add the pages to ``app``; its settings must be bound already."""
    settings: Settings = app.extensions["paydesk_settings"]
    pages = Blueprint("dashboards", __name__, template_folder="../templates")
    auth.init_app(app, pages, secret_key=settings.secret_key)
    assets.init_app(app, pages)
    headers.init_app(app)
    errors.init_app(app, pages)
    formats.init_app(app, timezone=settings.dashboard_timezone)
    app.jinja_env.globals["labels"] = labels
    navigation.init_app(app, pages)
    for page in PAGES:
        page.add_routes(pages)
    app.register_blueprint(pages)
