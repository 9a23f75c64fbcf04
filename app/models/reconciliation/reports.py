"""Reports of reconciliation: what was compared, what differed, and how far an unfinished run has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from mongoengine import (
    BooleanField,
    DateTimeField,
    EmbeddedDocument,
    EmbeddedDocumentListField,
    EnumField,
    IntField,
    LongField,
    StringField,
)

from app.cursors import Cursor
from app.models import pagination
from app.models.connection import unavailable_as_ours
from app.models.document import PlainField, StoredDocument
from app.models.pagination import Page, Row, Sorting

LARGEST = 1000
"""How many differences a report keeps; their number is kept whatever it is."""
# The open differences are looked for in this many of the newest reports that have any.
_MOST_SEARCHED = 200


class RunState(StrEnum):
    """A run whose process was killed stays ``running``; it can be resumed like a failed one."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class ReportedDifference(EmbeddedDocument):
    """One payment that was not the same. Amounts are minor units; ``fields`` holds ``{field: [ours, Stripe's]}``."""

    kind: str = StringField(required=True)
    payment_id: str | None = StringField(null=True)
    intent_id: str | None = StringField(null=True)
    currency: str = StringField(required=True)
    amount: int = LongField(required=True)
    captured: int = LongField(required=True)
    refunded: int = LongField(required=True)
    fields: dict[str, Any] = PlainField(dict, default=dict)
    repaired: bool = BooleanField(default=False)


class ReconciliationReport(StoredDocument):
    """One run over a range (``since``) or one payment.

    ``amounts`` are minor units by currency; ``cursor`` says where to go on.
    """

    id: str = StringField(primary_key=True)
    state: RunState = EnumField(RunState, required=True, default=RunState.RUNNING)
    started_at: datetime = DateTimeField(required=True)
    finished_at: datetime | None = DateTimeField()
    since: datetime | None = DateTimeField(null=True)
    payment_id: str | None = StringField(null=True)
    repair: bool = BooleanField(required=True)
    actor: str | None = StringField(null=True)
    counts: dict[str, int] = PlainField(dict, default=dict)
    amounts: dict[str, dict[str, int]] = PlainField(dict, default=dict)
    drift: list[ReportedDifference] = EmbeddedDocumentListField(ReportedDifference)
    drift_total: int = IntField(default=0)
    cursor: dict[str, Any] = PlainField(dict, default=dict)
    error: str | None = StringField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "reconciliation_reports",
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


@dataclass(frozen=True, slots=True)
class OpenDifference:
    """A difference that was not repaired, and the latest report of it."""

    drift: ReportedDifference
    report_id: str
    started_at: datetime


def begin(report: ReconciliationReport) -> None:
    """Store a new report before anything is read."""
    with unavailable_as_ours():
        report.save(force_insert=True)


def advance(
    report_id: str,
    drift: Sequence[ReportedDifference],
    *,
    counts: Mapping[str, int],
    amounts: Mapping[str, Mapping[str, int]],
    drift_total: int,
    cursor: Mapping[str, Any],
) -> None:
    """Note how far the run has come, and the differences found since the last note, up to the report's limit."""
    added = {"$each": [difference.to_mongo() for difference in drift], "$slice": LARGEST}
    with unavailable_as_ours():
        ReconciliationReport.objects(id=report_id).update_one(
            set__counts=dict(counts),
            set__amounts={currency: dict(sums) for currency, sums in amounts.items()},
            set__drift_total=drift_total,
            set__cursor=dict(cursor),
            __raw__={"$push": {"drift": added}},
        )


def end(report_id: str, state: RunState, *, now: datetime, error: str | None = None) -> None:
    """Note that the run is over, and the error that ended it."""
    outcome = {"set__error": error} if error else {"unset__error": True}
    with unavailable_as_ours():
        ReconciliationReport.objects(id=report_id).update_one(set__state=state, set__finished_at=now, **outcome)


def resume(report_id: str) -> None:
    """Note that an unfinished run goes on."""
    with unavailable_as_ours():
        ReconciliationReport.objects(id=report_id).update_one(
            set__state=RunState.RUNNING, unset__error=True, unset__finished_at=True
        )


def find(report_id: str) -> ReconciliationReport | None:
    """A report."""
    with unavailable_as_ours():
        return ReconciliationReport.objects(id=report_id).first()  # type: ignore[no-any-return]


def page(*, limit: int, cursor: Cursor | None = None) -> Page:
    """The page of ``limit`` reports at ``cursor``, newest first, without their differences."""

    def find(query: Row) -> Any:
        return ReconciliationReport.objects(__raw__=query).exclude("drift", "cursor").as_pymongo()

    with unavailable_as_ours():
        page = pagination.page(find, {}, Sorting("started_at", -1), limit=limit, cursor=cursor)
    return replace(page, rows=[ReconciliationReport.load(row) for row in page.rows])


def open_drift(limit: int) -> list[OpenDifference]:
    """What was not repaired when it was last reported, newest first.

    A payment that was checked alone since then, with no difference, is left out.
    """
    equal_since = {
        "from": "reconciliation_reports",
        "let": {"differed_at": "$started_at"},
        "localField": "drift.payment_id",
        "foreignField": "payment_id",
        "pipeline": [
            {"$match": {"state": RunState.FINISHED.value, "drift_total": 0}},
            {"$match": {"$expr": {"$gt": ["$started_at", "$$differed_at"]}}},
            {"$limit": 1},
        ],
        "as": "equal_since",
    }
    # Every run names the intent, but not our own id where the payment is missing here.
    payment = {"$ifNull": ["$drift.intent_id", "$drift.payment_id"]}
    latest = {"drift": {"$first": "$drift"}, "report_id": {"$first": "$_id"}}
    steps = [
        {"$match": {"drift_total": {"$gt": 0}}},
        {"$sort": {"started_at": -1, "_id": -1}},
        {"$limit": _MOST_SEARCHED},
        {"$unwind": "$drift"},
        # Nothing that a repair could mend: the list of payments has a filter for them.
        {"$match": {"drift.kind": {"$ne": "differs_from_order"}}},
        {"$group": {"_id": payment, **latest, "started_at": {"$first": "$started_at"}}},
        {"$match": {"drift.repaired": {"$ne": True}}},
        {"$lookup": equal_since},
        # One without our id meets the runs over a range, which have none either.
        {"$match": {"$or": [{"equal_since": []}, {"drift.payment_id": None}]}},
        {"$sort": {"started_at": -1, "_id": 1}},
        {"$limit": limit},
    ]
    with unavailable_as_ours():
        rows = list(ReconciliationReport.objects.aggregate(steps, hint="drift_newest"))
    return [
        OpenDifference(ReportedDifference._from_son(row["drift"]), row["report_id"], row["started_at"]) for row in rows
    ]


def last_finished() -> ReconciliationReport | None:
    """``counts`` and ``finished_at`` of the latest comparison of a range that finished."""
    finished = ReconciliationReport.objects(payment_id=None, state=RunState.FINISHED)
    with unavailable_as_ours():
        return finished.order_by("-started_at").only("counts", "finished_at").first()  # type: ignore[no-any-return]


def unfinished() -> ReconciliationReport | None:
    """The latest run over a range that did not finish, unless a later one finished that covers its range."""
    of_ranges = ReconciliationReport.objects(payment_id=None)
    with unavailable_as_ours():
        unfinished = of_ranges.filter(state__in=[RunState.RUNNING, RunState.FAILED])
        report: ReconciliationReport | None = unfinished.order_by("-started_at").first()
        if report is None:
            return None
        later = of_ranges.filter(
            state=RunState.FINISHED,
            started_at__gt=report.started_at,
            since__lte=report.since,
            repair__in=[True, report.repair],
        )
        return None if later.only("id").first() else report
