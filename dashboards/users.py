"""Users: who may sign in, in which role. Passwords are generated here and shown once.

Uses lists, web.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.domain.permissions import Role
from app.errors import ValidationFailed
from app.models.accounts.users import Account
from app.services import accounts
from dashboards.lists import labels
from dashboards.lists.labels import Label
from dashboards.web.auth import current_account, guard

Answer = str | tuple[str, int] | Response
ROLES = [(role, f"{label.word}: {label.meaning}") for role, label in labels.ROLE.items()]


def add_routes(pages: Blueprint) -> None:
    """Add the list and the actions on an account; an action that locks a user out is confirmed on a page first."""
    one = "/dashboard/users/<account_id>"
    pages.add_url_rule("/dashboard/users", "users", show, methods=["GET"])
    pages.add_url_rule("/dashboard/users", "users_add", add, methods=["POST"])
    pages.add_url_rule(one, "user", show_one, methods=["GET"])
    pages.add_url_rule(f"{one}/role", "user_role", change_role, methods=["POST"])
    pages.add_url_rule(f"{one}/enable", "user_enable", enable, methods=["POST"])
    pages.add_url_rule(f"{one}/disable", "user_disable", confirm, defaults={"action": "disable"})
    pages.add_url_rule(f"{one}/disable", "user_disable_submit", disable, methods=["POST"])
    pages.add_url_rule(f"{one}/password", "user_password", confirm, defaults={"action": "password"})
    pages.add_url_rule(f"{one}/password", "user_password_submit", reset_password, methods=["POST"])


@guard("admin")
def show() -> Answer:
    return _list()


@guard("admin")
def add() -> Answer:
    """Add an account; only the response shows its password. A form sent again meets an address that is taken."""
    email, role = request.form.get("email", ""), request.form.get("role", "")
    password = accounts.generate_password()
    try:
        account = accounts.create(email, password, _role(role), actor=current_account().email, temporary=True)
    except ValidationFailed as error:
        return _list(email, role, error.errors), HTTPStatus.UNPROCESSABLE_ENTITY
    return render_template("users/secret.html", user=account, password=password, is_new=True)


@guard("admin")
def show_one(account_id: str) -> Answer:
    """One account and the actions on it."""
    return _one(accounts.find(account_id))


@guard("admin")
def change_role(account_id: str) -> Answer:
    """Change the role, from the account's next request on."""
    account = accounts.find(account_id)
    try:
        role = _role(request.form.get("role", ""))
        changed = accounts.set_role(account.email, role, actor=current_account().email, keep_an_admin=True)
    except ValidationFailed as error:
        return _one(account, error.errors), HTTPStatus.UNPROCESSABLE_ENTITY
    return _done(f"{changed.email} now has the role {labels.ROLE[changed.role].word}.", changed)


@guard("admin")
def enable(account_id: str) -> Answer:
    """Let an account sign in again."""
    changed = accounts.set_active(accounts.find(account_id).email, True, actor=current_account().email)
    return _done(f"{changed.email} can sign in again.", changed)


@guard("admin")
def confirm(account_id: str, action: str) -> Answer:
    """Ask for confirmation of an ``action`` that has a page of its own."""
    return render_template(f"users/{action}.html", user=accounts.find(account_id))


@guard("admin")
def disable(account_id: str) -> Answer:
    """Disable an account, which ends its sessions."""
    account = accounts.find(account_id)
    try:
        changed = accounts.set_active(account.email, False, actor=current_account().email, keep_an_admin=True)
    except ValidationFailed as error:
        return _one(account, error.errors), HTTPStatus.UNPROCESSABLE_ENTITY
    return _done(f"{changed.email} was disabled and signed out everywhere.", changed)


@guard("admin")
def reset_password(account_id: str) -> Answer:
    """Generate a new password that only the response shows; a form sent again generates no other."""
    account, epoch = accounts.find(account_id), request.form.get("epoch", "")
    try:
        password = accounts.reset_password(account, _number(epoch), actor=current_account().email)
    except ValidationFailed as error:
        page = render_template("users/password.html", user=account, problem=error.message)
        return page, HTTPStatus.CONFLICT
    return render_template("users/secret.html", user=account, password=password, is_new=False)


def _list(email: str = "", role: str = "", errors: dict[str, list[str]] | None = None) -> str:
    users = [(account, _state(account)) for account in accounts.every()]
    return render_template("users/index.html", users=users, roles=ROLES, email=email, role=role, errors=errors)


def _one(account: Account, errors: dict[str, list[str]] | None = None) -> str:
    return render_template("users/user.html", user=account, state=_state(account), roles=ROLES, errors=errors)


def _done(message: str, changed: Account) -> Response:
    flash(message, "success")
    # An admin who has just given up their own role can no longer open this page.
    is_self = changed.id == current_account().id
    target = "home" if is_self and changed.role is not Role.ADMIN else "users"
    return redirect(url_for(f"dashboards.{target}"), HTTPStatus.SEE_OTHER)


def _state(account: Account) -> Label:
    if not account.active:
        return labels.DISABLED
    return labels.LOCKED if accounts.is_locked(account) else labels.ACTIVE


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        message = "Choose one of the roles."
        raise ValidationFailed(message, errors={"role": [message]}) from None
