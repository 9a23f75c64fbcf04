from __future__ import annotations

from flask import Flask

from app.domain.permissions import Role
from app.models.audit.entries import walk
from app.services import accounts
from tests.integration.cli.conftest import Run

PASSWORD = "correct horse battery staple"


def test_a_password_is_generated_printed_once_and_works(app: Flask, run: Run) -> None:
    result = run("users", "create", "Ada@Example.com", "--role", "admin")
    assert result.exit_code == 0, result.output
    assert "Created ada@example.com (admin)." in result.stdout
    password = result.stdout.split("Password: ")[1].strip()
    with app.app_context():
        account = accounts.authenticate("ada@example.com", password)
    assert account is not None
    assert account.role is Role.ADMIN
    assert password not in run("users", "list").output


def test_a_password_can_come_from_standard_input(app: Flask, run: Run) -> None:
    result = run("users", "create", "ada@example.com", "--role", "viewer", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert result.exit_code == 0, result.output
    assert PASSWORD not in result.output
    with app.app_context():
        assert accounts.authenticate("ada@example.com", PASSWORD) is not None


def test_a_creation_that_fails_is_a_sentence_and_exit_code_1(run: Run) -> None:
    assert run("users", "create", "ada@example.com", "--role", "viewer").exit_code == 0
    for email, message in (("ADA@example.com", "already an account"), ("ada", "is not an e-mail address")):
        result = run("users", "create", email, "--role", "viewer")
        assert result.exit_code == 1
        assert message in result.stderr
        assert "Traceback" not in result.output
    short = run("users", "create", "bob@example.com", "--role", "viewer", "--password-stdin", stdin="short\n")
    assert (short.exit_code, "at least 12" in short.stderr) == (1, True)
    assert run("users", "create", "bob@example.com", "--role", "owner").exit_code == 2


def test_the_list_shows_roles_and_states(app: Flask, run: Run) -> None:
    assert "no account yet" in run("users", "list").stdout
    with app.app_context():
        accounts.create("ada@example.com", PASSWORD, Role.ADMIN, actor="test")
        accounts.create("bob@example.com", PASSWORD, Role.VIEWER, actor="test")
        accounts.authenticate("ada@example.com", PASSWORD)
    assert run("users", "disable", "bob@example.com").exit_code == 0
    listed = run("users", "list").stdout.splitlines()
    assert [line.split()[:3] for line in listed[1:]] == [
        ["ada@example.com", "admin", "active"],
        ["bob@example.com", "viewer", "disabled"],
    ]
    assert listed[1].endswith("UTC")
    assert listed[2].endswith("never")


def test_disable_enable_and_a_new_password(app: Flask, run: Run) -> None:
    run("users", "create", "ada@example.com", "--role", "finance", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert "Disabled ada@example.com." in run("users", "disable", "ADA@example.com").stdout
    with app.app_context():
        assert accounts.authenticate("ada@example.com", PASSWORD) is None
    assert run("users", "enable", "ada@example.com").exit_code == 0
    changed = run("users", "password", "ada@example.com")
    password = changed.stdout.split("Password: ")[1].strip()
    with app.app_context():
        assert accounts.authenticate("ada@example.com", PASSWORD) is None
        assert accounts.authenticate("ada@example.com", password) is not None
        entries = [(entry["action"], entry["actor"].split(" (")[0]) for entry in walk()]
    for action in ("user.created", "user.disabled", "user.enabled", "user.password_changed"):
        assert (action, "command line") in entries


def test_commands_for_unknown_accounts_say_so(run: Run) -> None:
    for command in ("disable", "enable", "password"):
        result = run("users", command, "nobody@example.com")
        assert result.exit_code == 1
        assert "There is no account nobody@example.com." in result.stderr


def test_a_role_can_be_changed_even_of_the_last_admin(app: Flask, run: Run) -> None:
    """Who has a shell on the server can always make another admin."""
    with app.app_context():
        accounts.create("ada@example.com", PASSWORD, Role.ADMIN, actor="test")
    result = run("users", "role", "ADA@example.com", "viewer")
    assert (result.exit_code, result.stdout) == (0, "ada@example.com is viewer now.\n")
    assert [entry["action"] for entry in walk()] == ["user.created", "user.role_changed"]
    assert run("users", "role", "bob@example.com", "viewer").exit_code == 1
    assert run("users", "role", "ada@example.com", "owner").exit_code == 2
