"""``flask users``: accounts of the people who use the dashboard.

Uses support.
"""

from __future__ import annotations

import sys
from datetime import datetime

import click

from app.cli.support.group import Group, actor
from app.cli.support.progress import print_table
from app.domain.permissions import Role
from app.models.accounts.users import Account
from app.services import accounts

users = Group("users", help="Manage the accounts that sign in to the dashboard.")


@users.command()
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def create(email: str, role: str, password_stdin: bool) -> None:
    """Add an account; without --password-stdin a password is generated and printed once."""
    chosen = _password(password_stdin)
    account = accounts.create(email, chosen, Role(role), actor=actor())
    click.echo(f"Created {account.email} ({account.role.value}).")
    _show(chosen, password_stdin)


@users.command("list")
def list_() -> None:
    """Show every account."""
    rows = [
        (account.email, account.role.value, _state(account), _time(account.last_login_at))
        for account in accounts.every()
    ]
    if not rows:
        click.echo("There is no account yet. Add one with: flask users create EMAIL --role admin")
        return
    print_table([("EMAIL", "ROLE", "STATE", "LAST LOGIN"), *rows])


@users.command()
@click.argument("email")
def disable(email: str) -> None:
    """Disable an account and end its sessions."""
    account = accounts.set_active(email, False, actor=actor())
    click.echo(f"Disabled {account.email}.")


@users.command()
@click.argument("email")
def enable(email: str) -> None:
    """Enable an account again."""
    account = accounts.set_active(email, True, actor=actor())
    click.echo(f"Enabled {account.email}.")


@users.command()
@click.argument("email")
@click.argument("role", type=click.Choice([role.value for role in Role]))
def role(email: str, role: str) -> None:
    """Give an account another role; it takes effect with the next page."""
    account = accounts.set_role(email, Role(role), actor=actor())
    click.echo(f"{account.email} is {account.role.value} now.")


@users.command()
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def password(email: str, password_stdin: bool) -> None:
    """Give an account another password and end its sessions."""
    chosen = _password(password_stdin)
    account = accounts.set_password(email, chosen, actor=actor())
    click.echo(f"Changed the password of {account.email}.")
    _show(chosen, password_stdin)


def _password(from_stdin: bool) -> str:
    return sys.stdin.readline().rstrip("\r\n") if from_stdin else accounts.generate_password()


def _show(chosen: str, from_stdin: bool) -> None:
    if not from_stdin:
        click.echo(f"Password: {chosen}")
        click.echo("This is the only time it is shown.", err=True)


def _state(account: Account) -> str:
    if not account.active:
        return "disabled"
    return "locked" if accounts.is_locked(account) else "active"


def _time(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment else "never"
