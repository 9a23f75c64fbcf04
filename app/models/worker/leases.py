"""Who does which job of the worker just now.

A lease is taken, kept and given back by conditional updates that MongoDB judges by its own clock, so the clocks of
the machines need not agree. A worker that dies keeps its lease only until it expires.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from mongoengine import DateTimeField, Document, StringField
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from app.models.connection import raw, unavailable_as_ours


class Lease(Document):
    """One row for each job. ``covered_until`` is when the latest run that succeeded began."""

    job = StringField(primary_key=True)
    owner = StringField()
    expires_at = DateTimeField()
    # The job rests until then, whichever worker asks: its schedule is one for all of them.
    not_before = DateTimeField()
    started_at = DateTimeField()
    covered_until = DateTimeField()
    failed_at = DateTimeField()
    last_error = StringField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "worker_leases",
        "auto_create_index": False,
        "indexes": [],
    }


@dataclass(frozen=True, slots=True)
class Taken:
    """A lease that was got: since when, and up to when an earlier run has done the job's work."""

    started_at: datetime
    covered_until: datetime | None


def acquire(job: str, owner: str, life: timedelta) -> Taken | None:
    """Take the lease of a job; None while somebody has it or the job rests."""
    free = {
        "_id": job,
        "$expr": {"$and": [{"$lte": ["$expires_at", "$$NOW"]}, {"$lte": ["$not_before", "$$NOW"]}]},
    }
    change = [{"$set": {"owner": owner, "expires_at": _in(life), "started_at": "$$NOW"}}]
    with unavailable_as_ours():
        row = raw(Lease).find_one_and_update(free, change, return_document=ReturnDocument.AFTER)
        if row is None and _is_new(job):
            row = raw(Lease).find_one_and_update(free, change, return_document=ReturnDocument.AFTER)
    return Taken(row["started_at"], row.get("covered_until")) if row else None


def renew(job: str, owner: str, life: timedelta) -> bool:
    """Keep the lease for ``life`` from now; False when it has expired or is somebody else's."""
    mine = {"_id": job, "owner": owner, "$expr": {"$gt": ["$expires_at", "$$NOW"]}}
    with unavailable_as_ours():
        changed = raw(Lease).update_one(mine, [{"$set": {"expires_at": _in(life)}}])
    return bool(changed.matched_count)


def release(job: str, owner: str, *, rest: timedelta, error: str | None) -> None:
    """Give the lease back and let the job rest; a run without ``error`` counts as done since it began."""
    outcome: dict[str, Any] = (
        {"failed_at": "$$NOW", "last_error": {"$literal": error}}
        if error
        else {"covered_until": "$started_at", "last_error": "$$REMOVE"}
    )
    change = {"owner": "$$REMOVE", "expires_at": "$$NOW", "not_before": _in(rest), **outcome}
    with unavailable_as_ours():
        raw(Lease).update_one({"_id": job, "owner": owner}, [{"$set": change}])


def _is_new(job: str) -> bool:
    """Make the row of a job that has none; without times it is free."""
    try:
        raw(Lease).insert_one({"_id": job})
    except DuplicateKeyError:
        return False
    return True


def _in(span: timedelta) -> dict[str, Any]:
    return {"$add": ["$$NOW", int(span.total_seconds() * 1000)]}
