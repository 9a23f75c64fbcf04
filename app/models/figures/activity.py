"""Activity within minutes, from the rows of the payments, refunds and disputes themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo.client_session import ClientSession

from app.domain.figures.contributions import (
    Counters,
    dispute_counters,
    own_counters_by_time,
    refund_counters,
    refund_failure_counters,
)
from app.models.connection import raw, unavailable_as_ours
from app.models.figures.rollups import Choice
from app.models.listing.children import BEGINNING
from app.models.listing.disputes import DisputeRow
from app.models.listing.payment_summary import CONTRIBUTION_FIELDS, PaymentRow, contribution_of
from app.models.listing.refunds import RefundRow

Spans = Sequence[tuple[datetime, datetime]]


def within(spans: Spans, choice: Choice, session: ClientSession) -> Iterator[tuple[datetime, Counters]]:
    """The counters of every instant within some short spans, whose ends are excluded.

    Raises DatabaseUnavailable.
    """
    with unavailable_as_ours():
        for at, counters in (*_payments(spans, choice, session), *_later(spans, choice, session)):
            if any(start <= at < end for start, end in spans):
                yield at, counters


def _payments(spans: Spans, choice: Choice, session: ClientSession) -> Iterator[tuple[datetime, Counters]]:
    # There are a few dozen kinds, and MongoDB reads them from the index without scanning the rows.
    kinds = {"$in": raw(PaymentRow).distinct("kind", session=session)}
    own = [{"kind": kinds, field: span} for field in ("created_at", "completed_at") for span in _ranges(spans)]
    for row in raw(PaymentRow).find({"$or": own}, CONTRIBUTION_FIELDS, session=session):
        if choice.matches(contribution := contribution_of(row)):
            for at, counters in own_counters_by_time(contribution):
                yield datetime.fromtimestamp(at, UTC), counters


def _later(spans: Spans, choice: Choice, session: ClientSession) -> Iterator[tuple[datetime, Counters]]:
    """Refunds and disputes, from their own rows, whenever their payments were created."""
    query: dict[str, Any] = {"$or": [{"at": span} for span in _ranges(spans)], **choice.query}
    fields = {"_id": 0, "at": 1, "currency": 1, "amount": 1}
    for row in raw(RefundRow).find({**query, "counted": True}, fields, session=session):
        yield _second(row["at"]), refund_counters(row["currency"], row["amount"])
    # Their index is in the order of the refunds, so it is named: failed refunds are few.
    failed = {"$or": [{"failed_at": span} for span in _ranges(spans)], **choice.query}
    failed |= {"at": {"$gte": BEGINNING}, "failed_at": {"$gte": BEGINNING}}
    for row in raw(RefundRow).find(failed, {**fields, "failed_at": 1}, session=session).hint("failed_newest"):
        yield _second(row["failed_at"]), refund_failure_counters(row["currency"], row["amount"])
    for row in raw(DisputeRow).find({**query, "chargeback": True}, {"_id": 0, "at": 1}, session=session):
        yield _second(row["at"]), dispute_counters()


def _ranges(spans: Spans) -> list[dict[str, datetime]]:
    return [{"$gte": start, "$lt": end} for start, end in spans]


def _second(at: datetime) -> datetime:
    """The instant in whole seconds, as the figures count."""
    return at.replace(microsecond=0)
