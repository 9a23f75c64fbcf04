from __future__ import annotations

from collections.abc import Iterator

import pytest
import stripe

from app.errors import PaydeskError, every_error, rebuild
from app.gateway.errors import TRANSLATIONS, IdempotencyMismatch, translate

SECRET = "sk_test_51secret"


def stripe_errors(kind: type[stripe.StripeError] = stripe.StripeError) -> Iterator[type[stripe.StripeError]]:
    for child in kind.__subclasses__():
        yield child
        yield from stripe_errors(child)


# Raised by the signature check, which translates it itself; and an abstract base.
ELSEWHERE = {stripe.SignatureVerificationError, stripe.StripeErrorWithParamCode, stripe.IdempotencyError}


@pytest.mark.parametrize("kind", sorted(set(stripe_errors()) - ELSEWHERE, key=str))
def test_every_error_of_the_sdk_has_a_translation_of_its_own(kind: type[stripe.StripeError]) -> None:
    assert kind in TRANSLATIONS


def invalid(code: str | None = None, param: str | None = None) -> stripe.InvalidRequestError:
    return stripe.InvalidRequestError(f"No such thing {SECRET}", param=param, code=code, http_status=400)


@pytest.mark.parametrize(
    ("error", "operation", "word", "status"),
    [
        (stripe.AuthenticationError(f"Invalid API Key {SECRET}"), "create_intent", "stripe_invalid_api_key", 502),
        (stripe.PermissionError("no"), "create_intent", "stripe_invalid_api_key", 502),
        (stripe.RateLimitError("slow"), "create_intent", "stripe_unavailable", 503),
        (stripe.APIConnectionError("timeout"), "create_refund", "stripe_unavailable", 503),
        (stripe.APIError("garbage"), "create_refund", "stripe_unavailable", 503),
        (invalid("resource_missing"), "retrieve_intent", "not_found", 404),
        (invalid("amount_too_small", "amount"), "create_intent", "amount_invalid", 422),
        (invalid(None, "currency"), "create_intent", "currency_unsupported", 422),
        (invalid(None, "amount"), "create_refund", "amount_exceeds_refundable", 409),
        (invalid("charge_already_refunded"), "create_refund", "amount_exceeds_refundable", 409),
        (invalid("charge_disputed"), "create_refund", "payment_disputed", 409),
        (invalid("something_new"), "create_refund", "validation_failed", 422),
    ],
)
def test_errors_become_ours_and_never_show_stripes_text(
    error: stripe.StripeError, operation: str, word: str, status: int
) -> None:
    ours = translate(error, operation)
    assert (ours.error, ours.http_status) == (word, status)
    assert SECRET not in str(ours.stored())


def test_a_decline_carries_the_failure() -> None:
    body = {"error": {"type": "card_error", "code": "card_declined", "decline_code": "stolen_card", "message": "x"}}
    error = stripe.CardError("x", param="", code="card_declined", json_body=body, http_status=402)
    failure = translate(error, "confirm").stored()["failure"]
    assert failure["decline_code"] == "stolen_card"
    assert failure["group"] == "fraud"
    assert "stolen" not in failure["message"]  # Stripe: never tell a thief why


def test_a_key_that_stripe_knows_otherwise_is_for_the_caller_to_resolve() -> None:
    with pytest.raises(IdempotencyMismatch):
        translate(stripe.IdempotencyError("other parameters"), "create_intent")


def test_every_error_of_ours_survives_being_stored() -> None:
    for word, kind in every_error().items():
        made = kind(failure={"code": "x"}) if word == "card_declined" else kind("why", errors={"a": ["b"]})  # type: ignore[call-arg]
        again = rebuild(made.stored())
        assert type(again) is kind
        assert again.stored() == made.stored()
        assert isinstance(again, PaydeskError)
