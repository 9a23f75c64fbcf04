from __future__ import annotations

import contextlib
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.permissions import Role
from app.errors import ValidationFailed
from app.models.accounts import users
from app.models.accounts.users import Account
from app.models.audit import entries as audit_entries
from app.services import accounts
from tests.integration.dashboards.browsing import add, email_of, send, sign_in
from tests.support.passwords import PASSWORD
from tests.support.signed_in import signed_in

PAGE = "/dashboard/users"
ADMIN, VIEWER = email_of(Role.ADMIN), email_of(Role.VIEWER)


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    add(app, Role.ADMIN, Role.VIEWER)
    return signed_in(app, ADMIN)


def account_of(email: str) -> Account:
    account = users.find_by_email(email)
    assert account is not None
    return account


def act(client: FlaskClient, email: str, what: str, **fields: str) -> TestResponse:
    return send(client, f"{PAGE}/{account_of(email).id}/{what}", page=PAGE, **fields)


def reset(client: FlaskClient, epoch: int | str) -> TestResponse:
    """Send the form that resets the viewer's password, as it was while ``epoch`` held."""
    return act(client, VIEWER, "password", epoch=str(epoch))


def last_entry() -> tuple[str, str, str]:
    entry = audit_entries.last()
    assert entry is not None
    return entry["action"], entry["actor"], entry["target"]


def shown_password(answer: TestResponse) -> str:
    match = re.search(r'class="secret">([^<]+)<', answer.text)
    assert match
    return match[1]


def test_the_list_shows_every_account(admin: FlaskClient) -> None:
    page = admin.get(PAGE).text
    assert page.count('data-label="E-mail"') == 2
    assert ADMIN in page
    assert "Never" in page


def test_a_new_user_gets_a_password_that_is_shown_once(app: Flask, admin: FlaskClient) -> None:
    answer = send(admin, PAGE, page=PAGE, email="Ada@example.com", role="finance")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    password = shown_password(answer)
    assert last_entry() == ("user.created", ADMIN, "ada@example.com")
    sign_in(app, "ada@example.com", password)
    assert password not in admin.get(PAGE).text
    assert password not in str(list(audit_entries.walk()))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"email": "ada", "role": "viewer"}, "is not an e-mail address"),
        ({"email": VIEWER, "role": "viewer"}, "already an account"),
        ({"email": "ada@example.com", "role": "owner"}, "Choose one of the roles"),
        ({"email": "ada@example.com"}, "Choose one of the roles"),
        ({"role": "viewer"}, "is not an e-mail address"),
        ({"email": "a\0@example.com", "role": "viewer"}, "is not an e-mail address"),
        ({"email": "a" * 300 + "@example.com", "role": "viewer"}, "is not an e-mail address"),
        ({"email": "<b>@x", "role": "$ne"}, "Choose one of the roles"),
    ],
)
def test_a_rejected_field_shows_its_error(admin: FlaskClient, fields: dict[str, str], message: str) -> None:
    answer = send(admin, PAGE, page=PAGE, **fields)
    assert answer.status_code == 422
    assert message in answer.text
    assert "<b>@x" not in answer.text
    assert len(accounts.every()) == 2


def test_a_new_role_takes_effect_on_the_next_page(app: Flask, admin: FlaskClient) -> None:
    viewer = signed_in(app, VIEWER)
    assert viewer.get(PAGE).status_code == 403
    assert act(admin, VIEWER, "role", role="admin").status_code == 303
    assert last_entry() == ("user.role_changed", ADMIN, VIEWER)
    assert viewer.get(PAGE).status_code == 200


def test_the_same_role_again_changes_nothing(admin: FlaskClient) -> None:
    act(admin, VIEWER, "role", role="viewer")
    assert last_entry()[0] == "user.created"


@pytest.mark.parametrize("role", ["viewer", "finance"])
def test_the_last_admin_stays_admin(admin: FlaskClient, role: str) -> None:
    answer = act(admin, ADMIN, "role", role=role)
    assert answer.status_code == 422
    assert "last admin" in answer.text
    assert account_of(ADMIN).role is Role.ADMIN


def test_the_last_admin_cannot_be_disabled(admin: FlaskClient) -> None:
    accounts.create("off@example.com", PASSWORD, Role.ADMIN, actor="test")
    accounts.set_active("off@example.com", False, actor="test")
    answer = act(admin, ADMIN, "disable")
    assert answer.status_code == 422
    assert "last admin" in answer.text
    assert account_of(ADMIN).active


def test_of_two_admins_who_demote_each_other_one_stays(app: Flask, admin: FlaskClient) -> None:
    accounts.set_role(VIEWER, Role.ADMIN, actor="test")

    def demote(email: str) -> None:
        with contextlib.suppress(ValidationFailed):
            accounts.set_role(email, Role.VIEWER, actor="test", keep_an_admin=True)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(demote, [ADMIN, VIEWER]))
    assert users.is_there_an_admin()


def test_an_admin_who_gives_up_the_role_is_redirected_to_an_allowed_page(admin: FlaskClient) -> None:
    accounts.set_role(VIEWER, Role.ADMIN, actor="test")
    answer = act(admin, ADMIN, "role", role="viewer")
    assert (answer.status_code, answer.location) == (303, "/")
    assert admin.get(PAGE).status_code == 403


def test_disabling_is_confirmed_first_and_ends_the_sessions(app: Flask, admin: FlaskClient) -> None:
    viewer = signed_in(app, VIEWER)
    address = f"{PAGE}/{account_of(VIEWER).id}/disable"
    assert f"Disable {VIEWER}?" in admin.get(address).text
    assert account_of(VIEWER).active
    assert act(admin, VIEWER, "disable").status_code == 303
    assert last_entry() == ("user.disabled", ADMIN, VIEWER)
    assert viewer.get("/dashboard/account/password").status_code == 302
    assert act(admin, VIEWER, "enable").status_code == 303
    assert last_entry() == ("user.enabled", ADMIN, VIEWER)
    sign_in(app, VIEWER)


def test_a_password_reset_is_confirmed_first_and_lifts_a_lock(app: Flask, admin: FlaskClient) -> None:
    viewer = signed_in(app, VIEWER)
    for _ in range(10):
        accounts.authenticate(VIEWER, "guessed")
    assert "Locked" in admin.get(PAGE).text
    assert "Reset the password" in admin.get(f"{PAGE}/{account_of(VIEWER).id}/password").text
    password = shown_password(reset(admin, account_of(VIEWER).session_epoch))
    assert last_entry() == ("user.password_changed", ADMIN, VIEWER)
    assert viewer.get("/dashboard/account/password").status_code == 302
    sign_in(app, VIEWER, password)


def test_a_reset_form_generates_one_password_however_often_it_is_sent(app: Flask, admin: FlaskClient) -> None:
    epoch = account_of(VIEWER).session_epoch
    password = shown_password(reset(admin, epoch))
    again = reset(admin, epoch)
    assert again.status_code == 409
    assert "This form was already used" in again.text and "secret" not in again.text
    sign_in(app, VIEWER, password)
    # The response asks once more, and that form works.
    new_epoch = re.search(r'name="epoch" value="(\d+)"', again.text)
    assert new_epoch and reset(admin, int(new_epoch[1])).status_code == 200
    assert [reset(admin, text).status_code for text in ("", "x", "-1", "9" * 50, "²")] == [409] * 5


def test_a_generated_password_must_be_changed_before_any_other_page(app: Flask, admin: FlaskClient) -> None:
    password = shown_password(send(admin, PAGE, page=PAGE, email="ada@example.com", role="finance"))
    ada = sign_in(app, "ada@example.com", password)
    for page in ("/dashboard", "/dashboard/payments", "/dashboard/payments.csv"):
        assert ada.get(page).location == "/dashboard/account/password", page
    form = "/dashboard/account/password"
    assert "An admin generated your current password" in ada.get(form).text
    fields = {"current": password, "password": "only ada knows this", "repeated": "only ada knows this"}
    assert send(ada, form, page=form, **fields).status_code == 303
    assert ada.get("/dashboard/payments").status_code == 200
    assert "An admin generated" not in ada.get(form).text
    reset(admin, account_of(VIEWER).session_epoch)
    assert account_of(VIEWER).password_is_temporary and not account_of(ADMIN).password_is_temporary


@pytest.mark.parametrize("account_id", ["0" * 24, "nobody", "$ne", "%00", "a" * 500])
@pytest.mark.parametrize("what", ["", "/disable", "/password"])
def test_an_unknown_account_is_not_found(admin: FlaskClient, account_id: str, what: str) -> None:
    answer = admin.get(f"{PAGE}/{account_id}{what}")
    assert answer.status_code == 404
    assert "This account does not exist." in answer.text


def test_nothing_changes_without_csrf_token(admin: FlaskClient) -> None:
    before = accounts.every()
    one = f"{PAGE}/{account_of(VIEWER).id}"
    for path in (PAGE, f"{one}/role", f"{one}/disable", f"{one}/enable", f"{one}/password"):
        answer = admin.post(path, data={"email": "x@example.com", "role": "admin"})
        assert answer.status_code == 400, path
    assert accounts.every() == before
