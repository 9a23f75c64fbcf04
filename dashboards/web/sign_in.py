"""Signing in and out."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Blueprint, current_app, redirect, render_template, request
from werkzeug.wrappers import Response

from app import telemetry
from app.errors import Unavailable
from app.extensions import limiter
from app.services import accounts
from dashboards.web import auth
from dashboards.web.auth import guard

# In addition to the lock of an account: stops one address that tries many accounts or keeps the password check busy.
ATTEMPTS = "20 per minute; 100 per hour"
_TOO_MANY = "Too many sign-in attempts from your address. Wait a few minutes and try again."

Answer = str | tuple[str, int] | Response


def add_routes(pages: Blueprint) -> None:
    pages.add_url_rule("/login", "sign_in", show, methods=["GET"])
    pages.add_url_rule("/login", "sign_in_submit", submit, methods=["POST"])
    pages.add_url_rule("/logout", "sign_out", leave, methods=["POST"])


@guard(public="sign-in page")
def show() -> Answer:
    """The form; a user who is already signed in is redirected."""
    target = safe_path(request.args.get("next"))
    if auth.signed_in():
        return redirect(target)
    if not current_app.secret_key:
        raise Unavailable(auth.MISSING_KEY)
    return render_template("web/sign_in.html", target=target)


@guard(public="sign-in form")
@limiter.limit(ATTEMPTS, error_message=_TOO_MANY, on_breach=lambda _: telemetry.signed_in("limited"))
def submit() -> Answer:
    """Check the password; the response never reveals whether the address or the password was wrong."""
    email, target = request.form.get("email", ""), safe_path(request.form.get("next"))
    account = accounts.authenticate(email, request.form.get("password", ""), address=request.remote_addr)
    if account is None:
        page = render_template("web/sign_in.html", target=target, email=email, refused=True)
        return page, HTTPStatus.UNAUTHORIZED
    auth.begin(account)
    return redirect(target, HTTPStatus.SEE_OTHER)


@guard(public="signing out needs no role")
def leave() -> Answer:
    """End the session of this browser."""
    auth.end()
    return redirect("/", HTTPStatus.SEE_OTHER)


def safe_path(target: str | None) -> str:
    """A path on this site to continue to; the start page for anything that a browser could read as another site."""
    if not target or not target.startswith("/") or any(c in target for c in "\\\r\n\t\0"):
        return "/"
    parts = urlsplit(target)
    # Two leading slashes would be a host name; parsing decides what else is one.
    return "/" if target.startswith("//") or parts.scheme or parts.netloc else target
