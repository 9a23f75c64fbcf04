"""Idempotency records: one for each (caller, endpoint, key), written before the work is done.

The unique ``_id`` makes two processes that get the same key at once agree on who works; a lease lets a retry take
over after a crash. Records live for 48 hours, twice what Stripe promises for its own keys.

Uses connection, document.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from mongoengine import DateTimeField, IntField, NotUniqueError, StringField

from app.models.connection import unavailable_as_ours
from app.models.document import PlainField, StoredDocument

RETENTION_SECONDS = 48 * 3600


class IdempotencyRecord(StoredDocument):
    """``status`` and ``answer`` are there once the work is done, ``leased_until`` while it is being done.

    ``answer`` holds no secret: what must not be stored is fetched again when the answer is replayed.
    """

    id: str = StringField(primary_key=True)
    fingerprint: str = StringField(required=True)
    resource_id: str = StringField(required=True)
    leased_until: datetime | None = DateTimeField()
    status: int | None = IntField()
    answer: dict[str, Any] | None = PlainField(dict)
    created_at: datetime = DateTimeField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "idempotency_records",
        "indexes": [{"name": "retention", "fields": ["created_at"], "expireAfterSeconds": RETENTION_SECONDS}],
    }


def claim(
    record_id: str, fingerprint: str, resource_id: str, *, now: datetime, until: datetime
) -> tuple[IdempotencyRecord, bool]:
    """The record, and whether the work is ours: because the record is new, or its lease has run out."""
    new = IdempotencyRecord(
        id=record_id, fingerprint=fingerprint, resource_id=resource_id, leased_until=until, created_at=now
    )
    with unavailable_as_ours():
        try:
            new.save(force_insert=True)
        except NotUniqueError:
            pass
        else:
            return new, True
        free = IdempotencyRecord.objects(
            id=record_id, fingerprint=fingerprint, status=None, __raw__={"leased_until": {"$not": {"$gt": now}}}
        )
        taken_over = free.modify(new=True, set__leased_until=until)
        existing = taken_over or IdempotencyRecord.objects(id=record_id).first()
    if existing is None:  # removed by retention between the two reads: the key is new again
        return claim(record_id, fingerprint, resource_id, now=now, until=until)
    return existing, taken_over is not None


def find(record_id: str) -> IdempotencyRecord | None:
    """A record, without taking its work over."""
    with unavailable_as_ours():
        return IdempotencyRecord.objects(id=record_id).first()  # type: ignore[no-any-return]


def complete(record_id: str, status: int, answer: dict[str, Any]) -> None:
    """Keep the answer for replays."""
    with unavailable_as_ours():
        IdempotencyRecord.objects(id=record_id).update_one(
            set__status=status, set__answer=answer, unset__leased_until=True
        )


def release(record_id: str) -> None:
    """Give the work up, so that a retry with the same key does it; the outcome is unknown."""
    with unavailable_as_ours():
        IdempotencyRecord.objects(id=record_id).update_one(unset__leased_until=True)
