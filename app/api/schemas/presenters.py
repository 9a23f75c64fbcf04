"""Payments as the API's schemas read them: major units, reasons in words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from app.domain.declines import failure_for_customer
from app.domain.money import Money
from app.domain.payments.facts import Failure
from app.domain.payments.history import Entry
from app.domain.payments.methods import PaymentMethod
from app.domain.payments.payment import Attempt, Authentication, Dispute, Payment, Refund

Body = dict[str, Any]
_PAYMENT = (
    "id order_id customer_id payment_intent_id currency status refund_status disputed card created_at completed_at "
    "updated_at capture_method hold_expires_at payment_method waiting_for"
).split()
_AMOUNTS = ("amount_captured", "amount_refunded", "amount_refundable", "amount_released", "amount_lost")
_ATTEMPT = ("status", "card", "payment_method", "charge_id", "created_at")
_REFUND = ("id payment_id stripe_refund_id currency status reason stripe_reason notes requested_by created_at").split()
_DISPUTE = ("id charge_id currency status reason evidence_due_by created_at is_charge_refundable").split()
_SIGNALS = ("risk", "fraud_warnings", "reviews")

PAYMENT_ID = {
    "in": "path",
    "name": "payment_id",
    "description": "Our id of the payment: 24 hexadecimal digits.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{24}$"},
    "example": "65f0c0ffee65f0c0ffee65f0",
}


def payment_body(payment: Payment, *, for_customer: bool) -> Body:
    """A payment, as in lists and after confirm. A customer does not see what Stripe thinks of the risk."""
    return {
        **({} if for_customer else _fraud_signals(payment)),
        **_fields(payment, _PAYMENT),
        "amount": major(payment.amount, payment.currency),
        **{name: major(getattr(payment, name), payment.currency) for name in _AMOUNTS},
        "differs": _differs(payment),
        "failure": _failure(payment.failure, payment.payment_method),
        "three_d_secure": _three_d_secure(payment.three_d_secure),
        "attempts": [_attempt(attempt) for attempt in payment.attempts],
        "refunds": [refund_body(refund, for_customer=for_customer) for refund in payment.refunds],
    }


def payment_detail_body(payment: Payment, *, for_customer: bool) -> Body:
    """One payment with its disputes and history."""
    history = [_entry(entry, without=_SIGNALS if for_customer else ()) for entry in payment.history]
    disputes = [_dispute(dispute) for dispute in payment.disputes]
    return {**payment_body(payment, for_customer=for_customer), "disputes": disputes, "history": history}


def refund_body(refund: Refund, *, for_customer: bool) -> Body:
    """A refund with its ``payment_id``."""
    body = {**_fields(refund, _REFUND), "amount": major(refund.amount, refund.currency)}
    return body | {"stripe_reason": None} if for_customer else body


def major(minor: int, currency: str) -> Decimal | None:
    """Minor units as the number that people write; None for a currency whose decimals we do not know."""
    return Money(minor, currency).to_major_if_known()


def _fraud_signals(payment: Payment) -> Body:
    return {"risk": payment.risk, "fraud_warning": payment.fraud_warnings[-1] if payment.fraud_warnings else None}


def _entry(entry: Entry, *, without: Collection[str]) -> Body:
    """An entry of the history, without the changes of some fields."""
    changes = {name: change for name, change in entry["changes"].items() if name not in without}
    return {**entry, "at": datetime.fromtimestamp(entry["at"] / 1000, UTC), "changes": changes}


def _differs(payment: Payment) -> Body:
    """What was asked and what was taken, by field that differs; each amount in major units of its own currency."""
    asked = payment.asked
    if asked is None:
        return {}
    sides = {
        "amount": (major(*asked), major(payment.amount, payment.currency)),
        "currency": (asked[1], payment.currency),
    }
    return {name: {"asked": sides[name][0], "taken": sides[name][1]} for name in sides if name in payment.differs}


def _failure(failure: Failure | None, method: PaymentMethod | None) -> Body | None:
    """Why it failed, with the group and the words for the customer."""
    return None if failure is None else failure_for_customer(failure.code, failure.decline_code, method)


def _attempt(attempt: Attempt) -> Body:
    return {
        **_fields(attempt, _ATTEMPT),
        "failure": _failure(attempt.failure, attempt.payment_method),
        "three_d_secure": _three_d_secure(attempt.three_d_secure),
    }


def _dispute(dispute: Dispute) -> Body:
    taken = dispute.withdrawn
    return {
        **_fields(dispute, _DISPUTE),
        "amount": major(dispute.amount, dispute.currency),
        "withdrawn": None if taken is None else [{"amount": major(taken[c], c), "currency": c} for c in sorted(taken)],
    }


def _three_d_secure(authentication: Authentication) -> Body:
    """Stripe's own word for the result where there is one, else ours."""
    return {
        "attempted": authentication.attempted,
        "result": authentication.result or authentication.outcome,
        "flow": authentication.flow,
    }


def _fields(row: Payment | Attempt | Refund | Dispute, names: Sequence[str]) -> Body:
    return {name: getattr(row, name) for name in names}
