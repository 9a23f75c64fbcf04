"""What happened within minutes, from the rows of the payments, refunds and disputes that it happened to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo.client_session import ClientSession

from app.domain.figures.contributions import Tally, of_dispute, of_refund, own_tallies
from app.models.connection import raw, unavailable_as_ours
from app.models.figures.rollups import Choice
from app.models.listing.disputes import DisputeRow
from app.models.listing.payment_summary import COUNTED_FIELDS, PaymentRow, counted_of
from app.models.listing.refunds import RefundRow

Spans = Sequence[tuple[datetime, datetime]]


def within(spans: Spans, choice: Choice, session: ClientSession) -> Iterator[tuple[datetime, Tally]]:
    """Every instant within some (short) spans, whose ends are excluded, and what it adds to the figures.

    Raises DatabaseUnavailable.
    """
    with unavailable_as_ours():
        for at, tally in (*_payments(spans, choice, session), *_later(spans, choice, session)):
            if any(start <= at < end for start, end in spans):
                yield at, tally


def _payments(spans: Spans, choice: Choice, session: ClientSession) -> Iterator[tuple[datetime, Tally]]:
    # There are some dozens of kinds, and MongoDB reads them off the index without going through the rows.
    kinds = {"$in": raw(PaymentRow).distinct("kind", session=session)}
    own = [
        {"kind": kinds, field: span} for field in ("created_at", "completed_at") for span in _ranges(spans)
    ]
    for row in raw(PaymentRow).find({"$or": own}, COUNTED_FIELDS, session=session):
        if choice.matches(counted := counted_of(row)):
            for at, tally in own_tallies(counted):
                yield datetime.fromtimestamp(at, UTC), tally


def _later(spans: Spans, choice: Choice, session: ClientSession) -> Iterator[tuple[datetime, Tally]]:
    """Refunds and disputes, which are told by their own rows whenever their payments were made."""
    query: dict[str, Any] = {"$or": [{"at": span} for span in _ranges(spans)], **choice.query}
    fields = {"_id": 0, "at": 1, "currency": 1, "amount": 1}
    for row in raw(RefundRow).find({**query, "counted": True}, fields, session=session):
        yield _second(row["at"]), of_refund(row["currency"], row["amount"])
    for row in raw(DisputeRow).find({**query, "chargeback": True}, {"_id": 0, "at": 1}, session=session):
        yield _second(row["at"]), of_dispute()


def _ranges(spans: Spans) -> list[dict[str, datetime]]:
    return [{"$gte": start, "$lt": end} for start, end in spans]


def _second(at: datetime) -> datetime:
    """The figures count by whole seconds."""
    return at.replace(microsecond=0)
