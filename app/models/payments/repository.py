"""Every read of payments. Those for a change get the state, the version and the last link of the history.

They go through the driver: ``find_by_intent`` is on the way of every webhook, and the others read batches or parts of
documents that MongoEngine would build whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bson import ObjectId
from pymongo.client_session import ClientSession

from app.domain.payments.derivation import derive
from app.domain.payments.evidence import PaymentState
from app.domain.payments.history import Entry
from app.domain.payments.payment import Payment
from app.domain.payments.states import PaymentStatus, RefundState
from app.ids import is_id
from app.models.connection import raw, unavailable_as_ours
from app.models.payments.document import WAITING, PaymentDocument
from app.models.payments.mapping import Document, moment, state_of
from app.models.write_batching import GroupCommit

# The state, the version and the last link of the chain; everything else is derived from these.
STATE = {
    **dict.fromkeys(("order_id", "customer_id", "currency", "description", "livemode"), 1),
    **dict.fromkeys(("evidence", "version", "updated_at"), 1),
    "history": {"$slice": -1},
}
_BRIEF = {"payment_intent_id": 1, "currency": 1, "amount": 1}
_NEWEST_FIRST = [("created_at", -1), ("_id", -1)]
_BATCH = 100
_MOST_RECOVERED = 1000


@dataclass(frozen=True, slots=True)
class StoredPayment:
    """A payment as read for a change: the version that a write must name, and the last link of its history."""

    state: PaymentState
    payment: Payment
    version: int
    last_entry: Entry | None

    @property
    def id(self) -> str:
        return self.state.payment_id


@dataclass(frozen=True, slots=True)
class PaymentBrief:
    """As much of a payment as a line about it needs."""

    payment_id: str
    intent_id: str | None
    currency: str
    amount: int


def find(payment_id: str) -> StoredPayment | None:
    """The payment with our id; None when there is none or the id is no id."""
    return _one({"_id": ObjectId(payment_id)}) if is_id(payment_id) else None


def find_by_intent(intent_id: str) -> StoredPayment | None:
    """The payment of a Stripe payment intent."""
    with unavailable_as_ours():
        document = _documents_of_intents(intent_id)
    return stored_payment(document) if document else None


def find_by_charge(charge_id: str) -> StoredPayment | None:
    """The payment that a charge paid, or tried to."""
    return _one({"attempts.charge_id": charge_id})


def whole(payment_id: str) -> Document | None:
    """The whole document, history included; None when there is none or the id is no id."""
    if not is_id(payment_id):
        return None
    with unavailable_as_ours():
        document: Document | None = raw(PaymentDocument).find_one({"_id": ObjectId(payment_id)})
    return document


def every() -> Iterator[Document]:
    """Every whole document, oldest first."""
    with unavailable_as_ours():
        yield from raw(PaymentDocument).find().sort("_id", 1).batch_size(_BATCH)


def newest(most: int) -> Iterator[Document]:
    """The newest whole documents."""
    with unavailable_as_ours():
        yield from raw(PaymentDocument).find().sort(_NEWEST_FIRST).limit(most)


def approximate_count() -> int:
    """About how many payments there are."""
    with unavailable_as_ours():
        return int(raw(PaymentDocument).estimated_document_count())


def history_of_intent(intent_id: str) -> tuple[str, list[Entry]] | None:
    """The id and the history of the payment of an intent."""
    with unavailable_as_ours():
        document = raw(PaymentDocument).find_one({"payment_intent_id": intent_id}, {"history": 1})
    return (str(document["_id"]), document.get("history") or []) if document else None


def listed(ids: Sequence[ObjectId], session: ClientSession) -> list[Document]:
    """Payments in the order of ``ids``, without evidence and history."""
    with unavailable_as_ours():
        fields = {"history": 0, "evidence": 0}
        rows = raw(PaymentDocument).find({"_id": {"$in": list(ids)}}, fields, session=session)
        documents = {document["_id"]: document for document in rows}
    return [documents[id_] for id_ in ids]


def exists() -> bool:
    """True when there is any payment at all."""
    with unavailable_as_ours():
        return raw(PaymentDocument).find_one({}, {"_id": 1}) is not None


def by_intents(intent_ids: Iterable[str]) -> dict[str, StoredPayment]:
    """The payments of some intents, by intent id."""
    return {str(p.state.intent_id): p for p in _many({"payment_intent_id": {"$in": list(intent_ids)}})}


def by_ids(payment_ids: Iterable[str]) -> dict[str, StoredPayment]:
    """Payments by our own id; what is no id is left out."""
    ids = [ObjectId(payment_id) for payment_id in payment_ids if is_id(payment_id)]
    return {p.id: p for p in _many({"_id": {"$in": ids}})} if ids else {}


def created_between(after: int, until: int | None, *, livemode: bool) -> Iterator[PaymentBrief]:
    """Payments with an intent that were created after one Unix time and up to another; None is the future."""
    created = {"$gt": moment(after)} | ({"$lte": moment(until)} if until is not None else {})
    yield from _brief({"created_at": created, "payment_intent_id": {"$type": "string"}, "livemode": livemode})


def without_intent(since: int, *, now: datetime, before: datetime) -> Iterator[PaymentBrief]:
    """Payments without an intent that no request is asking Stripe for any more."""
    yield from _brief(
        {
            "status": PaymentStatus.PENDING.value,
            "created_at": {"$gte": moment(since), "$lt": before},
            "payment_intent_id": None,
            "evidence.refused_code": None,
            "$or": [{"creating_until": None}, {"creating_until": {"$lte": now}}],
        }
    )


def waiting_for_stripe(before: int, *, livemode: bool) -> Iterator[PaymentBrief]:
    """Payments created before a Unix time that wait for Stripe: a bank debit under way, a hold not yet captured."""
    yield from _brief(
        {
            "status": {"$in": WAITING},
            "created_at": {"$lt": moment(before)},
            "payment_intent_id": {"$type": "string"},
            "livemode": livemode,
        }
    )


def without_answer(at: datetime) -> list[str]:
    """The ids of payments without an intent whose creating request must have ended by then."""
    with unavailable_as_ours():
        rows = raw(PaymentDocument).find(without_answer_query(at), {"_id": 1})
        return [str(row["_id"]) for row in rows.sort("creating_until", 1).limit(_MOST_RECOVERED)]


def without_answer_query(at: datetime) -> Document:
    # The type says nothing new, but without it MongoDB reads every payment instead of the partial index.
    return {"creating_until": {"$type": "date", "$lte": at}, "payment_intent_id": None}


def with_undecided_closings(at: datetime) -> list[str]:
    """The ids of payments that Stripe was asked to capture or cancel by then, and whose outcome is unknown."""
    with unavailable_as_ours():
        rows = raw(PaymentDocument).find(undecided_closings_query(at), {"_id": 1})
        return [str(row["_id"]) for row in rows.sort("closing_since", 1).limit(_MOST_RECOVERED)]


def undecided_closings_query(at: datetime) -> Document:
    return {"closing_since": {"$type": "date", "$lte": at}}


def with_unnamed_refunds() -> list[str]:
    """The ids of payments with a refund that was requested here and that Stripe has not named."""
    with unavailable_as_ours():
        rows = raw(PaymentDocument).find(unnamed_refunds_query(), {"_id": 1}).limit(_MOST_RECOVERED)
        return [str(row["_id"]) for row in rows]


def unnamed_refunds_query() -> Document:
    pending = RefundState.PENDING.value
    # The first condition says nothing new, but MongoDB uses the partial index only where its own condition stands.
    return {"refunds.status": pending, "refunds": {"$elemMatch": {"status": pending, "stripe_refund_id": None}}}


def stored_payment(document: Document) -> StoredPayment:
    """The payment in a document that was read with ``STATE``, or is about to be inserted."""
    state = state_of(document)
    history = document.get("history") or [None]
    payment = derive(state, updated_at=document["updated_at"])
    return StoredPayment(state, payment, document["version"], history[-1])


def _many(query: Document) -> list[StoredPayment]:
    with unavailable_as_ours():
        documents = list(raw(PaymentDocument).find(query, STATE))
    return [stored_payment(document) for document in documents]


def _brief(query: Document) -> Iterator[PaymentBrief]:
    with unavailable_as_ours():
        for row in raw(PaymentDocument).find(query, _BRIEF).sort(_NEWEST_FIRST).batch_size(_BATCH):
            yield PaymentBrief(str(row["_id"]), row.get("payment_intent_id"), row["currency"], row["amount"])


def _one(query: Document) -> StoredPayment | None:
    with unavailable_as_ours():
        document = raw(PaymentDocument).find_one(query, STATE)
    return stored_payment(document) if document else None


def _find_intents(intent_ids: Sequence[str]) -> list[Document | None]:
    rows = raw(PaymentDocument).find({"payment_intent_id": {"$in": list(set(intent_ids))}}, STATE)
    by_intent = {document["evidence"]["intent_id"]: document for document in rows}
    return [by_intent.get(intent_id) for intent_id in intent_ids]


_documents_of_intents = GroupCommit(_find_intents)
