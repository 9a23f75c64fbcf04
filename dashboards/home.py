"""The start page: where everything is, and the latest payments for whoever is signed in."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Response, render_template, send_from_directory

from app.extensions import services, settings
from app.models.payment_store import PaymentFilter
from dashboards.session import guard, is_loopback, signed_in

_FILES = Path(__file__).parent / "static"
_SHOWN = 20
_DAY_SECONDS = 86400


def add_routes(pages: Blueprint) -> None:
    """Add the start page and the files that every page needs."""
    pages.add_url_rule("/", "home", home)
    pages.add_url_rule("/assets/<path:name>", "asset", asset)


@guard(public="start page; payments are shown to signed-in accounts only")
def home() -> str:
    """Addresses for everybody, payments for accounts."""
    account = signed_in()
    shown = services.payments.page(PaymentFilter(), limit=_SHOWN, before=None) if account else ([], False)
    payments, more = shown
    return render_template(
        "home/index.html", account=account, addresses=_addresses(), payments=payments, more=more
    )


@guard(public="style sheet and icon")
def asset(name: str) -> Response:
    """A file of ours that pages link to."""
    return send_from_directory(_FILES, name, max_age=_DAY_SECONDS)


def _addresses() -> list[tuple[str, str, str]]:
    """What there is to visit: name, address, what for."""
    found = [
        ("API documentation", "/api/docs", "every endpoint, to read and to try"),
        ("OpenAPI document", "/api/openapi.json", "the same for programs"),
        ("Health", "/healthz", "whether the process runs"),
        ("Readiness", "/readyz", "whether it can take payments, and if not, why"),
    ]
    base = settings.stripe_api_base.rstrip("/")
    if base and is_loopback(urlsplit(base).hostname or ""):
        found.append(("Stripe sandbox", f"{base}/_sandbox/", "pay, dispute and break things without Stripe"))
    return found
