"""The lifecycle of early fraud warnings and reviews. Sources: docs.stripe.com/api/radar, /radar/reviews; facts §15."""

from __future__ import annotations

from sandbox.core.origin import AUTOMATIC, Origin
from sandbox.core.records import Charge, FraudWarning, Review
from sandbox.core.sandbox import Sandbox


def warn(sandbox: Sandbox, charge: Charge, fraud_type: str = "made_with_stolen_card") -> FraudWarning:
    """The card's issuer reports a charge as fraudulent; also after a dispute or a refund, then not actionable."""
    store = sandbox.store
    warning = FraudWarning(
        **store.header("issfr"),
        charge=charge.id,
        payment_intent=charge.payment_intent,
        fraud_type=fraud_type,
        actionable=_is_actionable(charge),
    )
    store.insert(store.fraud_warnings, warning)
    sandbox.events.emit_record("radar.early_fraud_warning.created", warning)
    return warning


def open_review(sandbox: Sandbox, charge: Charge, opened_reason: str = "rule") -> Review:
    """Put a charge up for review, by a ``rule`` or ``manual``-ly. The money is not held."""
    store = sandbox.store
    review = Review(
        **store.header("prv"),
        charge=charge.id,
        payment_intent=charge.payment_intent,
        opened_reason=opened_reason,
        reason=opened_reason,
    )
    charge.review = review.id
    store.save(charge)
    intent = store.intents.get(charge.payment_intent)
    if intent is not None:
        intent.review = review.id
        store.save(intent)
    store.insert(store.reviews, review)
    sandbox.events.emit_record("review.opened", review)
    return review


def close_review(sandbox: Sandbox, review: Review, closed_reason: str, origin: Origin = AUTOMATIC) -> None:
    """Close an open review as ``approved``, ``refunded``, ``refunded_as_fraud`` or ``disputed``."""
    review.closed_reason = closed_reason
    review.reason = closed_reason
    sandbox.store.save(review)
    sandbox.events.emit_record("review.closed", review, origin)


def follow_charge(sandbox: Sandbox, charge: Charge, closed_reason: str) -> None:
    """After a dispute or a refund: warnings may no longer be actionable, and open reviews close by themselves."""
    store = sandbox.store
    if _is_actionable(charge):
        return
    for warning in store.fraud_warnings.matching("charge", charge.id):
        if warning.actionable:
            warning.actionable = False
            store.save(warning)
            sandbox.events.emit_record("radar.early_fraud_warning.updated", warning, previous={"actionable": True})
    for review in store.reviews.matching("charge", charge.id):
        if review.closed_reason is None:
            close_review(sandbox, review, closed_reason)


def _is_actionable(charge: Charge) -> bool:
    return not charge.disputed and not charge.refunded
