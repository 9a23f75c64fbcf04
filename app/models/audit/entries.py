"""The audit log: append-only rows, each bound to the one before it by a hash.

The number of an entry is its ``_id``, which is unique in every collection, so of two processes that append at
once exactly one gets the number and the other takes the next. Nothing here updates or deletes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mongoengine import DictField, Document, LongField, StringField
from pymongo.errors import DuplicateKeyError

from app.cursors import Cursor
from app.models import pagination
from app.models.connection import raw, unavailable_as_ours
from app.models.pagination import Page, Row, Sorting


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
        # Every choice of filters that the page offers finds its rows in order; two are few enough to check a third.
        "indexes": [
            {"name": "newest", "fields": ["-at", "-seq"]},
            {"name": "newest_of_actor", "fields": ["actor", "-at", "-seq"]},
            {"name": "newest_of_action", "fields": ["action", "-at", "-seq"]},
            {"name": "newest_of_target", "fields": ["target", "-at", "-seq"]},
            {"name": "newest_of_actor_action", "fields": ["actor", "action", "-at", "-seq"]},
            {"name": "newest_of_target_action", "fields": ["target", "action", "-at", "-seq"]},
            {"name": "newest_of_target_actor", "fields": ["target", "actor", "-at", "-seq"]},
        ],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Which entries; None means any. Times are in Unix milliseconds, ``until`` is not included."""

    actor: str | None = None
    action: str | None = None
    target: str | None = None
    since: int | None = None
    until: int | None = None

    def query(self) -> Row:
        """The same as a MongoDB query."""
        named = {"actor": self.actor, "action": self.action, "target": self.target}
        found: Row = {name: value for name, value in named.items() if value is not None}
        times = {"$gte": self.since, "$lt": self.until}
        if any(value is not None for value in times.values()):
            found["at"] = {name: value for name, value in times.items() if value is not None}
        return found


NEWEST = Sorting("at", -1)


def page(where: EntryFilter, *, limit: int, cursor: Cursor | None = None) -> Page:
    """The page of ``limit`` entries at ``cursor``, newest first."""
    with unavailable_as_ours():
        found = pagination.page(raw(AuditEntry).find, where.query(), NEWEST, limit=limit, cursor=cursor)
    return replace(found, rows=[_numbered(row) for row in found.rows])


def find(seq: int) -> Row | None:
    """The entry with a number."""
    with unavailable_as_ours():
        found = raw(AuditEntry).find_one({"_id": seq})
    return _numbered(found) if found else None


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


def walk(first: int = 1) -> Iterator[Row]:
    """Every entry from number ``first`` on, oldest first, read in batches."""
    query = {"_id": {"$gte": first}} if first > 1 else {}
    with unavailable_as_ours():
        for found in raw(AuditEntry).find(query).sort("_id", 1):
            yield _numbered(found)


def _numbered(found: Row) -> Row:
    return {"seq": found["_id"], **{name: value for name, value in found.items() if name != "_id"}}
