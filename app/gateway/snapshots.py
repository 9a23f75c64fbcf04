"""Stripe's objects, as plain dictionaries, turned into facts.

Field meanings: docs.stripe.com/api/payment_intents/object, /charges/object, /refunds/object, /disputes/object at
API version 2023-10-16. A missing field and null are read alike, because newer versions add and old events lack some.

Uses metadata.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.payments.facts import (
    AttemptError,
    Booking,
    ChargeFact,
    DisputeFact,
    Failure,
    FraudWarningFact,
    IntentFact,
    RefundFact,
    ReviewFact,
    Risk,
    ThreeDSecure,
)
from app.domain.payments.methods import Card, PaymentMethod
from app.domain.payments.states import ChargeStatus, DisputeStatus, IntentStatus, RefundState
from app.gateway import metadata

Object = Mapping[str, Any]

# Payment methods whose bank or shop answers days after the customer paid (docs.stripe.com/payments/payment-methods,
# "delayed notification").
_DELAYED = frozenset(
    """ach_debit acss_debit au_becs_debit bacs_debit boleto customer_balance konbini multibanco nz_bank_account oxxo
    sepa_debit sofort us_bank_account""".split()
)


def intent_fact(intent: Object, as_of: int) -> IntentFact:
    """A payment intent; ``as_of`` is the event's time, or the time of the fetch, in Unix seconds."""
    texts = metadata.metadata_of(intent)
    charge = intent.get("latest_charge")
    return IntentFact(
        intent_id=intent["id"],
        status=IntentStatus(intent["status"]),
        amount=intent["amount"],
        currency=intent["currency"],
        created=intent["created"],
        as_of=as_of,
        livemode=bool(intent.get("livemode")),
        capture_method=intent.get("capture_method") or "automatic",
        amount_received=intent.get("amount_received") or 0,
        payment_method_id=id_of(intent.get("payment_method")),
        latest_charge_id=id_of(charge),
        charge=charge_fact(charge, as_of) if isinstance(charge, Mapping) else None,
        last_error=_attempt_error(intent.get("last_payment_error")),
        canceled_at=intent.get("canceled_at"),
        cancellation_reason=intent.get("cancellation_reason"),
        order_id=metadata.text_of(texts, "order_id"),
        customer_id=metadata.text_of(texts, "customer_id"),
        payment_id=metadata.payment_id_of(texts),
        description=intent.get("description"),
        action=(intent.get("next_action") or {}).get("type"),
        method=_present_method(intent),
    )


def charge_fact(charge: Object, as_of: int) -> ChargeFact:
    """A charge as it was at ``as_of``; the time of its booking is known where ``balance_transaction`` is expanded."""
    details = charge.get("payment_method_details") or {}
    card = details.get("card") or {}
    booking = charge.get("balance_transaction")
    return ChargeFact(
        charge_id=charge["id"],
        intent_id=id_of(charge.get("payment_intent")),
        status=ChargeStatus(charge["status"]),
        created=charge["created"],
        as_of=as_of,
        amount=charge["amount"],
        currency=charge["currency"],
        amount_captured=charge.get("amount_captured") or 0,
        amount_refunded=charge.get("amount_refunded") or 0,
        captured=bool(charge.get("captured")),
        payment_method_id=id_of(charge.get("payment_method")),
        failure=_charge_failure(charge),
        card=_card(card),
        three_d_secure=_three_d_secure(card.get("three_d_secure")),
        method=_method(details),
        risk=_risk(charge.get("outcome")),
        capture_before=card.get("capture_before"),
        booked_at=booking.get("created") if isinstance(booking, Mapping) else None,
        is_delayed=charge["status"] == ChargeStatus.PENDING or details.get("type") in _DELAYED,
    )


def refund_fact(refund: Object, as_of: int) -> RefundFact:
    """A refund as it was at ``as_of``. What we wrote into its metadata comes back, so one learnt late is whole."""
    texts = metadata.metadata_of(refund)
    refund_id = metadata.refund_id_of(texts)
    # Another application's texts are not the words of a person here.
    ours = texts if refund_id else {}
    return RefundFact(
        stripe_refund_id=refund["id"],
        refund_id=refund_id,
        intent_id=id_of(refund.get("payment_intent")),
        charge_id=id_of(refund.get("charge")),
        amount=refund["amount"],
        currency=refund["currency"],
        status=RefundState(refund.get("status") or "pending"),
        reason=metadata.text_of(ours, "reason") or refund.get("reason"),
        failure_reason=refund.get("failure_reason"),
        created=refund["created"],
        as_of=as_of,
        is_booked=bool(refund.get("balance_transaction")),
        requested_by=metadata.text_of(ours, "requested_by"),
        notes=metadata.text_of(ours, "notes"),
        stripe_reason=refund.get("reason"),
    )


def dispute_fact(dispute: Object) -> DisputeFact:
    """A dispute. ``due_by`` may be null or 0 (docs.stripe.com/api/disputes/object)."""
    return DisputeFact(
        dispute_id=dispute["id"],
        intent_id=id_of(dispute.get("payment_intent")),
        charge_id=id_of(dispute.get("charge")),
        amount=dispute["amount"],
        currency=dispute["currency"],
        status=DisputeStatus(dispute["status"]),
        reason=dispute["reason"],
        created=dispute["created"],
        evidence_due_by=(dispute.get("evidence_details") or {}).get("due_by") or None,
        is_charge_refundable=dispute.get("is_charge_refundable"),
        bookings=_bookings(dispute.get("balance_transactions")),
    )


def _bookings(transactions: Sequence[Object] | None) -> dict[str, Booking] | None:
    """Whole objects, never ids (docs.stripe.com/api/disputes/object#dispute_object-balance_transactions)."""
    if transactions is None:
        return None
    return {row["id"]: Booking(amount=row["amount"], currency=row["currency"]) for row in transactions}


def fraud_warning_fact(warning: Object) -> FraudWarningFact:
    """An early fraud warning."""
    return FraudWarningFact(
        warning_id=warning["id"],
        intent_id=id_of(warning.get("payment_intent")),
        charge_id=id_of(warning.get("charge")),
        actionable=bool(warning.get("actionable")),
        fraud_type=warning.get("fraud_type"),
        created=warning["created"],
    )


def review_fact(review: Object) -> ReviewFact:
    """A review. ``reason`` is why it is open or closed now, so it fills the one of the two that is missing."""
    is_open, reason = bool(review.get("open")), review.get("reason")
    return ReviewFact(
        review_id=review["id"],
        intent_id=id_of(review.get("payment_intent")),
        charge_id=id_of(review.get("charge")),
        is_open=is_open,
        opened_reason=review.get("opened_reason") or (reason if is_open else None),
        closed_reason=review.get("closed_reason") or (None if is_open else reason),
        created=review["created"],
    )


def id_of(value: object) -> str | None:
    """The id of an expandable field, expanded or not."""
    if isinstance(value, Mapping):
        return str(value["id"])
    return str(value) if value else None


def _attempt_error(error: Object | None) -> AttemptError | None:
    if not error:
        return None
    method = error.get("payment_method")
    return AttemptError(
        failure=Failure(error.get("code") or "card_declined", error.get("decline_code")),
        charge_id=id_of(error.get("charge")),
        payment_method_id=id_of(method),
        card=_card(method.get("card")) if isinstance(method, Mapping) else None,
        method=_method(method, error.get("payment_method_type")),
    )


def _charge_failure(charge: Object) -> Failure | None:
    """Like ``last_payment_error``: a decline code only beside card_declined; a Radar block reads as fraudulent."""
    code = charge.get("failure_code")
    if not code:
        return None
    outcome = charge.get("outcome") or {}
    if code != "card_declined":
        return Failure(code)
    return Failure(code, "fraudulent" if outcome.get("type") == "blocked" else outcome.get("reason"))


def _card(card: Object | None) -> Card | None:
    return Card(card.get("brand"), card.get("last4"), card.get("country")) if card else None


def _risk(outcome: Object | None) -> Risk | None:
    level, score = (outcome or {}).get("risk_level"), (outcome or {}).get("risk_score")
    return None if level is None and score is None else Risk(level, score)


def _present_method(intent: Object) -> PaymentMethod | None:
    """What an intent says of its payment method: all of an expanded one, else its type where only one is possible."""
    method = _method(intent.get("payment_method"))
    return method or (PaymentMethod(type="card") if intent.get("payment_method_types") == ["card"] else None)


def _method(described: object, kind: str | None = None) -> PaymentMethod | None:
    """A payment method, or the ``payment_method_details`` of a charge: both name their details by the type."""
    if isinstance(described, Mapping):
        kind = described.get("type") or kind or ("card" if described.get("card") else None)
    else:
        described = {}
    if not kind:
        return None
    details = described.get(kind) or {}
    return PaymentMethod(
        type=kind,
        wallet=(details.get("wallet") or {}).get("type"),
        brand=details.get("brand"),
        last4=details.get("last4") or details.get("iban_last4"),
        country=details.get("country"),
        funding=details.get("funding"),
        bank=details.get("bank") or details.get("bank_name") or details.get("bank_code"),
    )


def _three_d_secure(details: Object | None) -> ThreeDSecure | None:
    if not details:
        return None
    return ThreeDSecure(details.get("result"), details.get("authentication_flow"))
