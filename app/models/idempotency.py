"""Idempotency records: one row for each (caller, endpoint, key), written before the work is done.

The unique ``_id`` makes two processes that get the same key at once agree on who works; a lease lets a retry take
over after a crash. Records live for 48 hours, twice what Stripe promises for its own keys.

Uses connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from mongoengine import DateTimeField, DictField, Document, IntField, StringField
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from app.models.connection import raw, unavailable_as_ours

RETENTION_SECONDS = 48 * 3600


class IdempotencyRecord(Document):
    """``answer`` holds no secret: what must not be stored is fetched again when the answer is replayed."""

    id = StringField(primary_key=True)
    fingerprint = StringField(required=True)
    resource_id = StringField(required=True)
    leased_until = DateTimeField(null=True)
    status = IntField()
    answer = DictField(null=True)
    created_at = DateTimeField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "idempotency_records",
        "auto_create_index": False,
        "indexes": [{"name": "retention", "fields": ["created_at"], "expireAfterSeconds": RETENTION_SECONDS}],
    }


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request found: ``mine`` when it is the one to do the work; ``status`` set when the answer is known."""

    mine: bool
    fingerprint: str
    resource_id: str
    status: int | None
    answer: dict[str, Any] | None


def claim(record_id: str, fingerprint: str, resource_id: str, *, now: datetime, until: datetime) -> Claim:
    """Insert the record, or take it over when its lease has run out, or say what is known of it."""
    fresh = {
        "_id": record_id,
        "fingerprint": fingerprint,
        "resource_id": resource_id,
        "leased_until": until,
        "created_at": now,
    }
    with unavailable_as_ours():
        try:
            raw(IdempotencyRecord).insert_one(fresh)
        except DuplicateKeyError:
            pass
        else:
            return Claim(True, fingerprint, resource_id, None, None)
        free = {
            "_id": record_id,
            "status": None,
            "fingerprint": fingerprint,
            "leased_until": {"$not": {"$gt": now}},
        }
        taken = raw(IdempotencyRecord).find_one_and_update(
            free, {"$set": {"leased_until": until}}, return_document=ReturnDocument.AFTER
        )
        row = taken or raw(IdempotencyRecord).find_one({"_id": record_id})
    if row is None:  # removed by retention between the two reads: the key is new again
        return claim(record_id, fingerprint, resource_id, now=now, until=until)
    return Claim(
        taken is not None, row["fingerprint"], row["resource_id"], row.get("status"), row.get("answer")
    )


def find(record_id: str) -> Claim | None:
    """What is known of a record, without taking it over."""
    with unavailable_as_ours():
        row = raw(IdempotencyRecord).find_one({"_id": record_id})
    if row is None:
        return None
    return Claim(False, row["fingerprint"], row["resource_id"], row.get("status"), row.get("answer"))


def complete(record_id: str, status: int, answer: dict[str, Any]) -> None:
    """Keep the answer for replays."""
    change = {"$set": {"status": status, "answer": answer}, "$unset": {"leased_until": ""}}
    with unavailable_as_ours():
        raw(IdempotencyRecord).update_one({"_id": record_id}, change)


def release(record_id: str) -> None:
    """Give the work up, so that a retry with the same key does it; nothing is known of the outcome."""
    with unavailable_as_ours():
        raw(IdempotencyRecord).update_one({"_id": record_id}, {"$unset": {"leased_until": ""}})
