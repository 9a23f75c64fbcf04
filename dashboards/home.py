"""The start page: where everything is, and the latest payments for whoever is signed in."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.extensions import services, settings
from app.models.payment_store import PaymentFilter
from dashboards.navigation import exists
from dashboards.session import guard, is_loopback, signed_in

_SHOWN = 20


def add_routes(pages: Blueprint) -> None:
    """Add the start page."""
    pages.add_url_rule("/", "home", home)


@guard(public="start page; payments are shown to signed-in accounts only")
def home() -> str | Response:
    """The overview for accounts; addresses for everybody else."""
    account = signed_in()
    if account and exists("overview"):
        return redirect(url_for("dashboards.overview"))
    shown = services.payments.page(PaymentFilter(), limit=_SHOWN, before=None) if account else ([], False)
    payments, more = shown
    return render_template("home/index.html", addresses=_addresses(), payments=payments, more=more)


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
