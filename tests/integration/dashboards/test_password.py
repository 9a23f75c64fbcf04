from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.permissions import Role
from app.models.accounts import users
from app.models.audit import entries as audit_entries
from app.services import accounts
from app.services.accounts import MOST_FAILURES
from tests.integration.dashboards.browsing import add, email_of, send, sign_in
from tests.support.passwords import PASSWORD
from tests.support.signed_in import signed_in

PAGE = "/dashboard/account/password"
NEW = "another horse, another staple"
EMAIL = email_of(Role.VIEWER)


@pytest.fixture
def viewer(app: Flask) -> FlaskClient:
    add(app, Role.VIEWER)
    return signed_in(app, EMAIL)


def change(client: FlaskClient, current: str = PASSWORD, password: str = NEW, repeated: str = NEW) -> TestResponse:
    return send(client, PAGE, page=PAGE, current=current, password=password, repeated=repeated)


def test_the_password_changes_and_only_this_browser_stays_signed_in(app: Flask, viewer: FlaskClient) -> None:
    elsewhere = signed_in(app, EMAIL)
    answer = change(viewer)
    assert (answer.status_code, answer.location) == (303, "/")
    assert "Your password was changed" in viewer.get(PAGE).text
    assert elsewhere.get(PAGE).location.startswith("/login")
    sign_in(app, EMAIL, NEW)
    assert accounts.authenticate(EMAIL, PASSWORD) is None
    changed = [entry for entry in audit_entries.walk() if entry["action"] == "user.password_changed"]
    assert [(entry["actor"], entry["target"]) for entry in changed] == [(EMAIL, EMAIL)]
    assert NEW not in str(list(audit_entries.walk()))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"current": "guessed"}, "not your current password"),
        ({"repeated": "something else"}, "do not match"),
        ({"password": "short", "repeated": "short"}, "at least 12"),
        ({"password": "x" * 1025, "repeated": "x" * 1025}, "at most 1024"),
        ({"password": PASSWORD, "repeated": PASSWORD}, "same as the current one"),
        ({"current": ""}, "not your current password"),
        ({"current": "\0$gt"}, "not your current password"),
        ({"current": "\ud7ff" * 2000}, "not your current password"),
    ],
)
def test_a_rejected_field_shows_its_error(viewer: FlaskClient, fields: dict[str, str], message: str) -> None:
    answer = change(viewer, **fields)
    assert answer.status_code == 422
    assert message in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert NEW not in answer.text
    assert accounts.authenticate(EMAIL, PASSWORD) is not None


def test_missing_fields_are_rejected(viewer: FlaskClient) -> None:
    assert send(viewer, PAGE, page=PAGE).status_code == 422


def test_guessing_the_current_password_locks_the_account(viewer: FlaskClient) -> None:
    for _ in range(MOST_FAILURES):
        assert change(viewer, current="guessed").status_code == 422
    answer = change(viewer)
    assert answer.status_code == 422
    assert "locked for 15 minutes" in answer.text
    account = users.find_by_email(EMAIL)
    assert account is not None
    assert accounts.is_locked(account)
    assert accounts.authenticate(EMAIL, PASSWORD) is None


def test_attempts_of_one_address_are_limited(app: Flask, viewer: FlaskClient) -> None:
    for _ in range(20):
        change(viewer, password="x", repeated="y")
    answer = change(viewer)
    assert answer.status_code == 429
    assert "Wait a few minutes" in answer.text


def test_a_form_without_csrf_token_changes_nothing(viewer: FlaskClient) -> None:
    answer = viewer.post(PAGE, data={"current": PASSWORD, "password": NEW, "repeated": NEW})
    assert answer.status_code == 400
    assert accounts.authenticate(EMAIL, PASSWORD) is not None
