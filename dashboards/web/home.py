"""The start page: links to everything; signed-in users are redirected to the overview."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.extensions import settings
from dashboards.web.auth import guard, signed_in
from dashboards.web.loopback import is_sandbox


def add_routes(pages: Blueprint) -> None:
    pages.add_url_rule("/", "home", home)


@guard(public="start page; signed-in users are redirected")
def home() -> str | Response:
    """The overview for signed-in users; addresses for everyone else."""
    if signed_in():
        return redirect(url_for("dashboards.overview"))
    return render_template("web/home.html", addresses=_addresses())


def _addresses() -> list[tuple[str, str, str]]:
    """Name, address and purpose of each place to visit."""
    addresses = [
        ("API documentation", "/api/docs", "Every endpoint, to read and to try out"),
        ("OpenAPI document", "/api/openapi.json", "The same, machine-readable"),
        ("Health", "/healthz", "Whether the process is running"),
        ("Readiness", "/readyz", "Whether it can take payments, and why not"),
    ]
    base = settings.stripe_api_base.rstrip("/")
    if is_sandbox(base):
        addresses.append(("Stripe sandbox", f"{base}/_sandbox/", "Pay, dispute and simulate failures without Stripe"))
    return addresses
