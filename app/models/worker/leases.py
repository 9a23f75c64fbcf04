"""Which worker holds which job.

A lease is acquired, renewed and released by conditional updates that MongoDB decides by its own clock, so the clocks of
the machines need not agree. A worker that dies keeps its lease only until it expires.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from mongoengine import DateTimeField, NotUniqueError, StringField

from app.models.connection import unavailable_as_ours
from app.models.document import StoredDocument


class Lease(StoredDocument):
    """One row for each job. ``covered_until`` is when the latest run that succeeded began."""

    job: str = StringField(primary_key=True)
    owner: str | None = StringField()
    expires_at: datetime = DateTimeField()
    # No worker runs the job before then: its schedule is one for all of them.
    not_before: datetime = DateTimeField()
    started_at: datetime = DateTimeField()
    covered_until: datetime | None = DateTimeField()
    failed_at: datetime | None = DateTimeField()
    last_error: str | None = StringField()

    meta: ClassVar[dict[str, Any]] = {"collection": "worker_leases"}


def acquire(job: str, owner: str, life: timedelta) -> Lease | None:
    """The lease of a job, now held by ``owner``; None while another owner holds it or the job rests."""
    is_free = {"$and": [{"$lte": ["$expires_at", "$$NOW"]}, {"$lte": ["$not_before", "$$NOW"]}]}
    change = [{"$set": {"owner": owner, "expires_at": _in(life), "started_at": "$$NOW"}}]
    with unavailable_as_ours():
        for _ in range(2):
            # MongoEngine's ``modify`` takes no pipeline, so the lease is read after it was acquired.
            if Lease.objects(job=job, __raw__={"$expr": is_free}).update_one(__raw__=change):
                return Lease.objects(job=job, owner=owner).first()  # type: ignore[no-any-return]
            if not _is_new(job):
                break
    return None


def renew(job: str, owner: str, life: timedelta) -> bool:
    """Keep the lease for ``life`` from now; False when it has expired or another owner holds it."""
    is_valid = {"$expr": {"$gt": ["$expires_at", "$$NOW"]}}
    with unavailable_as_ours():
        return bool(
            Lease.objects(job=job, owner=owner, __raw__=is_valid).update_one(
                __raw__=[{"$set": {"expires_at": _in(life)}}]
            )
        )


def release(job: str, owner: str, *, rest: timedelta, error: str | None) -> None:
    """Release the lease and let the job rest; a run without ``error`` counts as done since it began."""
    outcome: dict[str, Any] = (
        {"failed_at": "$$NOW", "last_error": {"$literal": error}}
        if error
        else {"covered_until": "$started_at", "last_error": "$$REMOVE"}
    )
    change = {"owner": "$$REMOVE", "expires_at": "$$NOW", "not_before": _in(rest), **outcome}
    with unavailable_as_ours():
        Lease.objects(job=job, owner=owner).update_one(__raw__=[{"$set": change}])


def _is_new(job: str) -> bool:
    """Make the row of a job that has none; without times it is free."""
    try:
        Lease(job=job).save(force_insert=True)
    except NotUniqueError:
        return False
    return True


def _in(span: timedelta) -> dict[str, Any]:
    return {"$add": ["$$NOW", int(span.total_seconds() * 1000)]}
