"""Accounts of the people who use the dashboard: made by commands and by admins, checked when they sign in.

Passwords are hashed with argon2id. Ten wrong passwords lock an account for 15 minutes. An unknown address gets the same
answer after the same time as a wrong password, so that nobody learns which addresses have an account.

Uses audit.
"""

from __future__ import annotations

import re
import secrets
import time
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app import telemetry
from app.clock import now
from app.domain.permissions import Role
from app.errors import NotFound, ValidationFailed
from app.models.accounts import sessions, users
from app.models.accounts.users import Account, EmailTaken
from app.services import audit
from app.services.audit import Action

MOST_FAILURES = 10
LOCK = timedelta(minutes=15)
SHORTEST_PASSWORD = 12
# Long enough for every passphrase; without a limit, a request could make the server hash megabytes.
LONGEST_PASSWORD = 1024
LONGEST_EMAIL = 254
# The actor in the audit log when an address has no account.
NOBODY = "nobody"

_LAST_ADMIN = "This is the last admin. Make another user admin first."
_EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")
_hasher = PasswordHasher()
# Every refusal takes at least this long, so that its duration does not show the writes for a known address.
_REFUSAL_SECONDS = 0.25
# The hash that is checked for an address without an account, so that it takes as long as any other.
_NO_HASH = _hasher.hash(secrets.token_urlsafe(16))


def create(email: str, password: str, role: Role, *, actor: str, temporary: bool = False) -> Account:
    """Add an account; a ``temporary`` password must be changed at the first sign-in.

    Raises ValidationFailed for a bad address or password, or an address that is taken.
    """
    address = _address(email)
    if not _EMAIL.fullmatch(address) or len(address) > LONGEST_EMAIL:
        raise _invalid("email", f"{email!r} is not an e-mail address.")
    _check_password(password)
    try:
        account = users.insert(address, _hasher.hash(password), role, now=now(), temporary=temporary)
    except EmailTaken as error:
        raise _invalid("email", f"There is already an account with the address {address}.") from error
    audit.append(Action.USER_CREATED, actor=actor, target=address, details={"role": role.value})
    return account


def generate_password() -> str:
    """A password that nobody can guess: 120 random bits."""
    return secrets.token_urlsafe(15)


def every() -> list[Account]:
    """All accounts by address."""
    return users.every()


def find(account_id: str) -> Account:
    """The account with an id. Raises NotFound."""
    account = users.find(account_id)
    if account is None:
        raise NotFound("This account does not exist.")
    return account


def is_locked(account: Account) -> bool:
    """Whether sign-ins are refused for a while after too many wrong passwords."""
    return account.locked_until is not None and account.locked_until > now()


def set_role(email: str, role: Role, *, actor: str, keep_an_admin: bool = False) -> Account:
    """Give an account another role, from its next request on. Raises NotFound.

    ``keep_an_admin`` refuses to change the last admin (ValidationFailed). Commands do not set it: whoever has a shell
    on the server can always make another admin.
    """
    before = _named(email)
    if before.role is role:
        return before
    account = _present(users.set_role(before.id, role), email)
    # Looked at afterwards and undone: of two admins who demote each other at once, at most one succeeds.
    if keep_an_admin and before.role is Role.ADMIN and not users.is_there_an_admin():
        users.set_role(before.id, before.role)
        raise _invalid("role", _LAST_ADMIN)
    details = {"before": before.role.value, "role": role.value}
    audit.append(Action.ROLE_CHANGED, actor=actor, target=account.email, details=details)
    return account


def set_active(email: str, active: bool, *, actor: str, keep_an_admin: bool = False) -> Account:
    """Enable or disable an account; disabling ends its sessions. Raises NotFound; see ``set_role``."""
    before = _named(email)
    account = _present(users.set_active(before.id, active), email)
    if keep_an_admin and before.role is Role.ADMIN and not active and not users.is_there_an_admin():
        users.set_active(before.id, True)
        raise _invalid("active", _LAST_ADMIN)
    audit.append(Action.USER_ENABLED if active else Action.USER_DISABLED, actor=actor, target=account.email)
    return account


def set_password(email: str, password: str, *, actor: str) -> Account:
    """Set a new password and end the account's sessions. Raises NotFound, ValidationFailed."""
    _check_password(password)
    account = _named(email)
    users.set_password(account.id, _hasher.hash(password))
    audit.append(Action.PASSWORD_CHANGED, actor=actor, target=account.email)
    return account


def reset_password(account: Account, epoch: int, *, actor: str) -> str:
    """A new password, to be changed at the next sign-in; it ends the account's sessions.

    ``epoch`` is the account's ``session_epoch`` at the time of the request, so that one request makes one password.
    Raises ValidationFailed when the sessions were ended since.
    """
    password = generate_password()
    if users.set_password(account.id, _hasher.hash(password), temporary=True, epoch=epoch) is None:
        raise _invalid("epoch", "This form was already used, or the account has changed since. Nothing was changed.")
    audit.append(Action.PASSWORD_CHANGED, actor=actor, target=account.email)
    return password


def change_password(account: Account, current: str, password: str, *, address: str | None = None) -> Account:
    """Change one's own password; every session ends, so the caller begins a new one.

    A wrong current password counts like one at sign-in. Raises ValidationFailed, naming the field.
    """
    started = time.monotonic()
    if is_locked(account):
        raise _invalid(
            "current", "After ten incorrect passwords your account is locked for 15 minutes. Try again then."
        )
    if not _matches(users.password_hash(account.id), current):
        _failed(account, address, "wrong current password")
        time.sleep(max(0.0, started + _REFUSAL_SECONDS - time.monotonic()))
        raise _invalid("current", "This is not your current password.")
    _check_password(password)
    if password == current:
        raise _invalid("password", "The new password is the same as the current one.")
    changed = users.set_password(account.id, _hasher.hash(password))
    audit.append(Action.PASSWORD_CHANGED, actor=account.email, target=account.email, details=_details(address))
    return _present(changed, account.email)


def authenticate(email: str, password: str, *, address: str | None = None) -> Account | None:
    """The account when the password is right and the account may be used; None gives no reason.

    ``address`` is where the request came from, for the audit log.
    """
    started = time.monotonic()
    account = _authenticated(email, password, address)
    if account is None:
        time.sleep(max(0.0, started + _REFUSAL_SECONDS - time.monotonic()))
    return account


def begin_session(account: Account) -> str:
    """The id of a new session, for an account whose password was right just now."""
    session_id = secrets.token_urlsafe(16)
    sessions.begin(session_id, account.id)
    return session_id


def of_session(account_id: str, epoch: int, session_id: str) -> Account | None:
    """The account behind a session, unless the session was ended (signed out, disabled, new password)."""
    account = users.find(account_id)
    if account is None or not account.active or account.session_epoch != epoch:
        return None
    return account if sessions.is_open(session_id, account_id) else None


def sign_out(account: Account, session_id: str, *, address: str | None = None) -> None:
    """End one session for good, also where its cookie was copied; other browsers stay signed in."""
    sessions.end(session_id)
    audit.append(Action.SIGNED_OUT, actor=account.email, details=_details(address))


def _authenticated(email: str, password: str, address: str | None) -> Account | None:
    account = users.find_by_email(_address(email))
    stored = users.password_hash(account.id) if account else _NO_HASH
    # The hash is checked even for accounts that are locked or disabled, because checking it takes the time.
    right = _matches(stored, password)
    if account is None:
        telemetry.signed_in("failed")
        # The entry is not kept: it may be a stranger's address, or a password in the wrong field.
        audit.append(Action.SIGN_IN_FAILED, actor=NOBODY, details=_details(address, "unknown address"))
        return None
    if not account.active or is_locked(account):
        telemetry.signed_in("locked")
        audit.append(Action.SIGN_IN_FAILED, actor=account.email, details=_details(address, "locked or disabled"))
        return None
    if not right:
        telemetry.signed_in("failed")
        _failed(account, address)
        return None
    if _hasher.check_needs_rehash(stored):
        users.rehash_password(account.id, _hasher.hash(password))
    telemetry.signed_in("succeeded")
    audit.append(Action.SIGNED_IN, actor=account.email, details=_details(address))
    return users.signed_in(account.id, now=now())


def _failed(account: Account, address: str | None, reason: str = "wrong password") -> None:
    audit.append(Action.SIGN_IN_FAILED, actor=account.email, details=_details(address, reason))
    if users.count_failure(account.id) >= MOST_FAILURES:
        users.lock(account.id, until=now() + LOCK)
        audit.append(Action.ACCOUNT_LOCKED, actor=account.email, details=_details(address))


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


def _check_password(password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise _invalid("password", f"Use at least {SHORTEST_PASSWORD} characters.")
    if len(password) > LONGEST_PASSWORD:
        raise _invalid("password", f"Use at most {LONGEST_PASSWORD} characters.")


def _named(email: str) -> Account:
    return _present(users.find_by_email(_address(email)), email)


def _present(account: Account | None, email: str) -> Account:
    if account is None:
        raise NotFound(f"There is no account {_address(email)}.")
    return account


def _address(email: str) -> str:
    return email.strip().lower()


def _details(address: str | None, reason: str | None = None) -> dict[str, str]:
    return {name: value for name, value in {"address": address, "reason": reason}.items() if value}


def _invalid(field: str, message: str) -> ValidationFailed:
    return ValidationFailed(message, errors={field: [message]})
