"""The money of a payment: which charge took or holds it, when, in which currency, and what differs from the order.

Amount and currency come together from the charge, because an intent's may be changed at Stripe until it is paid
(docs.stripe.com/api/payment_intents/update).
"""

from __future__ import annotations

from app.domain.money import Money
from app.domain.payments.evidence import ChargeEvidence, PaymentState
from app.domain.payments.joins import earliest
from app.domain.payments.payment import Differences
from app.domain.payments.states import ChargeStatus

# Looked up once: Python 3.11 finds a member of an enum ten times slower than a global name.
_SUCCEEDED = ChargeStatus.SUCCEEDED
# Between a charge and the event that reports it.
_AT_ONCE_SECONDS = 1
# No hold and no bank debit takes longer. What was first seen later says nothing about when it happened.
_LONGEST_WAIT_SECONDS = 31 * 86_400


def charge_that_took_money(state: PaymentState) -> str | None:
    """The id of the charge that was captured; None while no fact has shown it."""
    taken = [
        (charge.amount_captured, charge.amount, charge_id)
        for charge_id, charge in state.charges.items()
        if charge.status == _SUCCEEDED and charge.captured and charge.created is not None
    ]
    return max(taken)[2] if taken else None


def charge_with_money(state: PaymentState) -> ChargeEvidence | None:
    """The charge that took the money, else the newest one that holds it; None where neither is known."""
    charge_id = charge_that_took_money(state)
    if charge_id is not None:
        return state.charges[charge_id]
    held = [c for c in state.charges.items() if c[1].status == _SUCCEEDED and c[1].created is not None]
    return max(held, key=lambda item: (item[1].created, item[0]))[1] if held else None


def first_taken(charge: ChargeEvidence, intent_succeeded_at: int | None) -> int | None:
    """When the money was first seen taken, by the charge or by its intent.

    A charge that took it at once keeps its own time, so that the second of two events on one success changes nothing.
    """
    seen = earliest(charge.taken_at, intent_succeeded_at)
    if seen is None or charge.created is None:
        return seen
    return charge.created if seen <= charge.created + _AT_ONCE_SECONDS else seen


def completed_at(state: PaymentState) -> int | None:
    """When the money was taken: the capture of a hold, the success of a delayed method, else the charge's creation.

    Stripe books a hold when it is captured, and a delayed payment already while it is pending, so only the booking of a
    hold dates it (docs.stripe.com/reports/reporting-categories).
    """
    charge_id = charge_that_took_money(state)
    if charge_id is None:
        authorized = charge_with_money(state)
        return authorized.created if authorized and authorized.currency is None else state.succeeded_at
    charge = state.charges[charge_id]
    created = charge.created or 0
    held = charge.held or state.capture_method is not None
    if not held and not charge.delayed:
        return created
    seen = earliest(charge.taken_at, charge.booked_at if held else None)
    return created if seen is None or seen > created + _LONGEST_WAIT_SECONDS else seen


def released(state: PaymentState) -> int:
    """Minor units of a hold that were never captured and that the customer's bank has free again."""
    charge = charge_with_money(state)
    if charge is None or charge.currency is None:
        return 0
    if charge.captured:
        return max(0, charge.amount - charge.amount_captured) if charge.amount_captured else 0
    return charge.amount if state.canceled_at is not None and state.succeeded_at is None else 0


def differences(state: PaymentState) -> Differences:
    """What differs between what was asked and what was taken or is held; empty where nothing does, or nothing was.

    A part of a hold that was not captured is no difference: it was asked and held.
    """
    charge = charge_with_money(state)
    if charge is None or charge.currency is None or state.asked_amount is None or state.asked_currency is None:
        return {}
    asked, taken = Money(state.asked_amount, state.asked_currency), Money(charge.amount, charge.currency)
    found: dict[str, tuple[int, int] | tuple[str, str]] = {}
    if asked.minor != taken.minor or asked.to_major_if_known() != taken.to_major_if_known():
        found["amount"] = (asked.minor, taken.minor)
    if asked.currency != taken.currency:
        found["currency"] = (asked.currency, taken.currency)
    return found
