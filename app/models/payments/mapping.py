"""What MongoDB holds of a payment, to and from the domain: its evidence, and the payment as it was last written.

Writers read the evidence (``state_of``) and derive the payment from it; readers take the payment as it is stored
(``payment_of``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any

from bson import ObjectId

from app.domain.payments.evidence import (
    ChallengeEvidence,
    ChargeEvidence,
    ClosingEvidence,
    DisputeEvidence,
    FailureEvidence,
    FraudWarningEvidence,
    PaymentState,
    RefundEvidence,
    ReviewEvidence,
)
from app.domain.payments.facts import Failure, Risk, ThreeDSecure
from app.domain.payments.methods import Card, PaymentMethod
from app.domain.payments.payment import Attempt, Authentication, Dispute, FraudWarning, Payment, Refund, Review
from app.domain.payments.snapshot import record, refund_record
from app.domain.payments.states import (
    AttemptStatus,
    AuthenticationOutcome,
    CaptureMethod,
    ChargeStatus,
    ClosingKind,
    DisputeStatus,
    PaymentStatus,
    RefundState,
    RefundStatus,
)

Document = dict[str, Any]

_IDENTITY = ("order_id", "customer_id", "currency", "description", "livemode")
_SCALARS = (
    "amount",
    "opened_at",
    "currency",
    "amount_as_of",
    "asked_amount",
    "asked_currency",
    "intent_id",
    "intent_created",
    "succeeded_at",
    "amount_received",
    "canceled_at",
    "cancellation_reason",
    "refused_code",
    "idle_at",
    "capture_method",
    "key_number",
    "held_at",
    "processing_at",
)
_TABLES: dict[str, type] = {
    "charges": ChargeEvidence,
    "challenges": ChallengeEvidence,
    "failures": FailureEvidence,
    "refunds": RefundEvidence,
    "disputes": DisputeEvidence,
    "fraud_warnings": FraudWarningEvidence,
    "reviews": ReviewEvidence,
    "closings": ClosingEvidence,
}
_STATUSES: dict[type, Callable[[str], str]] = {
    ChargeEvidence: ChargeStatus,
    RefundEvidence: RefundState,
    DisputeEvidence: DisputeStatus,
}
_VALUES: dict[str, type] = {
    "failure": Failure,
    "card": Card,
    "three_d_secure": ThreeDSecure,
    "risk": Risk,
    "method": PaymentMethod,
}
_TIMES = frozenset({"created_at", "completed_at", "evidence_due_by", "failed_at", "hold_expires_at"})
_PAYMENT_FIELDS = (
    *("order_id", "customer_id", "description", "payment_intent_id", "livemode", "amount", "currency"),
    *("cancellation_reason", "amount_captured", "amount_refunded", "amount_refundable", "disputed"),
)
_REFUND_FIELDS = (
    *("id", "payment_id", "stripe_refund_id", "amount", "currency", "reason", "failure_reason"),
    *("notes", "requested_by", "settled_by", "stripe_reason"),
)
_DISPUTE_FIELDS = ("id", "charge_id", "amount", "currency", "reason", "is_charge_refundable", "withdrawn")


def evidence_of(state: PaymentState) -> Document:
    """The evidence as a document; gaps are left out, so that rows stay small."""
    values = ((name, getattr(state, name)) for name in _SCALARS)
    evidence: Document = {name: value for name, value in values if value is not None and value is not False}
    for table in _TABLES:
        rows = getattr(state, table)
        if rows:
            evidence[table] = {key: _row(row) for key, row in rows.items()}
    return evidence


def state_of(document: Mapping[str, Any]) -> PaymentState:
    """The state that a stored document holds."""
    evidence = document["evidence"]
    values: Document = {name: document.get(name) for name in _IDENTITY}
    values |= {name: evidence[name] for name in _SCALARS if name in evidence}
    if method := evidence.get("capture_method"):
        values["capture_method"] = CaptureMethod(method)
    for table, kind in _TABLES.items():
        values[table] = {key: _evidence(kind, row) for key, row in evidence.get(table, {}).items()}
    return PaymentState(payment_id=str(document["_id"]), **values)


def fields_of(values: Mapping[str, Any]) -> Document:
    """A record as document fields: the same names, with times as dates."""
    return {name: _stored(name, value) for name, value in values.items()}


def payment_of(document: Mapping[str, Any]) -> Payment:
    """The payment as it is stored. What a damaged document lacks is empty; the audit says what is wrong with it."""
    payment_id, completed = str(document["_id"]), document.get("completed_at")
    expires = document.get("hold_expires_at")
    return Payment(
        id=payment_id,
        **_named(document, _PAYMENT_FIELDS),
        status=PaymentStatus(str(document.get("status"))),
        refund_status=RefundStatus(str(document.get("refund_status"))),
        failure=_failure(document.get("failure")),
        three_d_secure=_authentication(document.get("three_d_secure")),
        card=_card(document.get("card")),
        payment_method=_payment_method(document),
        attempts=tuple(_attempt(row) for row in document.get("attempts") or ()),
        refunds=tuple(refund_of({**row, "payment_id": payment_id}) for row in document.get("refunds") or ()),
        disputes=tuple(_dispute(row) for row in document.get("disputes") or ()),
        created=_seconds(document["created_at"]),
        completed=_seconds(completed) if completed else None,
        amount_released=document.get("amount_released") or 0,
        differs={name: tuple(pair) for name, pair in (document.get("differs") or {}).items()},
        risk=_risk(document.get("risk")),
        fraud_warnings=tuple(_fraud_warning(row) for row in document.get("fraud_warnings") or ()),
        reviews=tuple(_review(row) for row in document.get("reviews") or ()),
        updated_at=document.get("updated_at"),
        capture_method=CaptureMethod.of_intent(document.get("capture_method")),
        hold_expires=_seconds(expires) if expires else None,
        history=document.get("history") or (),
    )


def document_of(payment: Payment) -> Document:
    """The document that ``payment_of`` reads, without evidence and history."""
    return {"_id": ObjectId(payment.id), **fields_of(record(payment)), "updated_at": payment.updated_at}


def refund_of(row: Mapping[str, Any]) -> Refund:
    """A refund as it is stored in its payment, given the payment's id as well."""
    status, failed = RefundState(row["status"]), row.get("failed_at")
    return Refund(
        **_named(row, _REFUND_FIELDS),
        status=status,
        created=_seconds(row["created_at"]),
        moved=bool(row.get("moved")) or status.counts_as_refunded,
        failed=_seconds(failed) if failed else None,
    )


def refund_document(refund: Refund) -> Document:
    """The row that ``refund_of`` reads."""
    return {**fields_of(refund_record(refund)), "payment_id": refund.payment_id}


def moment(seconds: int) -> datetime:
    """A Unix time as an aware UTC datetime."""
    return datetime.fromtimestamp(seconds, UTC)


def _row(row: Any) -> Document:
    values: Document = {}
    for name, default in _defaults(row.__class__):
        value = getattr(row, name)
        # False says something where nothing is known by default.
        if value is not None and not (value is False and default is False):
            values[name] = _row(value) if name in _VALUES else value
    return values


def _evidence(kind: type, row: Mapping[str, Any]) -> Any:
    values = {name: _complete(_VALUES[name], value) if name in _VALUES else value for name, value in row.items()}
    if kind is ClosingEvidence:
        values["kind"] = ClosingKind(values["kind"])
    if kind in _STATUSES:
        values["status"] = _STATUSES[kind](values["status"])
    return _complete(kind, values)


def _complete(kind: Any, values: Mapping[str, Any]) -> Any:
    """Build ``kind`` from what is stored of it; a field that an earlier version stored is left out."""
    return kind(**{name: values.get(name, default) for name, default in _defaults(kind)})


@cache
def _defaults(kind: type) -> tuple[tuple[str, Any], ...]:
    """The fields of an evidence class, with None for each that has no default."""
    return tuple((f.name, None if f.default is MISSING else f.default) for f in fields(kind))


def _stored(name: str, value: Any) -> Any:
    if name in _TIMES and value is not None:
        return moment(value)
    if isinstance(value, list):
        return [fields_of(item) for item in value]
    return value


def _attempt(row: Mapping[str, Any]) -> Attempt:
    return Attempt(
        charge_id=row.get("charge_id"),
        payment_method_id=row.get("payment_method_id"),
        status=AttemptStatus(row["status"]),
        created=_seconds(row["created_at"]),
        failure=_failure(row.get("failure")),
        card=_card(row.get("card")),
        three_d_secure=_authentication(row.get("three_d_secure")),
        payment_method=_payment_method(row),
        action=row.get("action"),
    )


def _dispute(row: Mapping[str, Any]) -> Dispute:
    due = row.get("evidence_due_by")
    return Dispute(
        **_named(row, _DISPUTE_FIELDS),
        status=DisputeStatus(row["status"]),
        evidence_due=_seconds(due) if due else None,
        created=_seconds(row["created_at"]),
    )


def _risk(row: Mapping[str, Any] | None) -> Risk | None:
    return Risk(row.get("level"), row.get("score")) if row else None


def _fraud_warning(row: Mapping[str, Any]) -> FraudWarning:
    names = ("id", "charge_id", "actionable", "fraud_type")
    return FraudWarning(**_named(row, names), created=_seconds(row["created_at"]))


def _review(row: Mapping[str, Any]) -> Review:
    names = ("id", "charge_id", "is_open", "opened_reason", "closed_reason")
    return Review(**_named(row, names), created=_seconds(row["created_at"]))


def _failure(row: Mapping[str, Any] | None) -> Failure | None:
    return Failure(row["code"], row.get("decline_code")) if row else None


def _card(row: Mapping[str, Any] | None) -> Card | None:
    return Card(row.get("brand"), row.get("last4"), row.get("country")) if row else None


def _payment_method(row: Mapping[str, Any]) -> PaymentMethod | None:
    method = row.get("payment_method")
    return PaymentMethod(**method) if method else PaymentMethod.of_card(_card(row.get("card")))


def _authentication(row: Mapping[str, Any] | None) -> Authentication:
    row = row or {}
    outcome = row.get("outcome")
    return Authentication(
        outcome=AuthenticationOutcome(outcome) if outcome else None, result=row.get("result"), flow=row.get("flow")
    )


def _named(row: Mapping[str, Any], names: Sequence[str]) -> Document:
    return {name: row.get(name) for name in names}


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
