"""Counting payments into rows and rollups, exactly once.

The write that changes a payment also sets its mark ``uncounted``. One transaction subtracts the payment's previous
contribution, which its row holds, from the rollups, adds the present one, and writes the new row; only then is the mark
removed, unless the payment has changed again. So a crash, a race or a repetition at any point leaves figures that are
right, or a mark on the payment to count again.
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

from app.domain.figures.contributions import Contribution
from app.models.connection import raw, unavailable_as_ours
from app.models.figures.rollups import Deltas, FiguresState, Rollup
from app.models.indexes import create_indexes
from app.models.listing.disputes import DisputeRow, dispute_rows
from app.models.listing.payment_summary import (
    CONTRIBUTION_FIELDS,
    CONTRIBUTION_OF_PAYMENT,
    LISTED_OF_PAYMENT,
    PAYMENT_FIELDS,
    PLACED_FIELDS,
    FilterKey,
    PaymentRow,
    bare_row_of,
    contribution_of,
    listed_row_of,
    row_of,
)
from app.models.listing.refunds import RefundRow, refund_rows
from app.models.payments.document import PaymentDocument

# Increase it with every change of the content or indexes of rows and rollups: the figures are then rebuilt.
SHAPE = 9
_ID = "figures"
# The parts of a history that date the failures of refunds.
_FAILURES = dict.fromkeys(("history.at", "history.changes.refunds.id", "history.changes.refunds.status"), 1)
_MAJORITY = WriteConcern("majority", j=True)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class State:
    """What the figures were built for; during a build, ``done`` of ``total`` payments are counted."""

    zone: str
    shape: int
    built_at: datetime | None
    done: int
    total: int


def state() -> State | None:
    """What the figures were built for; None before the first build."""
    with unavailable_as_ours():
        row = raw(FiguresState).find_one({"_id": _ID})
    if row is None:
        return None
    return State(row["zone"], row["shape"], row.get("built_at"), row.get("done", 0), row.get("total", 0))


def begin(zone: str, build: str) -> int:
    """Empty the figures for a rebuild; returns the approximate number of payments.

    ``build`` names the build: until it is finished, only a process that names it counts.
    """
    with unavailable_as_ours():
        total = int(raw(PaymentDocument).estimated_document_count())
        row = {"zone": zone, "shape": SHAPE, "build": build, "built_at": None, "done": 0, "total": total}
        raw(FiguresState).replace_one({"_id": _ID}, row, upsert=True)
        # Payment rows first: the drop waits for running counts (see _count), so what they write into the other
        # collections is dropped as well.
        collections = (PaymentRow, Rollup, RefundRow, DisputeRow)
        filled = [collection for collection in collections if raw(collection).find_one({}, {"_id": 1})]
        # A drop is instant at any size; the indexes are created again at once, while empty.
        for collection in filled:
            raw(collection).drop()
    # Lists hint at indexes by name, and MongoDB refuses an unknown name.
    create_indexes()
    return total


def progressed(done: int) -> None:
    """Record how many payments a build has counted."""
    with unavailable_as_ours():
        raw(FiguresState).update_one({"_id": _ID}, {"$set": {"done": done}})


def finished(now: datetime) -> None:
    """Record that the build is complete; from now on the figures may be shown."""
    with unavailable_as_ours():
        raw(FiguresState).update_one({"_id": _ID}, {"$set": {"built_at": now}})


def payments_estimate() -> int:
    """The approximate number of payments."""
    with unavailable_as_ours():
        return int(raw(PaymentDocument).estimated_document_count())


def uncounted(limit: int) -> list[Row]:
    """Payments that changed since they were last counted."""
    with unavailable_as_ours():
        return list(raw(PaymentDocument).find({"uncounted": True}, PAYMENT_FIELDS).limit(limit))


def pending(limit: int, session: ClientSession) -> list[tuple[Contribution | None, Contribution]] | None:
    """The counted and the present contributions of changed payments; None when more than ``limit`` changed."""
    changed = _changed(limit, session, CONTRIBUTION_OF_PAYMENT, CONTRIBUTION_FIELDS)
    if changed is None:
        return None
    return [(contribution_of(row) if row else None, contribution_of(bare_row_of(payment))) for row, payment in changed]


def changed_rows(limit: int, session: ClientSession) -> list[tuple[Row | None, Row]] | None:
    """The stored and the present rows of changed payments; None when more than ``limit`` changed.

    Stored rows have only the fields that place them in lists.
    """
    changed = _changed(limit, session, LISTED_OF_PAYMENT, PLACED_FIELDS)
    return None if changed is None else [(row, listed_row_of(payment)) for row, payment in changed]


def _changed(
    limit: int, session: ClientSession, of_payment: Mapping[str, int], of_row: Mapping[str, int]
) -> list[tuple[Row | None, Row]] | None:
    """Changed payments, each with its row if it has one; None when more than ``limit`` changed."""
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
    """The number of payments that wait to be counted, up to ``most``."""
    with unavailable_as_ours():
        return int(raw(PaymentDocument).count_documents({"uncounted": True}, limit=most))


def batches(size: int) -> Iterable[list[Row]]:
    """All payments in the order of their creation, so that a batch touches few rollups."""
    newest_first = [("created_at", -1), ("_id", -1)]
    with unavailable_as_ours():
        batch: list[Row] = []
        for payment in raw(PaymentDocument).find({}, PAYMENT_FIELDS).sort(newest_first).batch_size(size):
            batch.append(payment)
            if len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch


def count(payments: Sequence[Row], zone: ZoneInfo, build: str | None = None) -> bool:
    """Count payments as they were read into rows and rollups; then remove the marks of those still unchanged.

    Returns False and counts nothing while another build than ``build`` runs, or after one for another zone or shape.
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
    """One transaction: rows and rollups change together, so the rollups hold each payment exactly as its row does.

    It reads the rows first. A build that begins later waits for it before it drops them; a build that began earlier is
    visible in the state.
    """
    ids = [payment["_id"] for payment in payments]
    stored = raw(PaymentRow).find({"_id": {"$in": ids}}, {**CONTRIBUTION_FIELDS, "version": 1}, session=session)
    old = {row["_id"]: row for row in stored}
    ours = {"build": build} if build else {"built_at": {"$ne": None}}
    state = {"_id": _ID, "shape": SHAPE, "zone": zone.key, **ours}
    if raw(FiguresState).find_one(state, {"_id": 1}, session=session) is None:
        return False
    deltas = Deltas(zone)
    new: dict[ObjectId, tuple[Row, Row]] = {}
    for payment in payments:
        before = old.get(payment["_id"])
        if before and before["version"] >= payment["version"]:
            continue  # another process has already counted this version, or a later one
        row = row_of(payment)
        new[payment["_id"]] = (payment, row)
        deltas.replace(contribution_of(before) if before else None, contribution_of(row))
    if new:
        _write_rows(new, old, session)
        _write_deltas(deltas, session)
    return True


def _write_rows(new: Mapping[ObjectId, tuple[Row, Row]], old: Mapping[ObjectId, Row], session: ClientSession) -> None:
    rows = [ReplaceOne({"_id": id_}, row) if id_ in old else InsertOne(row) for id_, (_, row) in new.items()]
    raw(PaymentRow).bulk_write(rows, ordered=False, session=session)
    histories = _histories_of_failures([payment for payment, _ in new.values()], session)
    for kind, rows_of in ((RefundRow, refund_rows), (DisputeRow, dispute_rows)):
        children = [
            child
            for payment, row in new.values()
            for child in rows_of(
                {**payment, **histories.get(payment["_id"], {})}, row, FilterKey.parse(row["kind"]).three_d_secure
            )
        ]
        existing = [id_ for id_ in new if id_ in old]
        if existing:
            raw(kind).delete_many({"payment_id": {"$in": existing}}, session=session)
        if children:
            raw(kind).insert_many(children, ordered=False, session=session)


def _histories_of_failures(payments: Sequence[Row], session: ClientSession) -> dict[ObjectId, Row]:
    """The histories of the few payments with a failed refund; rows need no other history."""
    ids = [p["_id"] for p in payments if any(r["status"] == "failed" for r in p["refunds"])]
    histories = raw(PaymentDocument).find({"_id": {"$in": ids}}, _FAILURES, session=session) if ids else ()
    return {payment["_id"]: payment for payment in histories}


def _write_deltas(deltas: Deltas, session: ClientSession) -> None:
    changes = [UpdateOne({"_id": id_}, {"$inc": more}, upsert=True) for id_, more in deltas.increments()]
    if changes:
        raw(Rollup).bulk_write(changes, ordered=False, session=session)
