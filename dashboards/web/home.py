"""The start page: where everything is; whoever is signed in is led on to the overview."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.extensions import settings
from dashboards.web.auth import guard, signed_in
from dashboards.web.loopback import is_sandbox


def add_routes(pages: Blueprint) -> None:
    """Add the start page."""
    pages.add_url_rule("/", "home", home)


@guard(public="start page; whoever is signed in is led on")
def home() -> str | Response:
    """The overview for accounts; addresses for everybody else."""
    if signed_in():
        return redirect(url_for("dashboards.overview"))
    return render_template("web/home.html", addresses=_addresses())


def _addresses() -> list[tuple[str, str, str]]:
    """What there is to visit: name, address, what for."""
    found = [
        ("API documentation", "/api/docs", "every endpoint, to read and to try"),
        ("OpenAPI document", "/api/openapi.json", "the same for programs"),
        ("Health", "/healthz", "whether the process runs"),
        ("Readiness", "/readyz", "whether it can take payments, and if not, why"),
    ]
    base = settings.stripe_api_base.rstrip("/")
    if is_sandbox(base):
        found.append(("Stripe sandbox", f"{base}/_sandbox/", "pay, dispute and break things without Stripe"))
    return found
