"""Accounts of people. Writes are conditional updates, so that two sign-ins at once both count."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from mongoengine import BooleanField, DateTimeField, EnumField, IntField, NotUniqueError, StringField

from app.domain.permissions import Role
from app.ids import is_id, new_id
from app.models.connection import unavailable_as_ours
from app.models.document import IdField, StoredDocument


class Account(StoredDocument):
    """``email`` is in lower case; ``session_epoch`` is raised to end every session of the account.

    Whoever asks for an account gets it without its ``password_hash``.
    """

    id: str = IdField(primary_key=True)
    email: str = StringField(required=True)
    password_hash: str | None = StringField(required=True)
    role: Role = EnumField(Role, required=True)
    active: bool = BooleanField(required=True)
    created_at: datetime = DateTimeField(required=True)
    last_login_at: datetime | None = DateTimeField()
    failed_logins: int = IntField(required=True)
    locked_until: datetime | None = DateTimeField()
    session_epoch: int = IntField(required=True)
    # True while a person other than the owner knows the password.
    password_is_temporary: bool = BooleanField(default=False)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "users",
        "indexes": [
            {"name": "email", "fields": ["email"], "unique": True},
            {"name": "role_active", "fields": ["role", "active"]},
        ],
    }


class EmailTaken(Exception):
    """There is an account with this address."""


def insert(email: str, password_hash: str, role: Role, *, now: datetime, temporary: bool = False) -> Account:
    """Add an account. Raises EmailTaken."""
    account = Account(
        id=new_id(),
        email=email,
        password_hash=password_hash,
        role=role,
        active=True,
        created_at=now,
        failed_logins=0,
        session_epoch=0,
        password_is_temporary=temporary,
    )
    with unavailable_as_ours():
        # The unique index decides between two processes; the look is for a database that has no indexes yet.
        if Account.objects(email=email).only("id").first():
            raise EmailTaken(email)
        try:
            account.save(force_insert=True)
        except NotUniqueError as error:
            raise EmailTaken(email) from error
    account.password_hash = None
    return account


def find(account_id: str) -> Account | None:
    """The account with an id; None for an id that is none."""
    return _one(id=account_id) if is_id(account_id) else None


def find_by_email(email: str) -> Account | None:
    """The account with an address (in lower case)."""
    return _one(email=email)


def every() -> list[Account]:
    """All accounts by address."""
    with unavailable_as_ours():
        return list(Account.objects.exclude("password_hash").order_by("email"))


def password_hash(account_id: str) -> str:
    """What the password of an account is checked against."""
    with unavailable_as_ours():
        account = Account.objects(id=account_id).only("password_hash").first()
    return account.password_hash if account else ""


def set_active(account_id: str, active: bool) -> Account | None:
    """Switch an account on or off; switching it off ends its sessions."""
    return _update(account_id, set__active=active, inc__session_epoch=1)


def set_role(account_id: str, role: Role) -> Account | None:
    """Give an account another role; it counts from the next request on."""
    return _update(account_id, set__role=role)


def is_there_an_admin() -> bool:
    """Whether an account that may sign in is an admin."""
    with unavailable_as_ours():
        return Account.objects(role=Role.ADMIN, active=True).only("id").first() is not None


def set_password(account_id: str, hash_: str, *, temporary: bool = False, epoch: int | None = None) -> Account | None:
    """Replace the password, which also ends a lock and every session.

    With ``epoch`` only where sessions were last ended with that one; None where they were ended since.
    """
    return _update(
        account_id,
        {} if epoch is None else {"session_epoch": epoch},
        set__password_hash=hash_,
        set__failed_logins=0,
        set__password_is_temporary=temporary,
        inc__session_epoch=1,
        unset__locked_until=True,
    )


def rehash_password(account_id: str, hash_: str) -> None:
    """Keep the same password by another hash."""
    _update(account_id, set__password_hash=hash_)


def count_failure(account_id: str) -> int:
    """Add one failed sign-in; returns how many there are since the last success or lock."""
    account = _update(account_id, inc__failed_logins=1)
    return account.failed_logins if account else 0


def lock(account_id: str, *, until: datetime) -> None:
    """Refuse sign-ins until a moment, and reset the count of failures."""
    _update(account_id, set__locked_until=until, set__failed_logins=0)


def signed_in(account_id: str, *, now: datetime) -> Account | None:
    """Note a successful sign-in."""
    return _update(account_id, set__last_login_at=now, set__failed_logins=0, unset__locked_until=True)


def _update(account_id: str, only_where: dict[str, Any] | None = None, **change: Any) -> Account | None:
    """The account after ``change``; None where there is none."""
    with unavailable_as_ours():
        accounts = Account.objects(id=account_id, **(only_where or {})).exclude("password_hash")
        return accounts.modify(new=True, **change)  # type: ignore[no-any-return]


def _one(**where: str) -> Account | None:
    with unavailable_as_ours():
        return Account.objects(**where).exclude("password_hash").first()  # type: ignore[no-any-return]
