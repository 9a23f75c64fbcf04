"""The fields of a refund form, and the advice when the refund cannot be made."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from app import errors
from app.domain.money import CURRENCIES, shown_decimals
from app.domain.payments.states import StripeReason
from app.services.refunds.service import RefundRequest

# The longest text that Stripe keeps with a refund.
LONGEST_TEXT = 500
SUGGESTIONS = (
    "Customer returned the goods",
    "Customer canceled the order",
    "Goods unavailable",
    "Goods damaged or incorrect",
    "Paid twice",
    "Goodwill gesture",
)
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_ALL, _PART = "all", "part"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundForm:
    """The fields of the form."""

    how_much: str = _ALL
    amount: str = ""
    reason: str = ""
    stripe_reason: str = ""
    notes: str = ""

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> RefundForm:
        """The fields of a request, with the API's line breaks."""
        names = ("amount", "reason", "stripe_reason", "notes")
        texts = {name: sent.get(name, "").replace("\r\n", "\n").strip() for name in names}
        return cls(how_much=_PART if sent.get("how_much") == _PART else _ALL, **texts)

    def order(self, payment_id: str, requested_by: str) -> RefundRequest:
        """The order for the service. Raises ValidationFailed with the fields to correct."""
        faults: dict[str, list[str]] = {}
        if self.how_much == _PART and not _AMOUNT.fullmatch(self.amount):
            faults["amount"] = ["Enter the amount in digits, with a point before any decimals."]
        if self.stripe_reason and self.stripe_reason not in set(StripeReason):
            faults["stripe_reason"] = ["Choose one of the reasons."]
        for name, text, allowed in (("reason", self.reason, ""), ("notes", self.notes, "\n\t")):
            if len(text) > LONGEST_TEXT:
                faults[name] = [f"Use at most {LONGEST_TEXT} characters."]
            elif any(unicodedata.category(c) in {"Cc", "Cs"} and c not in allowed for c in text):
                faults[name] = ["Control characters are not allowed here."]
        if faults:
            raise errors.ValidationFailed("Nothing was refunded yet. Correct the fields marked below.", errors=faults)
        return RefundRequest(
            payment_id=payment_id,
            amount=Decimal(self.amount) if self.how_much == _PART else None,
            reason=self.reason or None,
            stripe_reason=StripeReason(self.stripe_reason) if self.stripe_reason else None,
            notes=self.notes or None,
            requested_by=requested_by,
        )


@dataclass(frozen=True, slots=True)
class Advice:
    """What happened to the money and what to do next; ``again`` means that the same form may be sent once more."""

    text: str
    again: bool = False


_ADVICE: dict[type[errors.PaydeskError], Advice] = {
    errors.AmountExceedsRefundable: Advice(
        "Nothing was refunded. A part may have been refunded in the meantime, here or at Stripe, or a refund may still "
        "be pending. Check the payment, then start again with the amount that is left."
    ),
    errors.AmountInvalid: Advice("Nothing was refunded. Start again with another amount."),
    errors.ValidationFailed: Advice(
        "Nothing was refunded. Start again. If it fails once more, refund at Stripe and inform an administrator."
    ),
    errors.PaymentDisputed: Advice(
        "Nothing was refunded. Respond to the dispute at Stripe instead. If it closes in your favor, the payment can "
        "be refunded again."
    ),
    errors.PaymentNotRefundable: Advice(
        "Nothing was refunded. Check the payment: it may already be refunded, a refund may be pending, or Stripe may "
        "refuse to refund it. A bank transfer may be the only way left."
    ),
    errors.CardDeclined: Advice(
        "Nothing was refunded. The card's bank refuses the money; agree on another way with the customer."
    ),
    errors.IdempotencyKeyReused: Advice(
        "This form was already sent with other values, and only that first refund counts. Check the payment before "
        "you start another one."
    ),
    errors.RequestInProgress: Advice(
        "Your first click is still being processed. Wait a moment, then try again: it remains one refund.", again=True
    ),
    errors.StripeUnavailable: Advice(
        "Stripe may or may not have made the refund. The amount stays reserved, and Paydesk keeps asking Stripe until "
        "the outcome is certain. Trying again completes this same refund and never makes a second one.",
        again=True,
    ),
    errors.DatabaseUnavailable: Advice(
        "The refund may or may not have been made. Trying again completes this same refund and never makes a second "
        "one.",
        again=True,
    ),
    errors.StripeNotInitialized: Advice(
        "Nothing was refunded now. Inform an administrator: the Stripe key is missing."
    ),
    errors.StripeConfigurationError: Advice(
        "Nothing was refunded now, because Stripe refuses how Paydesk is set up there: inform an administrator. The "
        "amount stays reserved until Paydesk can ask Stripe again. Once that is corrected, trying again completes this "
        "same refund and never makes a second one.",
        again=True,
    ),
    # The row stays, as it does whenever the outcome is unknown: an earlier try may have reached Stripe.
    errors.StripeInvalidApiKey: Advice(
        "Nothing was refunded now, because Stripe rejects our key: inform an administrator. The amount stays reserved "
        "until Paydesk can ask Stripe again. Once the key is corrected, trying again completes this same refund and "
        "never makes a second one.",
        again=True,
    ),
}


def advice_on(error: errors.PaydeskError) -> Advice:
    """The advice for a refund that ended in ``error``."""
    advice = next((_ADVICE[kind] for kind in type(error).__mro__ if kind in _ADVICE), None)
    return advice or Advice("Check the payment before you try again.")


def example_of(currency: str) -> str:
    """An example of an amount in a currency."""
    decimals = shown_decimals(currency) if currency in CURRENCIES else 2
    return {0: "12", 3: "12.500"}.get(decimals, "12.50")
