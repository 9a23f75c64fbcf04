"""Which workers live: each records a heartbeat every few seconds, for /readyz and /metrics."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from mongoengine import DateTimeField, StringField

from app.models.connection import unavailable_as_ours
from app.models.document import StoredDocument

_RETENTION_SECONDS = 86_400


class Heartbeat(StoredDocument):
    """One row for each worker process, renewed while it lives."""

    worker: str = StringField(primary_key=True)
    started_at: datetime = DateTimeField(required=True)
    beat_at: datetime = DateTimeField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "worker_heartbeats",
        "indexes": [
            # Also finds the newest heartbeat without reading the others.
            {"name": "retention", "fields": ["beat_at"], "expireAfterSeconds": _RETENTION_SECONDS}
        ],
    }


def record(worker: str, now: datetime) -> None:
    """Record that a worker lives. Raises DatabaseUnavailable."""
    with unavailable_as_ours():
        Heartbeat.objects(worker=worker).update_one(upsert=True, max__beat_at=now, set_on_insert__started_at=now)


def deregister(worker: str) -> None:
    """Remove a worker that ends in order; the row of one that was killed stays and grows old."""
    with unavailable_as_ours():
        Heartbeat.objects(worker=worker).delete()


def newest() -> datetime | None:
    """When any worker was last known to live; None when none ever was, or all ended in order.

    Raises DatabaseUnavailable.
    """
    with unavailable_as_ours():
        heartbeat = Heartbeat.objects.order_by("-beat_at").only("beat_at").first()
    return heartbeat.beat_at if heartbeat else None
