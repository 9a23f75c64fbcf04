"""The audit log: append-only rows, each bound to the one before it by a hash.

The number of an entry is its ``_id``, which is unique in every collection, so of two processes that append at
once exactly one gets the number and the other takes the next. Nothing here updates or deletes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mongoengine import DictField, Document, LongField, StringField
from pymongo.errors import DuplicateKeyError

from app.models.connection import raw, unavailable_as_ours

Row = dict[str, Any]


class AuditEntry(Document):
    """``at`` is in Unix milliseconds; ``details`` holds plain values only, never a secret."""

    seq = LongField(primary_key=True)
    at = LongField(required=True)
    actor = StringField(required=True)
    action = StringField(required=True)
    target = StringField()
    details = DictField()
    previous_hash = StringField(required=True)
    hash = StringField(required=True)

    meta = {
        "collection": "audit_entries",
        "auto_create_index": False,
        "indexes": [
            {"name": "actor", "fields": ["actor", "-id"]},
            {"name": "action", "fields": ["action", "-id"]},
            {"name": "target", "fields": ["target", "-id"]},
        ],
    }


def last() -> Row | None:
    """The newest entry."""
    with unavailable_as_ours():
        found = raw(AuditEntry).find_one(sort=[("_id", -1)])
    return _numbered(found) if found else None


def insert(entry: Row) -> bool:
    """Write an entry; False when another process has taken its number."""
    row = {"_id": entry["seq"], **{name: value for name, value in entry.items() if name != "seq"}}
    with unavailable_as_ours():
        try:
            raw(AuditEntry).insert_one(row)
        except DuplicateKeyError:
            return False
    return True


def walk() -> Iterator[Row]:
    """Every entry, oldest first, read in batches."""
    with unavailable_as_ours():
        for found in raw(AuditEntry).find().sort("_id", 1):
            yield _numbered(found)


def _numbered(found: Row) -> Row:
    return {"seq": found["_id"], **{name: value for name, value in found.items() if name != "_id"}}
