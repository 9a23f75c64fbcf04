"""What people enter to refund a payment, and what to tell them when it cannot be done."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.domain.money import CURRENCIES, shown_decimals
from app.errors import (
    AmountExceedsRefundable,
    AmountInvalid,
    CardDeclined,
    DatabaseUnavailable,
    IdempotencyKeyReused,
    PaydeskError,
    PaymentDisputed,
    PaymentNotRefundable,
    RequestInProgress,
    StripeInvalidApiKey,
    StripeNotInitialized,
    StripeUnavailable,
    ValidationFailed,
)
from app.services.refunds.service import RefundOrder

# What Stripe keeps with a refund at most.
LONGEST_TEXT = 500
SUGGESTIONS = (
    "Customer returned the goods",
    "Customer cancelled the order",
    "Goods not available",
    "Goods damaged or wrong",
    "Paid twice",
    "Goodwill",
)
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_ALL, _PART = "all", "part"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundForm:
    """The fields as they were sent."""

    how_much: str = _ALL
    amount: str = ""
    reason: str = ""
    notes: str = ""

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> RefundForm:
        """The fields of a request; line breaks become those of the API."""
        texts = {
            name: sent.get(name, "").replace("\r\n", "\n").strip() for name in ("amount", "reason", "notes")
        }
        return cls(how_much=_PART if sent.get("how_much") == _PART else _ALL, **texts)

    def order(self, payment_id: str, requested_by: str) -> RefundOrder:
        """What the service is asked for. Raises ValidationFailed with the fields to correct."""
        errors: dict[str, list[str]] = {}
        if self.how_much == _PART and not _AMOUNT.fullmatch(self.amount):
            errors["amount"] = ["Write the amount in digits only, with a point before any decimals."]
        for name, text, allowed in (("reason", self.reason, ""), ("notes", self.notes, "\n\t")):
            if len(text) > LONGEST_TEXT:
                errors[name] = [f"Use at most {LONGEST_TEXT} characters."]
            elif any(unicodedata.category(c) in {"Cc", "Cs"} and c not in allowed for c in text):
                errors[name] = ["Control characters are not allowed here."]
        if errors:
            raise ValidationFailed("Nothing was refunded yet. Correct what is marked below.", errors=errors)
        return RefundOrder(
            payment_id=payment_id,
            amount=Decimal(self.amount) if self.how_much == _PART else None,
            reason=self.reason or None,
            notes=self.notes or None,
            requested_by=requested_by,
        )


@dataclass(frozen=True, slots=True)
class Advice:
    """What became of the money and what to do now; ``again`` means that the same form may be sent once more."""

    text: str
    again: bool = False


_ADVICE: dict[type[PaydeskError], Advice] = {
    AmountExceedsRefundable: Advice(
        "Nothing was refunded. Somebody may have refunded a part meanwhile, here or at Stripe, or a refund is on its "
        "way: look at the payment, then start again with what is left."
    ),
    AmountInvalid: Advice("Nothing was refunded. Start again with another amount."),
    ValidationFailed: Advice(
        "Nothing was refunded. Start again; if it happens once more, refund at Stripe and tell an administrator."
    ),
    PaymentDisputed: Advice(
        "Nothing was refunded. Answer the dispute at Stripe instead; when it is closed in your favour the payment can "
        "be refunded again."
    ),
    PaymentNotRefundable: Advice(
        "Nothing was refunded. Look at the payment: it may have been refunded already, a refund of it may be on its "
        "way, or Stripe will not refund it. A bank transfer may be the only way left."
    ),
    CardDeclined: Advice(
        "Nothing was refunded. The card's bank does not take the money back; ask for another way."
    ),
    IdempotencyKeyReused: Advice(
        "This form was sent before with other values, and only that first refund counts. Look at the payment before "
        "you start another one."
    ),
    RequestInProgress: Advice(
        "Your first click is still being worked on. Wait a moment, then try again: it stays one refund.",
        again=True,
    ),
    StripeUnavailable: Advice(
        "It is not known whether Stripe made the refund. The amount stays reserved, and Paydesk goes on asking until "
        "it knows. Trying again completes this same refund and never makes a second one.",
        again=True,
    ),
    DatabaseUnavailable: Advice(
        "It is not known how far this came. Trying again completes this same refund and never makes a second one.",
        again=True,
    ),
    StripeNotInitialized: Advice(
        "Nothing was refunded now. Tell an administrator: the Stripe key is missing."
    ),
    # The row stays, as after every answer that is none: a try before this one may have reached Stripe.
    StripeInvalidApiKey: Advice(
        "Nothing was refunded now, for Stripe does not accept our key: tell an administrator. The amount stays "
        "reserved until Paydesk can ask Stripe again. When the key is right, trying again completes this same refund "
        "and never makes a second one.",
        again=True,
    ),
}


def advice_on(error: PaydeskError) -> Advice:
    """What to tell somebody whose refund met ``error``."""
    known = next((_ADVICE[kind] for kind in type(error).__mro__ if kind in _ADVICE), None)
    return known or Advice("Look at the payment before you try again.")


def example_of(currency: str) -> str:
    """An amount as it is written in a currency."""
    decimals = shown_decimals(currency) if currency in CURRENCIES else 2
    return {0: "12", 3: "12.500"}.get(decimals, "12.50")
