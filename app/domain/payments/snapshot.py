"""The payment's record: the plain values that are stored, shown and hashed.

The record is what history is kept of: an entry is written exactly when the record changes. Amounts are minor units,
times Unix seconds, words those of DESIGN section 2.
"""

from __future__ import annotations

from typing import Any

from app.domain.payments.evidence import DisputeEvidence, PaymentState, RefundEvidence
from app.domain.payments.facts import Card, Failure
from app.domain.payments.payment import Attempt, Authentication, PaymentView

Record = dict[str, Any]
_LISTS = ("attempts", "refunds", "disputes")


def record(state: PaymentState, shown: PaymentView) -> Record:
    """The record of ``state``, given its view."""
    return {
        "order_id": state.order_id,
        "customer_id": state.customer_id,
        "description": state.description,
        "payment_intent_id": state.intent_id,
        "livemode": state.livemode,
        "amount": state.amount,
        "currency": state.currency,
        "status": shown.status.value,
        "cancellation_reason": state.cancellation_reason,
        "amount_captured": shown.amount_captured,
        "refund_status": shown.refund_status.value,
        "amount_refunded": shown.amount_refunded,
        "amount_refundable": shown.amount_refundable,
        "disputed": shown.disputed,
        "failure": _failure(shown.failure),
        "three_d_secure": _authentication(shown.authentication),
        "card": _card(shown.card),
        "attempts": [_attempt(a) for a in shown.attempts],
        "refunds": [
            _refund(id_, r, state.currency) for id_, r in sorted(state.refunds.items(), key=_refund_order)
        ],
        "disputes": [_dispute(id_, d) for id_, d in sorted(state.disputes.items(), key=_dispute_order)],
        "created_at": shown.created_at,
        "completed_at": shown.completed_at,
    }


def changes(before: Record | None, after: Record) -> Record:
    """What differs: ``{field: [old, new]}``; of lists only the items that are new or changed, as they are now."""
    before = before or {}
    found: Record = {}
    for name, value in after.items():
        old = before.get(name)
        if old == value:
            continue
        if name in _LISTS:
            found[name] = [item for item in value if item not in (old or [])]
        else:
            found[name] = [old, value]
    return found


def _attempt(attempt: Attempt) -> Record:
    return {
        "charge_id": attempt.charge_id,
        "payment_method_id": attempt.payment_method_id,
        "status": attempt.status.value,
        "failure": _failure(attempt.failure),
        "card": _card(attempt.card),
        "three_d_secure": _authentication(attempt.authentication),
        "created_at": attempt.created_at,
    }


def _refund(refund_id: str, refund: RefundEvidence, currency: str) -> Record:
    return {
        "id": refund_id,
        "stripe_refund_id": refund.stripe_refund_id,
        "amount": refund.amount,
        "currency": currency,
        "status": refund.status.value,
        "reason": refund.reason,
        "failure_reason": refund.failure_reason,
        "notes": refund.notes,
        "requested_by": refund.requested_by,
        "created_at": _refund_time(refund),
        # Left out where there is none, so that the records of all the others stay what their histories vouch for.
        **({"settled_by": refund.settled_by} if refund.settled_by else {}),
    }


def _refund_time(refund: RefundEvidence) -> int:
    return refund.created if refund.created is not None else refund.requested_at or 0


def _refund_order(item: tuple[str, RefundEvidence]) -> tuple[int, str]:
    return (_refund_time(item[1]), item[0])


def _dispute(dispute_id: str, dispute: DisputeEvidence) -> Record:
    return {
        "id": dispute_id,
        "charge_id": dispute.charge_id,
        "amount": dispute.amount,
        "currency": dispute.currency,
        "status": dispute.status.value,
        "reason": dispute.reason,
        "evidence_due_by": dispute.evidence_due_by,
        "created_at": dispute.created,
    }


def _dispute_order(item: tuple[str, DisputeEvidence]) -> tuple[int, str]:
    return (item[1].created, item[0])


def _failure(failure: Failure | None) -> Record | None:
    if failure is None:
        return None
    reason = failure.decline_code or failure.code
    return {"code": failure.code, "decline_code": failure.decline_code, "reason": reason}


def _card(card: Card | None) -> Record | None:
    return {"brand": card.brand, "last4": card.last4, "country": card.country} if card else None


def _authentication(authentication: Authentication) -> Record:
    outcome = authentication.outcome
    return {
        "attempted": outcome is not None,
        "outcome": outcome.value if outcome else None,
        "result": authentication.result,
        "flow": authentication.flow,
    }
