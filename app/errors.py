"""The error tree: every failure that a caller can meet, as a fact with its HTTP status.

Services and the gateway raise these; the API renders them as the one JSON shape of DESIGN section 2.
``error`` is the word that a client may branch on and never changes; ``message`` is for people.

PaydeskError
├── InvalidRequest
│   ├── ValidationFailed            422 validation_failed
│   ├── AmountInvalid               422 amount_invalid
│   ├── CurrencyUnsupported         422 currency_unsupported
│   ├── IdempotencyKeyReused        422 idempotency_key_reused
│   └── WebhookSignatureInvalid     400 webhook_signature_invalid
├── NotAllowed
│   ├── Unauthorized                401 unauthorized
│   ├── Forbidden                   403 forbidden
│   └── RateLimited                 429 rate_limited
├── NotFound                        404 not_found
├── Conflict
│   ├── PaymentRequiresAction       409 payment_requires_action
│   ├── PaymentNotCompleted         409 payment_not_completed
│   ├── OrderMismatch               409 order_mismatch
│   ├── AmountExceedsRefundable     409 amount_exceeds_refundable
│   ├── PaymentDisputed             409 payment_disputed
│   ├── PaymentNotRefundable        409 payment_not_refundable
│   ├── PaymentNotCapturable        409 payment_not_capturable
│   ├── AmountExceedsCapturable     409 amount_exceeds_capturable
│   ├── PaymentNotCancelable        409 payment_not_cancelable
│   ├── AmountMismatch              409 amount_mismatch
│   └── RequestInProgress           409 request_in_progress
├── CardDeclined                    402 card_declined (carries ``failure``)
└── Unavailable
    ├── StripeNotInitialized        503 stripe_not_initialized
    ├── StripeInvalidApiKey         502 stripe_invalid_api_key
    ├── StripeConfigurationError    502 stripe_configuration_error (an operator has to mend it; nothing was done)
    │   └── StripePermissionMissing (the key lacks a permission)
    ├── StripeUnavailable           503 stripe_unavailable (the outcome of the call is unknown, or it never began)
    │   └── StripeBusy              (too many calls; it never began)
    ├── DatabaseUnavailable         503 database_unavailable
    └── FiguresNotReady             503 figures_not_ready (they are being rebuilt)
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar


class PaydeskError(Exception):
    """A failure with its HTTP status, its word for clients and a sentence for people.

    ``errors`` maps field names to lists of messages; ``retry_after`` is in whole seconds.
    """

    http_status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    error: ClassVar[str] = "internal_error"
    default_message: ClassVar[str] = "Something went wrong on our side. Quote the request id when you report it."

    def __init__(
        self, message: str | None = None, *, errors: Mapping[str, Any] | None = None, retry_after: int | None = None
    ) -> None:
        self.message = message or self.default_message
        self.errors = dict(errors or {})
        self.retry_after = retry_after
        super().__init__(self.message)

    def stored(self) -> dict[str, Any]:
        """The error as plain values, from which ``rebuild`` makes an equal one."""
        return {"error": self.error, "message": self.message, "errors": self.errors}


class InvalidRequest(PaydeskError):
    """The request can never succeed as it was sent."""

    http_status = HTTPStatus.UNPROCESSABLE_ENTITY


class ValidationFailed(InvalidRequest):
    error = "validation_failed"
    default_message = "The request is not valid; see errors for the fields to correct."


class AmountInvalid(InvalidRequest):
    error = "amount_invalid"
    default_message = "The amount is not valid for this currency."


class CurrencyUnsupported(InvalidRequest):
    error = "currency_unsupported"
    default_message = "This currency is not supported."


class IdempotencyKeyReused(InvalidRequest):
    error = "idempotency_key_reused"
    default_message = "This Idempotency-Key was used before with a different request. Send a new key for a new request."


class WebhookSignatureInvalid(InvalidRequest):
    http_status = HTTPStatus.BAD_REQUEST
    error = "webhook_signature_invalid"
    default_message = (
        "The Stripe-Signature header does not match this body. "
        "Check STRIPE_WEBHOOK_SECRET and that no proxy changes the body."
    )


class NotAllowed(PaydeskError):
    """The caller may not do this."""


class Unauthorized(NotAllowed):
    http_status = HTTPStatus.UNAUTHORIZED
    error = "unauthorized"
    default_message = "Send a valid bearer token in the Authorization header."


class Forbidden(NotAllowed):
    http_status = HTTPStatus.FORBIDDEN
    error = "forbidden"
    default_message = "This token does not carry the scope that this endpoint needs."


class RateLimited(NotAllowed):
    http_status = HTTPStatus.TOO_MANY_REQUESTS
    error = "rate_limited"
    default_message = "Too many requests. Wait for the time in Retry-After and try again."


class NotFound(PaydeskError):
    http_status = HTTPStatus.NOT_FOUND
    error = "not_found"
    default_message = "There is no such payment."


class Conflict(PaydeskError):
    """The request is valid but the present state does not allow it."""

    http_status = HTTPStatus.CONFLICT


class PaymentRequiresAction(Conflict):
    error = "payment_requires_action"
    default_message = "The bank wants the customer to authenticate (3-D Secure) before the payment can complete."


class PaymentNotCompleted(Conflict):
    error = "payment_not_completed"
    default_message = "The payment has not completed."


class OrderMismatch(Conflict):
    error = "order_mismatch"
    default_message = "This payment belongs to another order."


class AmountExceedsRefundable(Conflict):
    error = "amount_exceeds_refundable"
    default_message = "The amount is more than what is left to refund."


class PaymentDisputed(Conflict):
    error = "payment_disputed"
    default_message = "The customer's bank disputes this payment; refunding it as well could pay the money back twice."


class PaymentNotRefundable(Conflict):
    error = "payment_not_refundable"
    default_message = "Only a completed payment with money left can be refunded."


class PaymentNotCapturable(Conflict):
    error = "payment_not_capturable"
    default_message = "Only a payment whose money is held can be captured."


class AmountExceedsCapturable(Conflict):
    error = "amount_exceeds_capturable"
    default_message = "The amount is more than what is held."


class PaymentNotCancelable(Conflict):
    error = "payment_not_cancelable"
    default_message = "Only an open payment or a hold can be canceled."


class AmountMismatch(Conflict):
    error = "amount_mismatch"
    default_message = "This payment was paid in another amount or currency than was asked."


class RequestInProgress(Conflict):
    error = "request_in_progress"
    default_message = "The same request is still running. Try again in a moment with the same Idempotency-Key."


class CardDeclined(PaydeskError):
    """The bank said no; ``failure`` is the API's failure object (code, decline_code, group, message)."""

    http_status = HTTPStatus.PAYMENT_REQUIRED
    error = "card_declined"
    default_message = "The card was declined."

    def __init__(self, message: str | None = None, *, failure: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.failure = dict(failure)

    def stored(self) -> dict[str, Any]:
        return {**super().stored(), "failure": self.failure}


class Unavailable(PaydeskError):
    """Something that we depend on cannot be used just now."""

    http_status = HTTPStatus.SERVICE_UNAVAILABLE


class StripeNotInitialized(Unavailable):
    error = "stripe_not_initialized"
    default_message = "Stripe is not configured: set STRIPE_SECRET_KEY and STRIPE_PUBLISHABLE_KEY."


class StripeInvalidApiKey(Unavailable):
    http_status = HTTPStatus.BAD_GATEWAY
    error = "stripe_invalid_api_key"
    default_message = "Stripe refused our API key: check STRIPE_SECRET_KEY."


class StripeConfigurationError(Unavailable):
    """Stripe refused the call because of our account, key or settings, not because of the payment."""

    http_status = HTTPStatus.BAD_GATEWAY
    error = "stripe_configuration_error"
    default_message = (
        "Stripe refused the request because of how this service is set up there. An administrator has to correct it; "
        "the payment stays open."
    )


class StripePermissionMissing(StripeConfigurationError):
    """Our restricted key lacks a permission (docs.stripe.com/keys/restricted-api-keys)."""


class StripeUnavailable(Unavailable):
    """Stripe did not give a usable answer. The work may or may not have been done there."""

    error = "stripe_unavailable"
    default_message = "Stripe cannot be reached just now. Try again; nothing will be done twice."


class StripeBusy(StripeUnavailable):
    """Stripe answers no more calls of this account for the moment (docs.stripe.com/rate-limits)."""

    default_message = "Stripe asks us to slow down. Try again in a moment."


class DatabaseUnavailable(Unavailable):
    error = "database_unavailable"
    default_message = "The database cannot be reached just now. Try again in a moment."


class FiguresNotReady(Unavailable):
    error = "figures_not_ready"
    default_message = "The figures are being built and will appear when they are complete. Try again in a minute."


def rebuild(stored: Mapping[str, Any]) -> PaydeskError:
    """The error that ``stored()`` described."""
    if stored["error"] == CardDeclined.error:
        return CardDeclined(stored["message"], failure=stored["failure"])
    return every_error()[stored["error"]](stored["message"], errors=stored["errors"])


def every_error() -> dict[str, type[PaydeskError]]:
    """The leaves of the tree by their word."""
    leaves: dict[str, type[PaydeskError]] = {}
    pending: list[type[PaydeskError]] = [PaydeskError]
    while pending:
        kind = pending.pop()
        pending.extend(kind.__subclasses__())
        leaves[kind.error] = kind if not kind.__subclasses__() or kind is PaydeskError else leaves.get(kind.error, kind)
    return leaves
