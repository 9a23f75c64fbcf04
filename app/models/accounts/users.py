"""Accounts of people. Writes are conditional updates, so that two sign-ins at once both count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import ObjectId
from mongoengine import BooleanField, DateTimeField, Document, IntField, StringField
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from app.domain.permissions import Role
from app.models.connection import raw, unavailable_as_ours


class User(Document):
    """``email`` is in lower case; ``session_epoch`` is raised to end every session of the account."""

    email = StringField(required=True)
    password_hash = StringField(required=True)
    role = StringField(required=True, choices=[role.value for role in Role])
    active = BooleanField(required=True)
    created_at = DateTimeField(required=True)
    last_login_at = DateTimeField()
    failed_logins = IntField(required=True)
    locked_until = DateTimeField()
    session_epoch = IntField(required=True)
    # True while somebody else knows the password.
    password_is_temporary = BooleanField()

    meta = {
        "collection": "users",
        "auto_create_index": False,
        "indexes": [
            {"name": "email", "fields": ["email"], "unique": True},
            {"name": "role_active", "fields": ["role", "active"]},
        ],
    }


class EmailTaken(Exception):
    """There is an account with this address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as everybody but the password check sees it."""

    id: str
    email: str
    role: Role
    active: bool
    created_at: datetime
    last_login_at: datetime | None
    failed_logins: int
    locked_until: datetime | None
    session_epoch: int
    password_is_temporary: bool


def insert(email: str, password_hash: str, role: Role, *, now: datetime, temporary: bool = False) -> Account:
    """Add an account. Raises EmailTaken."""
    row = {
        "_id": ObjectId(),
        "email": email,
        "password_hash": password_hash,
        "role": role.value,
        "active": True,
        "created_at": now,
        "failed_logins": 0,
        "session_epoch": 0,
        "password_is_temporary": temporary,
    }
    with unavailable_as_ours():
        # The unique index decides between two processes; the look is for a database that has no indexes yet.
        if raw(User).find_one({"email": email}, {"_id": 1}):
            raise EmailTaken(email)
        try:
            raw(User).insert_one(row)
        except DuplicateKeyError as error:
            raise EmailTaken(email) from error
    return _account(row)


def find(account_id: str) -> Account | None:
    """The account with an id; None for an id that is none."""
    return _one({"_id": ObjectId(account_id)}) if ObjectId.is_valid(account_id) else None


def find_by_email(email: str) -> Account | None:
    """The account with an address (in lower case)."""
    return _one({"email": email})


def every() -> list[Account]:
    """All accounts by address."""
    with unavailable_as_ours():
        return [_account(row) for row in raw(User).find().sort("email", 1)]


def password_hash(account_id: str) -> str:
    """What the password of an account is checked against."""
    with unavailable_as_ours():
        row = raw(User).find_one({"_id": ObjectId(account_id)}, {"password_hash": 1})
    return str(row["password_hash"]) if row else ""


def set_active(account_id: str, active: bool) -> Account | None:
    """Switch an account on or off; switching it off ends its sessions."""
    return _update(account_id, {"$set": {"active": active}, "$inc": {"session_epoch": 1}})


def set_role(account_id: str, role: Role) -> Account | None:
    """Give an account another role; it counts from the next request on."""
    return _update(account_id, {"$set": {"role": role.value}})


def is_there_an_admin() -> bool:
    """Whether an account that may sign in is an admin."""
    with unavailable_as_ours():
        return raw(User).find_one({"role": Role.ADMIN.value, "active": True}, {"_id": 1}) is not None


def set_password(
    account_id: str, hash_: str, *, temporary: bool = False, epoch: int | None = None
) -> Account | None:
    """Replace the password, which also ends a lock and every session.

    With ``epoch`` only where sessions were last ended with that one; None where they were ended since.
    """
    change = {
        "$set": {"password_hash": hash_, "failed_logins": 0, "password_is_temporary": temporary},
        "$inc": {"session_epoch": 1},
        "$unset": {"locked_until": ""},
    }
    return _update(account_id, change, {} if epoch is None else {"session_epoch": epoch})


def rehash_password(account_id: str, hash_: str) -> None:
    """Keep the same password by another hash."""
    _update(account_id, {"$set": {"password_hash": hash_}})


def count_failure(account_id: str) -> int:
    """Add one failed sign-in; returns how many there are since the last success or lock."""
    account = _update(account_id, {"$inc": {"failed_logins": 1}})
    return account.failed_logins if account else 0


def lock(account_id: str, *, until: datetime) -> None:
    """Refuse sign-ins for a while, and begin to count anew."""
    _update(account_id, {"$set": {"locked_until": until, "failed_logins": 0}})


def signed_in(account_id: str, *, now: datetime) -> Account | None:
    """Note a successful sign-in."""
    change = {"$set": {"last_login_at": now, "failed_logins": 0}, "$unset": {"locked_until": ""}}
    return _update(account_id, change)


def _update(account_id: str, change: dict[str, Any], where: dict[str, Any] | None = None) -> Account | None:
    query = {"_id": ObjectId(account_id), **(where or {})}
    with unavailable_as_ours():
        row = raw(User).find_one_and_update(query, change, return_document=ReturnDocument.AFTER)
    return _account(row) if row else None


def _one(query: dict[str, Any]) -> Account | None:
    with unavailable_as_ours():
        row = raw(User).find_one(query)
    return _account(row) if row else None


def _account(row: dict[str, Any]) -> Account:
    return Account(
        id=str(row["_id"]),
        email=row["email"],
        role=Role(row["role"]),
        active=row["active"],
        created_at=row["created_at"],
        last_login_at=row.get("last_login_at"),
        failed_logins=row["failed_logins"],
        locked_until=row.get("locked_until"),
        session_epoch=row["session_epoch"],
        password_is_temporary=row.get("password_is_temporary", False),
    )
