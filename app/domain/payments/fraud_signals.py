"""What Radar and the card networks say about fraud: risk, early fraud warnings and reviews of a payment.

Sources: docs.stripe.com/api/radar/early_fraud_warnings/object, /api/radar/reviews/object, /api/charges/object
(outcome), docs.stripe.com/disputes/how-disputes-work (most warnings become disputes unless the payment is refunded).
"""

from __future__ import annotations

from dataclasses import replace

from app.domain.payments.evidence import FraudWarningEvidence, PaymentState, ReviewEvidence
from app.domain.payments.facts import FraudWarningFact, ReviewFact, Risk
from app.domain.payments.joins import earliest, fill
from app.domain.payments.payment import FraudWarning, Review


def merge_fraud_warning(state: PaymentState, fact: FraudWarningFact) -> PaymentState:
    """What Stripe says of one warning. Once it is not actionable (refunded or disputed), it never is again."""
    new = FraudWarningEvidence(
        charge_id=fact.charge_id, actionable=fact.actionable, fraud_type=fact.fraud_type, created=fact.created
    )
    old = state.fraud_warnings.get(fact.warning_id)
    if old:
        new = FraudWarningEvidence(
            charge_id=fill(old.charge_id, new.charge_id),
            actionable=old.actionable and new.actionable,
            fraud_type=fill(old.fraud_type, new.fraud_type),
            created=earliest(old.created, new.created),
        )
    warnings = {**state.fraud_warnings, fact.warning_id: new}
    return replace(state, intent_id=fact.intent_id or state.intent_id, fraud_warnings=warnings)


def merge_review(state: PaymentState, fact: ReviewFact) -> PaymentState:
    """What Stripe says of one review. A closed review is never opened again."""
    new = ReviewEvidence(
        charge_id=fact.charge_id,
        is_open=fact.is_open,
        opened_reason=fact.opened_reason,
        closed_reason=fact.closed_reason,
        created=fact.created,
    )
    old = state.reviews.get(fact.review_id)
    if old:
        new = ReviewEvidence(
            charge_id=fill(old.charge_id, new.charge_id),
            is_open=old.is_open and new.is_open,
            opened_reason=fill(old.opened_reason, new.opened_reason),
            closed_reason=fill(old.closed_reason, new.closed_reason),
            created=earliest(old.created, new.created),
        )
    reviews = {**state.reviews, fact.review_id: new}
    return replace(state, intent_id=fact.intent_id or state.intent_id, reviews=reviews)


def join_risk(old: Risk | None, new: Risk | None) -> Risk | None:
    """The risk of one charge, which Radar assesses once; an answer may lack the score."""
    if old is None or new is None:
        return new if old is None else old
    scores = [risk.score for risk in (old, new) if risk.score is not None]
    return Risk(fill(old.level, new.level), max(scores, default=None))


def risk_of(state: PaymentState, charge_id: str | None) -> Risk | None:
    """The risk of the charge that decides the payment."""
    charge = state.charges.get(charge_id or "")
    return charge.risk if charge else None


def fraud_warnings_of(state: PaymentState) -> tuple[FraudWarning, ...]:
    """In the order in which they were made."""
    warnings = [
        FraudWarning(
            id=warning_id,
            charge_id=warning.charge_id,
            actionable=warning.actionable,
            fraud_type=warning.fraud_type,
            created=warning.created or 0,
        )
        for warning_id, warning in state.fraud_warnings.items()
    ]
    return tuple(sorted(warnings, key=lambda warning: (warning.created, warning.id)))


def reviews_of(state: PaymentState) -> tuple[Review, ...]:
    """In the order in which they were opened."""
    reviews = [
        Review(
            id=review_id,
            charge_id=review.charge_id,
            is_open=review.is_open,
            opened_reason=review.opened_reason,
            closed_reason=review.closed_reason,
            created=review.created or 0,
        )
        for review_id, review in state.reviews.items()
    ]
    return tuple(sorted(reviews, key=lambda review: (review.created, review.id)))
