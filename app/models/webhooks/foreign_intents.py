"""Payment intents that our key has read, or found unreadable, and that are not ours: nobody asks Stripe twice.

A row says nothing about a payment: one that has a row in ``payments`` is ours whatever stands here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from mongoengine import DateTimeField, StringField

from app.models.connection import unavailable_as_ours
from app.models.document import StoredDocument

# Longer than a charge can be refunded or disputed in most cases; after it, an event costs one call again.
RETENTION_DAYS = 180


class ForeignIntent(StoredDocument):
    """The id of another application's payment intent, and when an event of it was last seen."""

    id: str = StringField(primary_key=True)
    seen_at: datetime = DateTimeField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "foreign_intents",
        "indexes": [{"name": "retention", "fields": ["seen_at"], "expireAfterSeconds": RETENTION_DAYS * 86_400}],
    }


def remember(intent_id: str, *, now: datetime) -> None:
    """Note that an intent is not ours."""
    with unavailable_as_ours():
        ForeignIntent.objects(id=intent_id).update_one(upsert=True, set__seen_at=now)


def is_known(intent_id: str) -> bool:
    """Whether an intent was found not to be ours."""
    with unavailable_as_ours():
        return ForeignIntent.objects(id=intent_id).only("id").first() is not None
