"""Words of payments for people who are not programmers: what a status means, what came of 3-D Secure, who did what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.money import Money, UnknownCurrency
from app.domain.payments.facts import Card

STATUS_MEANING = {
    "pending": "Opened, and nobody has tried to pay yet. It can still be paid.",
    "requires_action": "The bank asks the customer to confirm the payment (3-D Secure), and waits for the answer.",
    "processing": "The bank is working on it. The outcome comes by itself, which takes up to some days.",
    "authorized": "The bank holds the money for us, but it has not been captured yet.",
    "completed": "The money was captured. Nothing more is expected of the customer.",
    "failed": "The last attempt failed. The customer may try again, so this can still become a paid one.",
    "canceled": "Canceled for good. It can no longer be paid; a new payment is needed.",
}
REFUND_STATUS = {
    "pending": "On its way",
    "requires_action": "Stripe waits for something before it can pay back",
    "succeeded": "Paid back",
    "failed": "Failed: the money stayed here",
    "canceled": "Canceled: the money stayed here",
}
REFUNDED = {
    "none": "Not refunded",
    "pending": "Refund pending",
    "partial": "Partly refunded",
    "full": "Refunded",
}
ATTEMPT_STATUS = {
    "open": "Waiting for the customer's answer to 3-D Secure",
    "processing": "Being processed by the bank",
    "authorized": "Money held, not yet captured",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "abandoned": "Abandoned: the customer never answered 3-D Secure",
}
ATTEMPT_KIND = {"succeeded": "good", "failed": "bad", "abandoned": "note"}
AUTHENTICATION = {
    "authenticated": "The bank confirmed that it was the cardholder.",
    "failed": "The cardholder could not be confirmed.",
    "abandoned": "The customer was asked and never answered.",
    "open": "The customer is being asked just now.",
    "exempted": "The bank was asked to do without, and agreed.",
    "attempted": "Tried, but the bank took no part; the liability is often with the bank all the same.",
}
FLOW = {
    "challenge": "The customer had to act (a code, an app, a fingerprint).",
    "frictionless": "The bank decided by itself; the customer saw nothing of it.",
}
DISPUTE_STATUS = {
    "needs_response": "Needs an answer",
    "under_review": "Answered, the bank decides",
    "won": "Won: the money stays here",
    "lost": "Lost: the customer got the money",
    "warning_needs_response": "Inquiry: an answer may prevent a dispute",
    "warning_under_review": "Inquiry answered",
    "warning_closed": "Inquiry closed",
    "charge_refunded": "Closed by a refund",
    "prevented": "Prevented",
    "appeal_needs_response": "Appeal: needs an answer",
    "appeal_under_review": "Appeal answered, the bank decides",
}
DRIFT = {
    "missing_here": "Missing here",
    "different": "Different",
    "missing_there": "Missing at Stripe",
}
DRIFT_MEANING = {
    "missing_here": "Stripe has this payment and we do not. A repair adds it.",
    "different": "Stripe says something else than we do. A repair takes over what Stripe says.",
    "missing_there": "We have this payment and Stripe does not. Nothing can be applied; look into it by hand.",
}
# Codes that do not read well by only being written with spaces.
_NAMES = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "diners": "Diners Club",
    "eftpos_au": "eftpos Australia",
    "jcb": "JCB",
    "unionpay": "UnionPay",
    "approve_with_id": "Not approved as sent",
    "authentication_required": "3-D Secure needed",
    "authentication_not_handled": "3-D Secure needed and not done",
    "payment_intent_authentication_failure": "3-D Secure not passed",
    "do_not_honor": "Refused by the bank",
    "generic_decline": "Declined without a reason",
    "incorrect_cvc": "Wrong security code (CVC)",
    "invalid_cvc": "Invalid security code (CVC)",
    "incorrect_pin": "Wrong PIN",
    "invalid_pin": "Invalid PIN",
    "offline_pin_required": "PIN needed",
    "online_or_offline_pin_required": "PIN needed",
    "pin_try_exceeded": "Too many wrong PINs",
    "incorrect_zip": "Wrong postal code",
    "never_reached_stripe": "Never reached Stripe",
}
_ROADS = {
    "webhook": "Stripe told us by an event",
    "confirm": "The shop asked whether it is paid",
    "refund": "A refund was asked for",
    "create-intent": "The shop opened the payment",
    "settle": "Somebody gave the money of a failed refund back in another way",
    "reconcile": "A comparison with Stripe put it right",
    "worker": "The worker asked Stripe what became of it",
}
_ANSWERS = {
    "create-intent": "Stripe answered that it can be paid",
    "refund": "Stripe answered the refund",
}


def amount(minor: Any, currency: Any) -> str:
    """An amount with its currency; in minor units where the currency is one that we cannot place a point in."""
    code = str(currency).upper()
    if not isinstance(minor, int):
        return f"{minor} {code}"
    try:
        return f"{Money(minor, str(currency)).to_major():,f} {code}"
    except UnknownCurrency:
        return f"{minor:,} minor units {code}"


def road(source: Any) -> str:
    """How we learnt something."""
    return _ROADS.get(str(source), str(source))


def answered(source: Any) -> str:
    """What to call the second entry that one request made: Stripe's answer to the first."""
    return _ANSWERS.get(str(source), road(source))


def moment(seconds: Any) -> datetime | None:
    """A time of Stripe's."""
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None


def words(text: Any) -> str:
    """A code of Stripe's as words: ``insufficient_funds`` is "Insufficient funds", and ``jcb`` is "JCB"."""
    return _NAMES.get(str(text)) or str(text).replace("_", " ").capitalize()


def card(details: Card | None) -> str:
    """A card as it is printed on receipts: "Visa •••• 4242"."""
    if not details or not details.last4:
        return "No card"
    return f"{words(details.brand or 'Card')} •••• {details.last4}"


def due_words(due: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    """How long there is until a deadline, in days of the dashboard's zone: that is how people plan."""
    if due is None:
        return "no deadline"
    days = (due.astimezone(zone).date() - now.astimezone(zone).date()).days
    if due < now:
        return "overdue since today" if days == 0 else f"overdue by {_days(-days)}"
    if days == 0:
        hours = int((due - now).total_seconds() // 3600)
        return f"due today, {hours} hours left" if hours > 1 else "due within two hours"
    return "due tomorrow" if days == 1 else f"{_days(days)} left"


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"
