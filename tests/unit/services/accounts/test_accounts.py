from __future__ import annotations

import time
from datetime import timedelta

import pytest
import time_machine
from argon2 import PasswordHasher

from app.clock import now
from app.domain.permissions import Role
from app.errors import NotFound, ValidationFailed
from app.models.accounts import users
from app.models.audit import entries as audit_entries
from app.services import accounts, audit
from app.services.accounts import LOCK, MOST_FAILURES
from app.services.audit import Action
from tests.support.passwords import cheap_hash

EMAIL = "ada@example.com"
PASSWORD = "correct horse battery staple"


@pytest.fixture
def ada() -> None:
    users.insert(EMAIL, cheap_hash(PASSWORD), Role.FINANCE, now=now())
    audit.append(Action.USER_CREATED, actor="test", target=EMAIL)


def actions() -> list[str]:
    return [entry["action"] for entry in audit_entries.walk()]


def wrong(times: int) -> None:
    for _ in range(times):
        assert accounts.authenticate(EMAIL, "not the password") is None


def test_addresses_are_kept_in_lower_case_and_once() -> None:
    account = accounts.create("  Ada@Example.COM ", PASSWORD, Role.ADMIN, actor="test")
    assert (account.email, account.role, account.active) == (EMAIL, Role.ADMIN, True)
    with pytest.raises(ValidationFailed, match="already an account"):
        accounts.create("ADA@example.com", PASSWORD, Role.VIEWER, actor="test")
    assert actions() == ["user.created"]


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@", "@example.com", "a b@example.com", "a@b\n.com", "a" * 250 + "@x.de"]
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(ValidationFailed, match="not an e-mail address"):
        accounts.create(email, PASSWORD, Role.VIEWER, actor="test")


@pytest.mark.parametrize("password", ["", "elevenchars", "x" * 1025])
def test_passwords_have_a_least_and_a_greatest_length(password: str) -> None:
    with pytest.raises(ValidationFailed, match="characters"):
        accounts.create(EMAIL, password, Role.VIEWER, actor="test")
    assert accounts.every() == []


def test_the_password_is_stored_as_argon2id_only() -> None:
    account = accounts.create(EMAIL, PASSWORD, Role.FINANCE, actor="test")
    assert users.password_hash(account.id).startswith("$argon2id$")


def test_signing_in_needs_the_right_password(ada: None) -> None:
    wrong(1)
    account = accounts.authenticate(" ADA@example.com", PASSWORD, address="192.0.2.1")
    assert account is not None
    assert account.last_login_at is not None
    assert account.failed_logins == 0
    assert actions() == ["user.created", "login.failed", "login.succeeded"]


def test_a_wrong_address_is_answered_like_a_wrong_password_and_as_late(ada: None) -> None:
    def seconds(email: str) -> float:
        started = time.perf_counter()
        assert accounts.authenticate(email, "not the password") is None
        return time.perf_counter() - started

    assert seconds(EMAIL) >= 0.25
    assert seconds("nobody@example.com") >= 0.25


def test_ten_wrong_passwords_lock_the_account_for_a_quarter_of_an_hour(
    ada: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "_REFUSAL_SECONDS", 0)
    wrong(MOST_FAILURES - 1)
    assert accounts.authenticate(EMAIL, PASSWORD) is not None
    wrong(MOST_FAILURES)
    assert accounts.authenticate(EMAIL, PASSWORD) is None
    assert actions().count("login.locked") == 1
    with time_machine.travel(now() + LOCK - timedelta(seconds=30)):
        assert accounts.authenticate(EMAIL, PASSWORD) is None
    with time_machine.travel(now() + LOCK + timedelta(seconds=1)):
        account = accounts.authenticate(EMAIL, PASSWORD)
    assert account is not None
    assert account.locked_until is None


def test_switching_an_account_off_ends_its_sessions_for_good(ada: None) -> None:
    account = accounts.authenticate(EMAIL, PASSWORD)
    assert account is not None
    session = accounts.begin_session(account)
    assert accounts.of_session(account.id, account.session_epoch, session)
    accounts.set_active(EMAIL, False, actor="test")
    assert accounts.of_session(account.id, account.session_epoch, session) is None
    assert accounts.authenticate(EMAIL, PASSWORD) is None
    accounts.set_active(EMAIL, True, actor="test")
    assert accounts.of_session(account.id, account.session_epoch, session) is None
    assert accounts.authenticate(EMAIL, PASSWORD) is not None


def test_another_password_ends_sessions(ada: None) -> None:
    account = accounts.authenticate(EMAIL, PASSWORD)
    assert account is not None
    session = accounts.begin_session(account)
    accounts.set_password(EMAIL, "another long password", actor="test")
    assert accounts.of_session(account.id, account.session_epoch, session) is None
    assert accounts.authenticate(EMAIL, PASSWORD) is None
    assert accounts.authenticate(EMAIL, "another long password") is not None


def test_a_try_with_an_unknown_address_is_logged_without_what_was_typed(ada: None) -> None:
    assert accounts.authenticate("correct horse", "ada@example.com", address="192.0.2.1") is None
    entry = [*audit_entries.walk()][-1]
    assert (entry["action"], entry["actor"], entry["target"]) == ("login.failed", "nobody", None)
    assert entry["details"] == {"address": "192.0.2.1", "reason": "unknown address"}


def test_signing_out_ends_one_session_and_a_session_is_of_one_account(ada: None) -> None:
    account = accounts.authenticate(EMAIL, PASSWORD)
    other = accounts.create("bob@example.com", PASSWORD, Role.ADMIN, actor="test")
    assert account is not None
    first, second = accounts.begin_session(account), accounts.begin_session(account)
    accounts.sign_out(account, first)
    assert accounts.of_session(account.id, account.session_epoch, first) is None
    assert accounts.of_session(account.id, account.session_epoch, second)
    assert accounts.of_session(other.id, other.session_epoch, second) is None
    assert actions()[-1] == "logout"


def test_a_hash_of_older_parameters_is_replaced_at_sign_in(ada: None) -> None:
    account = users.find_by_email(EMAIL)
    assert account is not None
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    users.rehash_password(account.id, old)
    assert accounts.authenticate(EMAIL, PASSWORD) is not None
    assert users.password_hash(account.id) != old
    assert accounts.authenticate(EMAIL, PASSWORD) is not None


def test_an_account_that_does_not_exist_cannot_be_changed() -> None:
    with pytest.raises(NotFound, match="There is no account"):
        accounts.set_active("nobody@example.com", False, actor="test")
    assert accounts.of_session("not an id", 0, "no session") is None


def test_generated_passwords_are_good_enough_and_differ() -> None:
    made = {accounts.generate_password() for _ in range(20)}
    assert len(made) == 20
    assert all(len(password) >= accounts.SHORTEST_PASSWORD for password in made)
