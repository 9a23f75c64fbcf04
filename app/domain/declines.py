"""Why a payment attempt failed, in words that people can act on.

The table is Stripe's list of decline and error codes (docs.stripe.com/declines/codes) with our groups and meanings.
Some codes arrive as ``code`` without a ``decline_code`` (expired_card, incorrect_cvc, processing_error), so the
reason is ``decline_code`` or else ``code`` (docs.stripe.com/testing). The same code means another thing where a bank
debit, a voucher or a redirect failed, so the method decides the words.

Uses payments.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files

from app.domain.payments.methods import MethodKind, PaymentMethod


class FailureGroup(StrEnum):
    """The groups that finance sees failures in (DESIGN section 5)."""

    ISSUER = "issuer"
    FUNDS = "funds"
    CARD_DATA = "card_data"
    FRAUD = "fraud"
    AUTHENTICATION = "authentication"
    PROCESSING = "processing"


@dataclass(frozen=True, slots=True)
class DeclineReason:
    """``meaning`` explains the code to staff; ``conceal_from_customer`` follows Stripe's advice for fraud codes."""

    code: str
    group: FailureGroup
    meaning: str
    retryable: bool
    conceal_from_customer: bool


_GENERIC_ADVICE = "The card was declined. Please contact your bank or use another card."
_ADVICE = {
    FailureGroup.ISSUER: _GENERIC_ADVICE,
    FailureGroup.FUNDS: "The card has insufficient funds or is over its limit. Please use another card.",
    FailureGroup.CARD_DATA: "The card's details are not right or it has expired. Please check them and try again.",
    FailureGroup.FRAUD: _GENERIC_ADVICE,
    FailureGroup.AUTHENTICATION: "The bank could not confirm that it is you. Please try again or use another card.",
    FailureGroup.PROCESSING: "The card could not be processed just now. Please try again in a moment.",
}

_MEANING = {
    MethodKind.DEBIT: "The bank refused the debit.",
    MethodKind.VOUCHER: "The voucher expired unpaid.",
    MethodKind.TRANSFER: "The bank transfer did not arrive.",
    MethodKind.REDIRECT: "The customer did not complete the payment with the bank or wallet, or it was refused there.",
}
_METHOD_ADVICE = {
    MethodKind.DEBIT: "Your bank refused the debit. Please contact your bank or pay in another way.",
    MethodKind.VOUCHER: "The voucher has expired. Please ask for a new one or pay in another way.",
    MethodKind.TRANSFER: "Your bank transfer did not arrive in time. Please pay in another way.",
    MethodKind.REDIRECT: "The payment was not completed. Please try again or pay in another way.",
}
# The customer left, or time ran out.
_NOT_FINISHED = frozenset({"payment_intent_authentication_failure", "payment_intent_payment_attempt_expired"})

_TABLE: dict[str, DeclineReason] = {
    code: DeclineReason(code=code, **{**row, "group": FailureGroup(row["group"])})
    for code, row in json.loads(files(__package__).joinpath("decline_codes.json").read_text("utf-8")).items()
}


def explain(code: str | None, decline_code: str | None, method: PaymentMethod | None = None) -> DeclineReason:
    """The row for ``decline_code`` or else ``code``; a code that Stripe adds later is filed under the issuer."""
    reason = decline_code or code or "card_declined"
    if method is not None and method.kind in _MEANING:
        group = FailureGroup.FUNDS if reason == "insufficient_funds" else FailureGroup.ISSUER
        return DeclineReason(
            code=reason,
            group=FailureGroup.AUTHENTICATION if reason in _NOT_FINISHED else group,
            meaning=_MEANING[method.kind],
            retryable=method.kind != MethodKind.DEBIT,
            conceal_from_customer=False,
        )
    documented = _TABLE.get(reason) or _TABLE.get(code or "")
    if documented:
        return documented
    return DeclineReason(
        code=reason,
        group=FailureGroup.ISSUER,
        meaning="The bank declined the payment with a reason that this version does not know.",
        retryable=False,
        conceal_from_customer=False,
    )


def is_documented(code: str) -> bool:
    """True for a code of Stripe's list, of which there are some dozens."""
    return code in _TABLE


def failure_for_customer(
    code: str, decline_code: str | None, method: PaymentMethod | None = None
) -> dict[str, str | None]:
    """A failure as the API gives it (DESIGN section 2)."""
    return {
        "code": code,
        "decline_code": decline_code,
        "group": explain(code, decline_code, method).group.value,
        "message": advice_for_customer(code, decline_code, method),
    }


def advice_for_customer(code: str | None, decline_code: str | None, method: PaymentMethod | None = None) -> str:
    """The message for the customer; lost, stolen and fraud codes stay hidden behind the generic sentence."""
    if method is not None and method.kind in _METHOD_ADVICE:
        return _METHOD_ADVICE[method.kind]
    reason = explain(code, decline_code)
    return _GENERIC_ADVICE if reason.conceal_from_customer else _ADVICE[reason.group]
