"""Reports of reconciliation: what was compared, what differed, and how far an unfinished run has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from mongoengine import BooleanField, DateTimeField, DictField, Document, IntField, ListField, StringField

from app.cursors import Cursor
from app.models import pagination
from app.models.connection import raw, unavailable_as_ours
from app.models.pagination import Page, Row, Sorting

LARGEST = 1000
"""How many differences a report keeps; their number is kept whatever it is."""
# So many of the newest reports with a difference are looked through for what is still different.
_LOOKED_THROUGH = 200


class RunState(StrEnum):
    """A run that died without a word stays ``running``; it can be resumed like a failed one."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class ReconciliationReport(Document):
    """One run. ``amounts`` are minor units by currency; ``cursor`` says where to go on."""

    id = StringField(primary_key=True)
    state = StringField(required=True, choices=[state.value for state in RunState])
    started_at = DateTimeField(required=True)
    finished_at = DateTimeField()
    since = DateTimeField()
    payment_id = StringField()
    repair = BooleanField(required=True)
    actor = StringField()
    counts = DictField()
    amounts = DictField()
    drift = ListField(DictField())
    drift_total = IntField(required=True)
    cursor = DictField()
    error = StringField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "reconciliation_reports",
        "auto_create_index": False,
        "indexes": [
            {"name": "started_id", "fields": ["-started_at", "-id"]},
            {"name": "state_started", "fields": ["state", "-started_at"]},
            {
                "name": "drift_newest",
                "fields": ["-started_at", "-id"],
                "partialFilterExpression": {"drift_total": {"$gt": 0}},
            },
            {"name": "payment_newest", "fields": ["payment_id", "-started_at"]},
        ],
    }


def begin(report_id: str, row: Mapping[str, Any]) -> None:
    """Store a new report before anything is read."""
    fresh = {"counts": {}, "amounts": {}, "drift": [], "drift_total": 0, "cursor": {}, **row}
    with unavailable_as_ours():
        raw(ReconciliationReport).insert_one({"_id": report_id, "state": RunState.RUNNING.value, **fresh})


def advance(report_id: str, progress: Mapping[str, Any], drift: Sequence[Mapping[str, Any]]) -> None:
    """Note how far the run has come, and the differences found since the last note, up to the report's limit."""
    added = {"$each": [dict(item) for item in drift], "$slice": LARGEST}
    change = {"$set": dict(progress), "$push": {"drift": added}}
    with unavailable_as_ours():
        raw(ReconciliationReport).update_one({"_id": report_id}, change)


def end(report_id: str, state: RunState, *, now: datetime, error: str | None = None) -> None:
    """Note that the run is over, well or not."""
    change = {"state": state.value, "finished_at": now, "error": error}
    with unavailable_as_ours():
        raw(ReconciliationReport).update_one({"_id": report_id}, {"$set": change})


def resume(report_id: str) -> None:
    """Note that an unfinished run goes on."""
    change = {"$set": {"state": RunState.RUNNING.value}, "$unset": {"error": "", "finished_at": ""}}
    with unavailable_as_ours():
        raw(ReconciliationReport).update_one({"_id": report_id}, change)


def find(report_id: str) -> dict[str, Any] | None:
    """A report."""
    with unavailable_as_ours():
        found: dict[str, Any] | None = raw(ReconciliationReport).find_one({"_id": report_id})
    return found


def page(*, limit: int, cursor: Cursor | None = None) -> Page:
    """The page of ``limit`` reports at ``cursor``, newest first, without their differences."""

    def find(query: Row) -> Any:
        return raw(ReconciliationReport).find(query, {"drift": 0, "cursor": 0})

    with unavailable_as_ours():
        return pagination.page(find, {}, Sorting("started_at", -1), limit=limit, cursor=cursor)


def open_drift(limit: int) -> list[dict[str, Any]]:
    """What was not repaired when it was last told, newest first: ``drift``, its ``report_id`` and ``started_at``.

    A payment that was checked by itself since, and found equal, is left out.
    """
    equal_since = {
        "from": "reconciliation_reports",
        "let": {"told_at": "$started_at"},
        "localField": "drift.payment_id",
        "foreignField": "payment_id",
        "pipeline": [
            {"$match": {"state": RunState.FINISHED.value, "drift_total": 0}},
            {"$match": {"$expr": {"$gt": ["$started_at", "$$told_at"]}}},
            {"$limit": 1},
        ],
        "as": "equal_since",
    }
    # An intent is told with every run, our own id not where the payment is missing here.
    payment = {"$ifNull": ["$drift.intent_id", "$drift.payment_id"]}
    latest = {"drift": {"$first": "$drift"}, "report_id": {"$first": "$_id"}}
    steps = [
        {"$match": {"drift_total": {"$gt": 0}}},
        {"$sort": {"started_at": -1, "_id": -1}},
        {"$limit": _LOOKED_THROUGH},
        {"$unwind": "$drift"},
        {"$group": {"_id": payment, **latest, "started_at": {"$first": "$started_at"}}},
        {"$match": {"drift.repaired": {"$ne": True}}},
        {"$lookup": equal_since},
        # One without our id meets the runs over a range, which have none either.
        {"$match": {"$or": [{"equal_since": []}, {"drift.payment_id": None}]}},
        {"$sort": {"started_at": -1, "_id": 1}},
        {"$limit": limit},
    ]
    with unavailable_as_ours():
        return list(raw(ReconciliationReport).aggregate(steps, hint="drift_newest"))


def last_finished() -> dict[str, Any] | None:
    """``counts`` and ``finished_at`` of the latest comparison of a range that finished."""
    with unavailable_as_ours():
        found: dict[str, Any] | None = raw(ReconciliationReport).find_one(
            {"payment_id": None, "state": RunState.FINISHED.value},
            {"counts": 1, "finished_at": 1},
            sort=[("started_at", -1)],
        )
    return found


def unfinished() -> dict[str, Any] | None:
    """The latest run over a range that did not finish, unless a later one finished that covers its range."""
    with unavailable_as_ours():
        found: dict[str, Any] | None = raw(ReconciliationReport).find_one(
            {"payment_id": None, "state": {"$in": [RunState.RUNNING.value, RunState.FAILED.value]}},
            sort=[("started_at", -1)],
        )
        if found is None:
            return None
        later = {
            "payment_id": None,
            "state": RunState.FINISHED.value,
            "started_at": {"$gt": found["started_at"]},
            "since": {"$lte": found["since"]},
            "repair": {"$in": [True, found["repair"]]},
        }
        return None if raw(ReconciliationReport).find_one(later, {"_id": 1}) else found
