"""The snapshot of a payment: the plain values that are stored and hashed.

History is kept of the snapshot: an entry is written exactly when it changes. Amounts are minor units, times Unix
seconds, words those of DESIGN section 2.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from app.domain.payments.facts import Failure
from app.domain.payments.methods import Card, PaymentMethod
from app.domain.payments.payment import Attempt, Authentication, Dispute, Payment, Refund

Record = dict[str, Any]
_LISTS = ("attempts", "refunds", "disputes", "fraud_warnings", "reviews")
# Details that records did not always have. Stripe's lists name them for every payment; that is no difference.
_LATER_DETAILS = frozenset(
    {
        *("stripe_reason", "risk", "payment_method", "action", "moved", "failed_at"),
        *("is_charge_refundable", "withdrawn"),
    }
)


def record(payment: Payment) -> Record:
    """The record of a payment: what its history vouches for."""
    return {
        "order_id": payment.order_id,
        "customer_id": payment.customer_id,
        "description": payment.description,
        "payment_intent_id": payment.payment_intent_id,
        "livemode": payment.livemode,
        "amount": payment.amount,
        "currency": payment.currency,
        "status": payment.status.value,
        "cancellation_reason": payment.cancellation_reason,
        "amount_captured": payment.amount_captured,
        "refund_status": payment.refund_status.value,
        "amount_refunded": payment.amount_refunded,
        "amount_refundable": payment.amount_refundable,
        "disputed": payment.disputed,
        "failure": _failure(payment.failure),
        "three_d_secure": _authentication(payment.three_d_secure),
        "card": _card(payment.card),
        "attempts": [_attempt(attempt) for attempt in payment.attempts],
        "refunds": [refund_record(refund) for refund in payment.refunds],
        "disputes": [_dispute(dispute) for dispute in payment.disputes],
        "created_at": payment.created,
        "completed_at": payment.completed,
        # Left out where there is nothing to say, so that records of earlier versions stay what they were.
        **_fraud_signals(payment),
        # Left out where there is nothing to say, so that earlier records stay what their histories vouch for. Both only
        # ever come: a payment that was held once keeps them.
        **({"capture_method": payment.capture_method.value} if payment.capture_method.is_manual else {}),
        **({"hold_expires_at": payment.hold_expires} if payment.hold_expires is not None else {}),
        **(
            {"payment_method": asdict(payment.payment_method)}
            if payment.payment_method and payment.payment_method != PaymentMethod.of_card(payment.card)
            else {}
        ),
        **({"amount_released": payment.amount_released} if payment.amount_released else {}),
        **({"differs": {name: list(pair) for name, pair in payment.differs.items()}} if payment.differs else {}),
    }


def changes(before: Record | None, after: Record) -> Record:
    """What differs: ``{field: [old, new]}``; of lists only the items that are new or changed, as they are now."""
    before = before or {}
    changed: Record = {}
    for name in (*after, *(gone for gone in before if gone not in after)):
        old, value = before.get(name), after.get(name)
        if old == value:
            continue
        if name in _LISTS:
            changed[name] = [item for item in value or () if item not in (old or ())]
        else:
            changed[name] = [old, value]
    return changed


def comparable(theirs: Any, ours: Any) -> Any:
    """A record of Stripe's values without the details that ours, written by an earlier version, could not have."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return {k: comparable(v, ours.get(k)) for k, v in theirs.items() if k in ours or k not in _LATER_DETAILS}
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        return [comparable(*pair) for pair in zip(theirs, ours, strict=True)]
    return theirs


def refund_record(refund: Refund) -> Record:
    """One refund in the record of its payment."""
    return {
        "id": refund.id,
        "stripe_refund_id": refund.stripe_refund_id,
        "amount": refund.amount,
        "currency": refund.currency,
        "status": refund.status.value,
        "reason": refund.reason,
        "failure_reason": refund.failure_reason,
        "notes": refund.notes,
        "requested_by": refund.requested_by,
        "created_at": refund.created,
        # Left out where there is none, so that the records of all the others stay what their histories vouch for.
        **({"settled_by": refund.settled_by} if refund.settled_by else {}),
        **({"stripe_reason": refund.stripe_reason} if refund.stripe_reason else {}),
        **({"moved": True} if refund.moved and not refund.status.counts_as_refunded else {}),
        **({"failed_at": refund.failed} if refund.failed is not None else {}),
    }


def _attempt(attempt: Attempt) -> Record:
    return {
        "charge_id": attempt.charge_id,
        "payment_method_id": attempt.payment_method_id,
        "status": attempt.status.value,
        "failure": _failure(attempt.failure),
        "card": _card(attempt.card),
        "three_d_secure": _authentication(attempt.three_d_secure),
        "created_at": attempt.created,
        **({"payment_method": _method(attempt.payment_method)} if _says_more(attempt) else {}),
        **({"action": attempt.action} if attempt.action else {}),
    }


def _dispute(dispute: Dispute) -> Record:
    return {
        "id": dispute.id,
        "charge_id": dispute.charge_id,
        "amount": dispute.amount,
        "currency": dispute.currency,
        "status": dispute.status.value,
        "reason": dispute.reason,
        "evidence_due_by": dispute.evidence_due,
        "created_at": dispute.created,
        # Left out where Stripe did not say it, as ``settled_by`` is.
        **({} if (refundable := dispute.is_charge_refundable) is None else {"is_charge_refundable": refundable}),
        **({} if (withdrawn := dispute.withdrawn) is None else {"withdrawn": dict(withdrawn)}),
    }


def _fraud_signals(payment: Payment) -> Record:
    signals: Record = {}
    if payment.risk:
        signals["risk"] = {"level": payment.risk.level, "score": payment.risk.score}
    if payment.fraud_warnings:
        signals["fraud_warnings"] = [
            {
                "id": warning.id,
                "charge_id": warning.charge_id,
                "actionable": warning.actionable,
                "fraud_type": warning.fraud_type,
                "created_at": warning.created,
            }
            for warning in payment.fraud_warnings
        ]
    if payment.reviews:
        signals["reviews"] = [
            {
                "id": review.id,
                "charge_id": review.charge_id,
                "is_open": review.is_open,
                "opened_reason": review.opened_reason,
                "closed_reason": review.closed_reason,
                "created_at": review.created,
            }
            for review in payment.reviews
        ]
    return signals


def _failure(failure: Failure | None) -> Record | None:
    if failure is None:
        return None
    return {"code": failure.code, "decline_code": failure.decline_code, "reason": failure.reason}


def _card(card: Card | None) -> Record | None:
    return {"brand": card.brand, "last4": card.last4, "country": card.country} if card else None


def _says_more(attempt: Attempt) -> bool:
    """False where the card says as much, as in the records of earlier versions."""
    return attempt.payment_method is not None and attempt.payment_method != PaymentMethod.of_card(attempt.card)


def _method(method: PaymentMethod | None) -> Record | None:
    return asdict(method) if method else None


def _authentication(authentication: Authentication) -> Record:
    outcome = authentication.outcome
    return {
        "attempted": outcome is not None,
        "outcome": outcome.value if outcome else None,
        "result": authentication.result,
        "flow": authentication.flow,
    }
