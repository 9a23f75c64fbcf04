"""``PaymentState`` to and from the plain document that MongoDB holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from app.domain.payments.evidence import (
    ChallengeEvidence,
    ChargeEvidence,
    DisputeEvidence,
    PaymentState,
    RefundEvidence,
)
from app.domain.payments.facts import Card, Failure, ThreeDSecure
from app.domain.payments.states import ChargeStatus, DisputeStatus, RefundState

Document = dict[str, Any]

_IDENTITY = ("order_id", "customer_id", "currency", "description", "livemode")
_SCALARS = (
    "amount",
    "opened_at",
    "amount_as_of",
    "intent_id",
    "intent_created",
    "succeeded_at",
    "amount_received",
    "canceled_at",
    "cancellation_reason",
    "refused_code",
    "idle_at",
)
_TABLES: dict[str, type] = {
    "charges": ChargeEvidence,
    "challenges": ChallengeEvidence,
    "refunds": RefundEvidence,
    "disputes": DisputeEvidence,
}
_STATUSES: dict[type, Callable[[str], str]] = {
    ChargeEvidence: ChargeStatus,
    RefundEvidence: RefundState,
    DisputeEvidence: DisputeStatus,
}
_VALUES: dict[str, type] = {"failure": Failure, "card": Card, "three_d_secure": ThreeDSecure}
_TIMES = frozenset({"created_at", "completed_at", "evidence_due_by"})


def evidence_of(state: PaymentState) -> Document:
    """The evidence as a document; gaps are left out, so that rows stay small."""
    found: Document = {name: value for name in _SCALARS if (value := getattr(state, name)) is not None}
    for table in _TABLES:
        rows = getattr(state, table)
        if rows:
            found[table] = {key: _row(row) for key, row in rows.items()}
    return found


def state_of(document: Mapping[str, Any]) -> PaymentState:
    """The state that a stored document holds."""
    evidence = document["evidence"]
    values: Document = {name: document.get(name) for name in _IDENTITY}
    values |= {name: evidence[name] for name in _SCALARS if name in evidence}
    for table, kind in _TABLES.items():
        values[table] = {key: _evidence(kind, row) for key, row in evidence.get(table, {}).items()}
    return PaymentState(payment_id=str(document["_id"]), **values)


def fields_of(record: Mapping[str, Any]) -> Document:
    """A record as document fields: the same names, with times as dates."""
    return {name: _stored(name, value) for name, value in record.items()}


def moment(seconds: int) -> datetime:
    """A Unix time as an aware UTC datetime."""
    return datetime.fromtimestamp(seconds, UTC)


def _row(row: Any) -> Document:
    found: Document = {}
    for name in row.__slots__:
        value = getattr(row, name)
        if value is not None:
            found[name] = _row(value) if name in _VALUES else value
    return found


def _evidence(kind: type, row: Mapping[str, Any]) -> Any:
    values = {
        name: _complete(_VALUES[name], value) if name in _VALUES else value for name, value in row.items()
    }
    if kind in _STATUSES:
        values["status"] = _STATUSES[kind](values["status"])
    return _complete(kind, values)


def _complete(kind: Any, values: Mapping[str, Any]) -> Any:
    """Build ``kind``, with None for every gap that has no default of its own."""
    fields = kind.__dataclass_fields__
    return kind(
        **{name: values.get(name, None if _has_no_default(f) else f.default) for name, f in fields.items()}
    )


def _has_no_default(field: Any) -> bool:
    return bool(field.default is field.default_factory)  # both are dataclasses.MISSING


def _stored(name: str, value: Any) -> Any:
    if name in _TIMES and value is not None:
        return moment(value)
    if isinstance(value, list):
        return [fields_of(item) for item in value]
    return value
