"""The sessions of people who are signed in: one row each, so that signing out ends more than the cookie."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from mongoengine import DateTimeField, StringField

from app.models.connection import unavailable_as_ours
from app.models.document import IdField, StoredDocument

LIFETIME_SECONDS = 12 * 3600


class UserSession(StoredDocument):
    """Its id is random and only in the signed cookie; MongoDB removes the row when the session is over."""

    id: str = StringField(primary_key=True)
    account_id: str = IdField(required=True)
    started_at: datetime = DateTimeField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "user_sessions",
        "indexes": [{"name": "lifetime", "fields": ["started_at"], "expireAfterSeconds": LIFETIME_SECONDS}],
    }


def begin(session_id: str, account_id: str) -> None:
    """Note a session that begins, by the clock that decides when it is over."""
    by_the_clock = {"$currentDate": {"started_at": True}}
    with unavailable_as_ours():
        UserSession.objects(id=session_id).update_one(upsert=True, set__account_id=account_id, __raw__=by_the_clock)


def is_open(session_id: str, account_id: str) -> bool:
    """False once the session was ended, or for another account's."""
    with unavailable_as_ours():
        return UserSession.objects(id=session_id, account_id=account_id).first() is not None


def end(session_id: str) -> None:
    """End the session, whoever still holds its cookie."""
    with unavailable_as_ours():
        UserSession.objects(id=session_id).delete()
