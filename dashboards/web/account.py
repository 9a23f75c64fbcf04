"""The signed-in user's own account: changing the password."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.errors import ValidationFailed
from app.extensions import limiter
from app.services import accounts
from app.services.accounts import LONGEST_PASSWORD, SHORTEST_PASSWORD
from dashboards.web import auth
from dashboards.web.auth import current_account, guard
from dashboards.web.sign_in import ATTEMPTS

_TOO_MANY = "Too many attempts from your address. Wait a few minutes and try again."


def add_routes(pages: Blueprint) -> None:
    pages.add_url_rule("/dashboard/account/password", "password", show, methods=["GET"])
    pages.add_url_rule("/dashboard/account/password", "password_submit", submit, methods=["POST"])


@guard("viewer")
def show() -> str:
    return _form({})


@guard("viewer")
@limiter.limit(ATTEMPTS, error_message=_TOO_MANY)
def submit() -> Response | tuple[str, int]:
    """Change the password; every other session ends, and this browser continues in a new one."""
    password = request.form.get("password", "")
    try:
        if password != request.form.get("repeated", ""):
            message = "The two new passwords do not match."
            raise ValidationFailed(message, errors={"repeated": [message]})
        account = accounts.change_password(
            current_account(), request.form.get("current", ""), password, address=request.remote_addr
        )
    except ValidationFailed as error:
        return _form(error.errors), HTTPStatus.UNPROCESSABLE_ENTITY
    auth.begin(account)
    flash("Your password was changed. Other browsers were signed out.", "success")
    return redirect(url_for("dashboards.home"), HTTPStatus.SEE_OTHER)


def _form(errors: dict[str, list[str]]) -> str:
    # The entries are not sent back: a password does not belong in a page.
    return render_template("web/password.html", errors=errors, shortest=SHORTEST_PASSWORD, longest=LONGEST_PASSWORD)
