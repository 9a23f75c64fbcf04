"""Stripe's errors to ours, in one closed table; a test fails on any class of the SDK that is not in it.

Sources: docs.stripe.com/api/errors, docs.stripe.com/error-low-level; stripe-python raises by HTTP status.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

import stripe

from app.domain.declines import failure_for_customer
from app.errors import (
    AmountExceedsCapturable,
    AmountExceedsRefundable,
    AmountInvalid,
    CardDeclined,
    CurrencyUnsupported,
    NotFound,
    PaydeskError,
    PaymentDisputed,
    PaymentNotCancelable,
    PaymentNotCapturable,
    PaymentNotRefundable,
    StripeBusy,
    StripeConfigurationError,
    StripeInvalidApiKey,
    StripePermissionMissing,
    StripeUnavailable,
    ValidationFailed,
)

Translation = Callable[[stripe.StripeError], PaydeskError]

# Codes that mean something of their own for one operation (docs.stripe.com/error-codes).
_BY_OPERATION: dict[tuple[str, str], type[PaydeskError]] = {
    ("create_refund", "amount_too_large"): AmountExceedsRefundable,
    ("capture_intent", "amount_too_large"): AmountExceedsCapturable,
    ("capture_intent", "payment_intent_unexpected_state"): PaymentNotCapturable,
    ("capture_intent", "charge_already_captured"): PaymentNotCapturable,
    ("capture_intent", "charge_already_refunded"): PaymentNotCapturable,
    ("capture_intent", "charge_expired_for_capture"): PaymentNotCapturable,
    ("capture_intent", "capture_charge_authorization_expired"): PaymentNotCapturable,
    ("capture_intent", "capture_unauthorized_payment"): PaymentNotCapturable,
    ("cancel_intent", "payment_intent_unexpected_state"): PaymentNotCancelable,
}
# Codes of a 400 or 404 that mean the same for every operation.
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
    # Faults of whoever set this service or the account up, whatever the operation.
    **dict.fromkeys(
        (
            "account_closed",
            "account_invalid",
            "livemode_mismatch",
            "parameter_unknown",
            "payment_method_types_no_longer_supported",
            "payment_method_unactivated",
            "platform_account_required",
            "platform_api_key_expired",
            "secret_key_required",
            "testmode_charges_only",
            "tls_version_unsupported",
        ),
        StripeConfigurationError,
    ),
}
# Some answers name only the parameter: "greater than unrefunded amount" comes without a code.
_BY_PARAM: dict[tuple[str, str], type[PaydeskError]] = {
    ("create_refund", "amount"): AmountExceedsRefundable,
    ("capture_intent", "amount_to_capture"): AmountExceedsCapturable,
    ("create_intent", "amount"): AmountInvalid,
    ("create_intent", "currency"): CurrencyUnsupported,
    ("create_intent", "description"): ValidationFailed,
    ("create_intent", "receipt_email"): ValidationFailed,
}
# The operations that are refused for what a caller or the bank's rules decide. All that others send was chosen by who
# set this service up, so a refusal without a meaning above is theirs: an API version that Stripe does not know, or
# "no valid payment method types" for a currency, come without code and parameter.
_REFUSED_TO_CALLERS = frozenset({"create_refund"})
# What the words of such a refusal say, where an operation may be refused to callers too.
_CONFIGURATION_WORDS = ("api version", "payment method types")
# The operations that carry an idempotency key of ours, so that Stripe may hold an answer to an earlier call.
_KEYED = frozenset({"create_intent", "create_refund", "capture_intent", "cancel_intent"})


# How a call is counted that an operator has to mend.
CONFIGURATION = "configuration"
# Stripe's errors as the outcomes that are counted; the rest is "other".
_OUTCOMES: dict[type[stripe.StripeError], str] = {
    stripe.CardError: "card_declined",
    stripe.InvalidRequestError: "invalid_request",
    stripe.AuthenticationError: "authentication",
    stripe.PermissionError: CONFIGURATION,
    stripe.RateLimitError: "rate_limited",
    stripe.IdempotencyError: "conflict",
    stripe.APIConnectionError: "unavailable",
    stripe.APIError: "unavailable",
}


@dataclass(frozen=True, slots=True)
class ConfigurationFault:
    """A refusal that an operator has to mend, in Stripe's words: they name settings and parameters, never people."""

    operation: str
    code: str | None
    param: str | None
    message: str


class KeyUsedUp(Exception):
    """Stripe will not do the work under this idempotency key; ``error`` is what the call ended in.

    Either it keeps an error, or another request, for a day (docs.stripe.com/error-low-level). The caller looks for what
    the key may have made. Where nothing is found ``settled_after`` the first call, nothing was made, and the next key
    is safe.
    """

    def __init__(self, error: PaydeskError, settled_after: timedelta) -> None:
        super().__init__(error.message)
        self.error = error
        self.settled_after = settled_after

    @property
    def is_certain(self) -> bool:
        """True where Stripe said itself that it holds something under the key, so that looking is worth a call."""
        return self.settled_after < _FAILED


_LONGEST_MESSAGE = 300
_API_KEY = re.compile(r"\b[a-z]{2}_(?:live|test)_[\w*]+")
# An error that is replayed was the end of its request.
_REPLAYED = timedelta(0)
# Another request is under the key: the first call, with other parameters, which may still be at work.
_OTHER_REQUEST = timedelta(minutes=1)
# An error of Stripe's own that is not replayed says nothing about the work; far longer than Stripe works on a request.
_FAILED = timedelta(minutes=15)


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
    stripe.PermissionError: lambda _: StripePermissionMissing(),
    stripe.CardError: _declined,
    stripe.RateLimitError: lambda _: StripeBusy(retry_after=5),
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


def configuration_fault(error: stripe.StripeError, operation: str) -> ConfigurationFault | None:
    """What an operator has to mend, where that is what the error says."""
    if not isinstance(_translated(error, operation), StripeConfigurationError):
        return None
    details = error.error
    message = str(getattr(details, "message", None) or "")[:_LONGEST_MESSAGE]
    return ConfigurationFault(
        operation=operation,
        code=getattr(details, "code", None),
        param=getattr(details, "param", None),
        message=_API_KEY.sub("…", message),
    )


def translate(error: stripe.StripeError, operation: str) -> PaydeskError:
    """Our error for one of Stripe's. Raises KeyUsedUp, which the callers of operations with a key handle themselves."""
    if isinstance(error, stripe.IdempotencyError):
        raise KeyUsedUp(StripeUnavailable(retry_after=2), _OTHER_REQUEST) from error
    ours = _translated(error, operation)
    if operation in _KEYED:
        if (error.headers or {}).get("Idempotent-Replayed") == "true":
            raise KeyUsedUp(ours, _REPLAYED) from error
        if error.http_status == HTTPStatus.INTERNAL_SERVER_ERROR:
            raise KeyUsedUp(ours, _FAILED) from error
    return ours


def _translated(error: stripe.StripeError, operation: str) -> PaydeskError:
    if isinstance(error, stripe.InvalidRequestError):
        code, param = error.code or "", error.param or ""
        known = _BY_OPERATION.get((operation, code)) or _BY_CODE.get(code) or _BY_PARAM.get((operation, param))
        if known:
            return known()
        words = str(error.user_message or "").lower()
        if operation not in _REFUSED_TO_CALLERS or any(words_of in words for words_of in _CONFIGURATION_WORDS):
            return StripeConfigurationError()
    kind = next(kind for kind in type(error).__mro__ if kind in TRANSLATIONS)
    return TRANSLATIONS[kind](error)
