"""Counting payments into rows and rollups, exactly once.

A payment that changed carries the mark ``uncounted``, set by the same write as the change. Counting takes what the
payment's row says was counted before out of the rollups, adds what holds now, and writes the new row, all in one
transaction; only then is the mark removed, unless the payment has changed again. So a crash, a race or a repetition
at any point leaves figures that are right or a mark that says which payment to count again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId
from pymongo import InsertOne, ReplaceOne, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from app.domain.figures.contributions import Counted
from app.models.connection import raw, unavailable_as_ours
from app.models.figures.rollups import Deltas, FiguresState, Rollup
from app.models.indexes import create_indexes
from app.models.listing.disputes import DisputeRow, dispute_rows
from app.models.listing.payment_summary import (
    COUNTED_FIELDS,
    COUNTED_OF_PAYMENT,
    LISTED_OF_PAYMENT,
    PAYMENT_FIELDS,
    PLACED_FIELDS,
    FilterKey,
    PaymentRow,
    bare_row_of,
    counted_of,
    listed_row_of,
    row_of,
)
from app.models.listing.refunds import RefundRow, refund_rows
from app.models.payments.document import PaymentDocument

# Change it with every change of what rows or rollups hold, or of their indexes: the figures are then built anew.
SHAPE = 7
_ID = "figures"
# What of a history tells when refunds failed.
_FAILURES = dict.fromkeys(("history.at", "history.changes.refunds.id", "history.changes.refunds.status"), 1)
_MAJORITY = WriteConcern("majority", j=True)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class State:
    """What the figures were built for. ``done`` of ``total`` payments, while they are being built."""

    zone: str
    shape: int
    built_at: datetime | None
    done: int
    total: int


def state() -> State | None:
    """What the figures were built for; None before they were ever built."""
    with unavailable_as_ours():
        row = raw(FiguresState).find_one({"_id": _ID})
    if row is None:
        return None
    return State(row["zone"], row["shape"], row.get("built_at"), row.get("done", 0), row.get("total", 0))


def begin(zone: str, build: str) -> int:
    """Empty the figures to build them anew; how many payments there are, about.

    ``build`` names the build: until it is finished, nobody counts who does not name it.
    """
    with unavailable_as_ours():
        total = int(raw(PaymentDocument).estimated_document_count())
        row = {"zone": zone, "shape": SHAPE, "build": build, "built_at": None, "done": 0, "total": total}
        raw(FiguresState).replace_one({"_id": _ID}, row, upsert=True)
        # Payments' rows first: the drop waits for those who count just now (see _count), so that what they write into
        # the rest is dropped with it.
        kept = [k for k in (PaymentRow, Rollup, RefundRow, DisputeRow) if raw(k).find_one({}, {"_id": 1})]
        # Dropping takes no time, however much there is; the indexes are made again at once, on nothing.
        for kind in kept:
            raw(kind).drop()
    # Lists name the indexes that they read, and MongoDB refuses a name that it does not know.
    create_indexes()
    return total


def progressed(done: int) -> None:
    """Note how many payments a build has counted."""
    with unavailable_as_ours():
        raw(FiguresState).update_one({"_id": _ID}, {"$set": {"done": done}})


def finished(now: datetime) -> None:
    """The build is complete; from now on the figures may be shown."""
    with unavailable_as_ours():
        raw(FiguresState).update_one({"_id": _ID}, {"$set": {"built_at": now}})


def payments_estimate() -> int:
    """How many payments there are, about."""
    with unavailable_as_ours():
        return int(raw(PaymentDocument).estimated_document_count())


def uncounted(limit: int) -> list[Row]:
    """Payments that changed since they were last counted."""
    with unavailable_as_ours():
        return list(raw(PaymentDocument).find({"uncounted": True}, PAYMENT_FIELDS).limit(limit))


def pending(limit: int, session: ClientSession) -> list[tuple[Counted | None, Counted]] | None:
    """What the rollups hold of the payments that changed, and what they should; None when there are too many."""
    found = _changed(limit, session, COUNTED_OF_PAYMENT, COUNTED_FIELDS)
    if found is None:
        return None
    return [(counted_of(row) if row else None, counted_of(bare_row_of(payment))) for row, payment in found]


def changed_rows(limit: int, session: ClientSession) -> list[tuple[Row | None, Row]] | None:
    """The rows of the payments that changed, as stored and as they should be; None when there are too many.

    Of stored ones only what says in which lists they are.
    """
    found = _changed(limit, session, LISTED_OF_PAYMENT, PLACED_FIELDS)
    return None if found is None else [(row, listed_row_of(payment)) for row, payment in found]


def _changed(
    limit: int, session: ClientSession, of_payment: Mapping[str, int], of_row: Mapping[str, int]
) -> list[tuple[Row | None, Row]] | None:
    """The payments that changed, each with its row where it has one; None when there are too many."""
    with unavailable_as_ours():
        changed = raw(PaymentDocument).find({"uncounted": True}, of_payment, session=session)
        payments = list(changed.limit(limit + 1))
        if len(payments) > limit:
            return None
        ids = [payment["_id"] for payment in payments]
        rows = raw(PaymentRow).find({"_id": {"$in": ids}}, of_row, session=session) if ids else ()
        stored = {row["_id"]: row for row in rows}
    return [(stored.get(payment["_id"]), payment) for payment in payments]


def backlog(most: int) -> int:
    """How many payments wait to be counted, up to ``most``."""
    with unavailable_as_ours():
        return int(raw(PaymentDocument).count_documents({"uncounted": True}, limit=most))


def batches(size: int) -> Iterable[list[Row]]:
    """All payments in the order of their creation, so that a batch touches few rollups."""
    with unavailable_as_ours():
        found = (
            raw(PaymentDocument)
            .find({}, PAYMENT_FIELDS)
            .sort([("created_at", -1), ("_id", -1)])
            .batch_size(size)
        )
        batch: list[Row] = []
        for payment in found:
            batch.append(payment)
            if len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch


def count(payments: Sequence[Row], zone: ZoneInfo, build: str | None = None) -> bool:
    """Count payments, as they were read, into rows and rollups; then remove the marks of those still as read.

    False, and nothing is counted, where the figures are being built by another build than ``build``, or for others.
    """
    with unavailable_as_ours():
        with raw(PaymentDocument).database.client.start_session() as session:
            counted: bool = session.with_transaction(
                lambda s: _count(payments, zone, build, s),
                read_concern=ReadConcern("snapshot"),
                write_concern=_MAJORITY,
            )
        if not counted:
            return False
        unmark = [
            UpdateOne({"_id": p["_id"], "version": p["version"]}, {"$unset": {"uncounted": ""}})
            for p in payments
            if "uncounted" in p
        ]
        if unmark:
            raw(PaymentDocument).bulk_write(unmark, ordered=False)
    return True


def _count(payments: Sequence[Row], zone: ZoneInfo, build: str | None, session: ClientSession) -> bool:
    """One transaction: rows and rollups move together, so each payment is in the rollups just as its row says.

    It reads the rows first. From then on a build that begins waits with dropping them until this is over, and one that
    has begun before is seen in the state.
    """
    ids = [payment["_id"] for payment in payments]
    known = raw(PaymentRow).find({"_id": {"$in": ids}}, {**COUNTED_FIELDS, "version": 1}, session=session)
    old = {row["_id"]: row for row in known}
    ours = {"build": build} if build else {"built_at": {"$ne": None}}
    state = {"_id": _ID, "shape": SHAPE, "zone": zone.key, **ours}
    if raw(FiguresState).find_one(state, {"_id": 1}, session=session) is None:
        return False
    deltas = Deltas(zone)
    fresh: dict[ObjectId, tuple[Row, Row]] = {}
    for payment in payments:
        before = old.get(payment["_id"])
        if before and before["version"] >= payment["version"]:
            continue  # another process has counted this state of it, or a later one
        row = row_of(payment)
        fresh[payment["_id"]] = (payment, row)
        deltas.replace(counted_of(before) if before else None, counted_of(row))
    if fresh:
        _write_rows(fresh, old, session)
        _write_deltas(deltas, session)
    return True


def _write_rows(
    fresh: Mapping[ObjectId, tuple[Row, Row]], old: Mapping[ObjectId, Row], session: ClientSession
) -> None:
    rows = [
        ReplaceOne({"_id": id_}, row) if id_ in old else InsertOne(row) for id_, (_, row) in fresh.items()
    ]
    raw(PaymentRow).bulk_write(rows, ordered=False, session=session)
    histories = _histories_of_failures([payment for payment, _ in fresh.values()], session)
    for kind, rows_of in ((RefundRow, refund_rows), (DisputeRow, dispute_rows)):
        made = [
            child
            for payment, row in fresh.values()
            for child in rows_of(
                {**payment, **histories.get(payment["_id"], {})},
                row,
                FilterKey.parse(row["kind"]).three_d_secure,
            )
        ]
        known = [id_ for id_ in fresh if id_ in old]
        if known:
            raw(kind).delete_many({"payment_id": {"$in": known}}, session=session)
        if made:
            raw(kind).insert_many(made, ordered=False, session=session)


def _histories_of_failures(payments: Sequence[Row], session: ClientSession) -> dict[ObjectId, Row]:
    """The histories of the few payments that have a failed refund; the others' are never read for their rows."""
    ids = [p["_id"] for p in payments if any(r["status"] == "failed" for r in p["refunds"])]
    found = raw(PaymentDocument).find({"_id": {"$in": ids}}, _FAILURES, session=session) if ids else ()
    return {payment["_id"]: payment for payment in found}


def _write_deltas(deltas: Deltas, session: ClientSession) -> None:
    changes = [UpdateOne({"_id": id_}, {"$inc": more}, upsert=True) for id_, more in deltas.increments()]
    if changes:
        raw(Rollup).bulk_write(changes, ordered=False, session=session)
