"""Payments by the batch, as reconciliation compares them: one query for a page of Stripe's list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import ObjectId

from app.domain.payments.states import PaymentStatus
from app.ids import is_id
from app.models.connection import raw, unavailable_as_ours
from app.models.payments import repository
from app.models.payments.document import WAITING, PaymentDocument
from app.models.payments.mapping import moment
from app.models.payments.repository import StoredPayment

_BRIEF = {"payment_intent_id": 1, "currency": 1, "amount": 1}
_BATCH = 100


@dataclass(frozen=True, slots=True)
class BriefRow:
    """As much of a payment as a line about it needs."""

    payment_id: str
    intent_id: str | None
    currency: str
    amount: int


def by_intents(intent_ids: Iterable[str]) -> dict[str, StoredPayment]:
    """The payments of some intents, by intent id."""
    return {str(p.state.intent_id): p for p in _stored({"payment_intent_id": {"$in": list(intent_ids)}})}


def by_ids(payment_ids: Iterable[str]) -> dict[str, StoredPayment]:
    """Payments by our own id; what is no id is left out."""
    wanted = [ObjectId(payment_id) for payment_id in payment_ids if is_id(payment_id)]
    return {p.id: p for p in _stored({"_id": {"$in": wanted}})} if wanted else {}


def created_between(after: int, until: int | None, *, livemode: bool) -> Iterator[BriefRow]:
    """Rows with an intent that were created after one Unix time and up to another; None is the future."""
    created = {"$gt": moment(after)} | ({"$lte": moment(until)} if until is not None else {})
    yield from _brief(
        {"created_at": created, "payment_intent_id": {"$type": "string"}, "livemode": livemode},
        [("created_at", -1), ("_id", -1)],
    )


def unanswered(since: int, *, now: datetime, before: datetime) -> Iterator[BriefRow]:
    """Rows that have no intent although nobody is asking Stripe for one any more."""
    yield from _brief(
        {
            "status": PaymentStatus.PENDING.value,
            "created_at": {"$gte": moment(since), "$lt": before},
            "payment_intent_id": None,
            "evidence.refused_code": None,
            "$or": [{"creating_until": None}, {"creating_until": {"$lte": now}}],
        },
        [("created_at", -1), ("_id", -1)],
    )


def waiting(before: int, *, livemode: bool) -> Iterator[BriefRow]:
    """Rows created before a Unix time that wait for Stripe: a bank debit under way, a hold not yet captured."""
    yield from _brief(
        {
            "status": {"$in": WAITING},
            "created_at": {"$lt": moment(before)},
            "payment_intent_id": {"$type": "string"},
            "livemode": livemode,
        },
        [("created_at", -1), ("_id", -1)],
    )


def _stored(query: dict[str, Any]) -> list[StoredPayment]:
    with unavailable_as_ours():
        documents = list(raw(PaymentDocument).find(query, repository._STATE))
    return [repository._stored(document) for document in documents]


def _brief(query: dict[str, Any], order: list[tuple[str, int]]) -> Iterator[BriefRow]:
    with unavailable_as_ours():
        for row in raw(PaymentDocument).find(query, _BRIEF).sort(order).batch_size(_BATCH):
            yield BriefRow(str(row["_id"]), row.get("payment_intent_id"), row["currency"], row["amount"])
