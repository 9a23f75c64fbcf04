"""The audit log: append-only rows, each bound to the one before it by a hash.

The number of an entry is its ``_id``, which is unique in every collection, so of two processes that append at
once exactly one gets the number and the other takes the next. Nothing here updates or deletes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from mongoengine import LongField, NotUniqueError, StringField

from app.cursors import Cursor
from app.models import pagination
from app.models.connection import raw, unavailable_as_ours
from app.models.document import PlainField, StoredDocument
from app.models.pagination import Page, Row, Sorting


class AuditEntry(StoredDocument):
    """``at`` is in Unix milliseconds; ``details`` holds plain values only, never a secret."""

    seq: int = LongField(primary_key=True)
    at: int = LongField(required=True)
    actor: str = StringField(required=True)
    action: str = StringField(required=True)
    target: str | None = StringField(null=True)
    details: dict[str, Any] = PlainField(dict, required=True)
    previous_hash: str = StringField(required=True)
    hash: str = StringField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "audit_entries",
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
        query: Row = {name: value for name, value in named.items() if value is not None}
        times = {"$gte": self.since, "$lt": self.until}
        if any(value is not None for value in times.values()):
            query["at"] = {name: value for name, value in times.items() if value is not None}
        return query


NEWEST = Sorting("at", -1)


def page(where: EntryFilter, *, limit: int, cursor: Cursor | None = None) -> Page:
    """The page of ``limit`` entries at ``cursor``, newest first."""

    def find(query: Row) -> Any:
        return AuditEntry.objects(__raw__=query).as_pymongo()

    with unavailable_as_ours():
        page = pagination.page(find, where.query(), NEWEST, limit=limit, cursor=cursor)
    return replace(page, rows=[AuditEntry.load(row) for row in page.rows])


def find(seq: int) -> AuditEntry | None:
    """The entry with a number."""
    with unavailable_as_ours():
        return AuditEntry.objects(seq=seq).first()  # type: ignore[no-any-return]


def last() -> AuditEntry | None:
    """The newest entry."""
    with unavailable_as_ours():
        return AuditEntry.objects.order_by("-seq").first()  # type: ignore[no-any-return]


def insert(entry: AuditEntry) -> bool:
    """Write an entry; False when another process has taken its number."""
    with unavailable_as_ours():
        try:
            entry.save(force_insert=True)
        except NotUniqueError:
            return False
    return True


def walk(first: int = 1) -> Iterator[Row]:
    """Every entry from number ``first`` on, oldest first, exactly as it is stored, read in batches.

    Raw, for these rows are verified: their hashes cover what is stored, not what the class makes of it.
    """
    query = {"_id": {"$gte": first}} if first > 1 else {}
    with unavailable_as_ours():
        for row in raw(AuditEntry).find(query).sort("_id", 1):
            yield {"seq": row["_id"], **{name: value for name, value in row.items() if name != "_id"}}
