"""Stripe's errors to ours, in one closed table; a test fails on any class of the SDK that is not in it.

Sources: docs.stripe.com/api/errors, docs.stripe.com/error-low-level; stripe-python raises by HTTP status.
"""

from __future__ import annotations

from collections.abc import Callable

import stripe

from app.domain.declines import failure_for_customer
from app.errors import (
    AmountExceedsRefundable,
    AmountInvalid,
    CardDeclined,
    CurrencyUnsupported,
    NotFound,
    PaydeskError,
    PaymentDisputed,
    PaymentNotRefundable,
    StripeInvalidApiKey,
    StripeUnavailable,
    ValidationFailed,
)

Translation = Callable[[stripe.StripeError], PaydeskError]

# Codes of a 400 or 404 that mean the same for every operation (docs.stripe.com/error-codes).
_BY_CODE: dict[str, type[PaydeskError]] = {
    "resource_missing": NotFound,
    "amount_too_small": AmountInvalid,
    "amount_too_large": AmountInvalid,
    "invalid_charge_amount_no_decimal_compatible": AmountInvalid,
    "parameter_invalid_integer": AmountInvalid,
    "charge_already_refunded": AmountExceedsRefundable,
    "charge_disputed": PaymentDisputed,
    "refund_disputed_payment": PaymentDisputed,
    "charge_not_refundable": PaymentNotRefundable,
}
# Some answers name only the parameter: "greater than unrefunded amount" comes without a code.
_BY_PARAM: dict[tuple[str, str], type[PaydeskError]] = {
    ("create_refund", "amount"): AmountExceedsRefundable,
    ("create_intent", "amount"): AmountInvalid,
    ("create_intent", "currency"): CurrencyUnsupported,
}


# Stripe's errors as the outcomes that are counted; the rest is "other".
_OUTCOMES: dict[type[stripe.StripeError], str] = {
    stripe.CardError: "card_declined",
    stripe.InvalidRequestError: "invalid_request",
    stripe.AuthenticationError: "authentication",
    stripe.PermissionError: "authentication",
    stripe.RateLimitError: "rate_limited",
    stripe.IdempotencyError: "conflict",
    stripe.APIConnectionError: "unavailable",
    stripe.APIError: "unavailable",
}


class IdempotencyMismatch(Exception):
    """Stripe holds another request under our idempotency key: the first call got through with other parameters."""


def _declined(error: stripe.StripeError) -> PaydeskError:
    details = error.error
    code = getattr(details, "code", None) or "card_declined"
    decline_code = getattr(details, "decline_code", None)
    failure = failure_for_customer(code, decline_code)
    return CardDeclined(failure["message"], failure=failure)


def _no_usable_answer(_: stripe.StripeError) -> PaydeskError:
    return StripeUnavailable(retry_after=2)


def _refused(error: stripe.StripeError) -> PaydeskError:
    return ValidationFailed(f"Stripe refused the request ({error.code or 'invalid_request'}).")


TRANSLATIONS: dict[type[stripe.StripeError], Translation] = {
    stripe.AuthenticationError: lambda _: StripeInvalidApiKey(),
    stripe.PermissionError: lambda _: StripeInvalidApiKey(),
    stripe.CardError: _declined,
    stripe.RateLimitError: lambda _: StripeUnavailable(
        "Stripe asks us to slow down. Try again in a moment.", retry_after=5
    ),
    stripe.InvalidRequestError: _refused,
    stripe.APIConnectionError: _no_usable_answer,
    stripe.APIError: _no_usable_answer,
    stripe.StripeError: _no_usable_answer,
    # Errors of Stripe's v2 endpoints, which we do not call.
    **dict.fromkeys(
        (
            stripe.AlreadyCanceledError,
            stripe.BlockedByStripeError,
            stripe.CannotProceedError,
            stripe.CapabilityNotEnabledError,
            stripe.ControlledByAlternateResourceError,
            stripe.FeatureNotEnabledError,
            stripe.FinancialAccountNotOpenError,
            stripe.FxQuoteNeedsRefreshError,
            stripe.InsufficientFundsError,
            stripe.InvalidPaymentMethodError,
            stripe.InvalidPayoutMethodError,
            stripe.InvalidVaultedCredentialError,
            stripe.NotCancelableError,
            stripe.QuotaExceededError,
            stripe.RecipientNotNotifiableError,
            stripe.TemporarySessionExpiredError,
            stripe.VerificationAttemptFailedError,
            stripe.VerificationExpiredError,
            stripe.VerificationNotInitiatedError,
        ),
        _no_usable_answer,
    ),
}


def outcome_of(error: stripe.StripeError) -> str:
    """The word under which a failed call is counted."""
    return next((_OUTCOMES[kind] for kind in type(error).__mro__ if kind in _OUTCOMES), "other")


def translate(error: stripe.StripeError, operation: str) -> PaydeskError:
    """Our error for one of Stripe's. Raises IdempotencyMismatch, which the gateway's callers handle themselves."""
    if isinstance(error, stripe.IdempotencyError):
        raise IdempotencyMismatch(str(error.error.message if error.error else "")) from error
    if isinstance(error, stripe.InvalidRequestError):
        translated = _BY_CODE.get(error.code or "") or _BY_PARAM.get((operation, error.param or ""))
        if translated:
            return translated()
    kind = next(kind for kind in type(error).__mro__ if kind in TRANSLATIONS)
    return TRANSLATIONS[kind](error)
