"""The sessions of people who are signed in: one row each, so that signing out ends more than the cookie."""

from __future__ import annotations

from typing import Any, ClassVar

from bson import ObjectId
from mongoengine import DateTimeField, Document, ObjectIdField, StringField

from app.models.connection import raw, unavailable_as_ours

LIFETIME_SECONDS = 12 * 3600


class UserSession(Document):
    """Its id is random and only in the signed cookie; MongoDB removes the row when the session is over."""

    id = StringField(primary_key=True)
    account_id = ObjectIdField(required=True)
    started_at = DateTimeField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "user_sessions",
        "auto_create_index": False,
        "indexes": [{"name": "lifetime", "fields": ["started_at"], "expireAfterSeconds": LIFETIME_SECONDS}],
    }


def begin(session_id: str, account_id: str) -> None:
    """Note a session that begins, by the clock that will judge when it is over."""
    row = {"$set": {"account_id": ObjectId(account_id)}, "$currentDate": {"started_at": True}}
    with unavailable_as_ours():
        raw(UserSession).update_one({"_id": session_id}, row, upsert=True)


def is_open(session_id: str, account_id: str) -> bool:
    """False once the session was ended, or for another account's."""
    with unavailable_as_ours():
        found = raw(UserSession).find_one({"_id": session_id})
    return bool(found and str(found["account_id"]) == account_id)


def end(session_id: str) -> None:
    """End the session, whoever still holds its cookie."""
    with unavailable_as_ours():
        raw(UserSession).delete_one({"_id": session_id})
