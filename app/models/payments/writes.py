"""The conditional writes on payments; every write of a change names the version that it was decided on.

They go through the driver: they are conditions on fields that are not read, and updates that share a round trip.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from app.domain.payments.closings import undecided
from app.domain.payments.evidence import PaymentState
from app.domain.payments.history import Entry
from app.domain.payments.snapshot import Record
from app.domain.payments.states import CaptureMethod
from app.models.connection import raw, unavailable_as_ours
from app.models.payments.document import PaymentDocument
from app.models.payments.mapping import Document, evidence_of, fields_of, moment
from app.models.payments.repository import STATE, StoredPayment, stored_payment
from app.models.write_batching import GroupCommit

_DUPLICATE_KEY = 11000


class AlreadyExists(Exception):
    """Another process has written the same payment, or holds the same open slot."""


def claim_open_slot(
    slot: str, insert: Mapping[str, Any], *, now: datetime, until: datetime
) -> tuple[StoredPayment, bool]:
    """The open payment that holds ``slot``, inserted from ``insert`` if there is none; and whether we inserted it."""
    with unavailable_as_ours():
        for _ in range(3):
            # A new order is the usual case, so the insert comes first and the unique index decides.
            new = {**insert, "open_slot": slot, "creating_until": until, "updated_at": now, "version": 1}
            try:
                raw(PaymentDocument).insert_one(new)
            except DuplicateKeyError:
                document = raw(PaymentDocument).find_one({"open_slot": slot}, STATE)
                if document:
                    return stored_payment(document), False
                continue  # it was closed between the two calls
            return stored_payment(new), True
    raise AlreadyExists(slot)


def take_over_creation(payment_id: str, *, now: datetime, until: datetime) -> bool:
    """Become the one who asks Stripe for this row's intent; False while another request is at it."""
    query = {
        "_id": ObjectId(payment_id),
        "payment_intent_id": None,
        "$or": [{"creating_until": None}, {"creating_until": {"$lte": now}}],
    }
    with unavailable_as_ours():
        result = raw(PaymentDocument).update_one(query, {"$set": {"creating_until": until}})
    return bool(result.modified_count)


def release_creation(payment_id: str, *, now: datetime) -> None:
    """Let a retry try at once, and the worker look, after a call whose outcome is unknown."""
    with unavailable_as_ours():
        raw(PaymentDocument).update_one({"_id": ObjectId(payment_id)}, {"$set": {"creating_until": now}})


def forget_creation(payment_id: str) -> None:
    """Nothing was made at Stripe; from now on only a retry of the request asks for the intent again."""
    with unavailable_as_ours():
        raw(PaymentDocument).update_one({"_id": ObjectId(payment_id)}, {"$unset": {"creating_until": ""}})


def document_for(state: PaymentState, new: Record, entry: Entry | None) -> Document:
    """A new row for ``state``; without an entry yet, the history begins empty."""
    return {
        "_id": ObjectId(state.payment_id),
        **fields_of(new),
        "evidence": evidence_of(state),
        "history": [entry] if entry else [],
        "uncounted": True,
    }


def open_slot(
    customer_id: str, order_id: str, currency: str, amount: int, capture_method: CaptureMethod | None = None
) -> str:
    """The key that only one open payment may hold: equal for requests that mean the same payment."""
    held = f":{capture_method}" if capture_method and capture_method.is_manual else ""
    return f"{customer_id}:{order_id}:{currency}:{amount}{held}"


def insert(state: PaymentState, new: Record, entry: Entry, *, slot: str | None, now: datetime) -> None:
    """A row for an adopted payment; it holds ``slot`` unless another open payment does.

    Raises AlreadyExists when another process was first.
    """
    document = {**document_for(state, new, entry), "updated_at": now, "version": 1}
    with unavailable_as_ours():
        try:
            raw(PaymentDocument).insert_one({**document, "open_slot": slot} if slot else document)
        except DuplicateKeyError as error:
            if slot and "open_slot" in (error.details or {}).get("keyPattern", {}):
                insert(state, new, entry, slot=None, now=now)
            else:
                raise AlreadyExists(state.intent_id) from error


def save(
    stored: StoredPayment,
    state: PaymentState,
    changed: Record,
    entry: Entry | None,
    *,
    open_: bool,
    now: datetime,
    gone: Collection[str] = (),
) -> bool:
    """Write the new state unless another process wrote since ``stored`` was read; True when written.

    ``changed`` holds the fields of the record that differ: MongoDB then leaves the other indexes alone. ``gone`` names
    those that the record no longer has. Raises
    AlreadyExists when another payment already has this payment intent.
    """
    update: Document = {"$set": {"evidence": evidence_of(state)}, "$inc": {"version": 1}}
    if entry:
        update["$set"] |= fields_of(changed) | {"updated_at": now, "uncounted": True}
        update["$push"] = {"history": entry}
    unset = dict.fromkeys(gone if open_ else (*gone, "open_slot"), "")
    if state.intent_id or state.refused_code:
        unset["creating_until"] = ""
    closing = undecided(state) if open_ else None
    if closing:
        update["$set"]["closing_since"] = moment(closing[1].asked_at)
    elif stored.state.closings:
        unset["closing_since"] = ""
    if unset:
        update["$unset"] = unset
    query = {"_id": ObjectId(stored.id), "version": stored.version}
    with unavailable_as_ours():
        outcome = _writes(_Write(stored, entry, query, update))
    if outcome is None:
        raise AlreadyExists(state.intent_id)
    return outcome


@dataclass(frozen=True, slots=True)
class _Write:
    """A conditional write, and what identifies it afterwards."""

    stored: StoredPayment
    entry: Entry | None
    query: Document
    update: Document


def _write_all(writes: Sequence[_Write]) -> list[bool | None]:
    """Which writes were made; None for one whose payment intent another payment has."""
    if len(writes) == 1:
        return [_write_alone(writes[0])]
    taken: set[int] = set()
    try:
        result = raw(PaymentDocument).bulk_write(
            [UpdateOne(write.query, write.update) for write in writes], ordered=False
        )
        matched = result.matched_count
    except BulkWriteError as error:
        problems = {problem["index"]: problem["code"] for problem in error.details["writeErrors"]}
        if set(problems.values()) != {_DUPLICATE_KEY}:
            raise
        taken, matched = set(problems), error.details["nMatched"]
    if matched == len(writes):
        return [True] * len(writes)
    made = _made(writes)
    return [None if at in taken else made[at] for at in range(len(writes))]


def _write_alone(write: _Write) -> bool | None:
    """The same for one write, which costs MongoDB and its driver less."""
    try:
        return bool(raw(PaymentDocument).update_one(write.query, write.update).matched_count)
    except DuplicateKeyError:
        return None


def _made(writes: Sequence[_Write]) -> list[bool]:
    """Which of several writes were made, when MongoDB reported only how many.

    A write that cannot be identified counts as not made: its facts are applied again, and change nothing.
    """
    ids = [ObjectId(write.stored.id) for write in writes]
    rows = raw(PaymentDocument).find({"_id": {"$in": ids}}, {"version": 1, "history": {"$slice": -1}})
    last = {str(row["_id"]): row for row in rows}
    return [
        write.entry is not None
        and last[write.stored.id]["version"] == write.stored.version + 1
        and last[write.stored.id]["history"][-1]["hash"] == write.entry["hash"]
        for write in writes
    ]


_writes = GroupCommit(_write_all)
