"""Which workers live: each notes every few seconds that it does, for /readyz and /metrics."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from mongoengine import DateTimeField, Document, StringField

from app.models.connection import raw, unavailable_as_ours

_FORGET_AFTER_SECONDS = 86_400


class WorkerBeat(Document):
    """One row for each worker process, renewed while it lives."""

    worker = StringField(primary_key=True)
    started_at = DateTimeField()
    beat_at = DateTimeField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "worker_heartbeats",
        "auto_create_index": False,
        "indexes": [
            # Also finds the newest beat without reading the others.
            {
                "name": "retention",
                "fields": ["beat_at"],
                "expireAfterSeconds": _FORGET_AFTER_SECONDS,
            }
        ],
    }


def beat(name: str, now: datetime) -> None:
    """Note that the worker ``name`` lives. Raises DatabaseUnavailable."""
    change = {"$max": {"beat_at": now}, "$setOnInsert": {"started_at": now}}
    with unavailable_as_ours():
        raw(WorkerBeat).update_one({"_id": name}, change, upsert=True)


def deregister(name: str) -> None:
    """Remove a worker that ends as it should; one that was killed stays and falls silent."""
    with unavailable_as_ours():
        raw(WorkerBeat).delete_one({"_id": name})


def newest() -> datetime | None:
    """When any worker was last known to live; None when none ever was, or all ended as they should.

    Raises DatabaseUnavailable.
    """
    with unavailable_as_ours():
        row = raw(WorkerBeat).find_one({}, {"beat_at": 1}, sort=[("beat_at", -1)])
    return row["beat_at"] if row else None
