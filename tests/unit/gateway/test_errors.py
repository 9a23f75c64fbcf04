from __future__ import annotations

from collections.abc import Iterator

import pytest
import stripe

from app.errors import PaydeskError, every_error, rebuild
from app.gateway.errors import TRANSLATIONS, KeyUsedUp, configuration_fault, translate

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


def refused(message: str, code: str | None = None, param: str | None = None) -> stripe.InvalidRequestError:
    body = {"error": {"type": "invalid_request_error", "message": message, "code": code, "param": param}}
    return stripe.InvalidRequestError(message, param, code, http_status=400, json_body=body)


def invalid(code: str | None = None, param: str | None = None) -> stripe.InvalidRequestError:
    return stripe.InvalidRequestError(f"No such thing {SECRET}", param=param, code=code, http_status=400)


# Faults of whoever set this service or its account up. Stripe gives some of them no code.
OPERATORS = [
    refused("Received unknown parameter: hooks", "parameter_unknown", "hooks"),
    refused("payment_method_types is not writable", "payment_method_types_no_longer_supported"),
    refused("Invalid Stripe API version: 2031-01-01"),
    refused("No valid payment method types for this Payment Intent."),
    refused("This object exists in live mode", "livemode_mismatch"),
    refused("Your account cannot currently make live charges.", "testmode_charges_only"),
]


@pytest.mark.parametrize(
    ("error", "operation", "word", "status"),
    [
        (stripe.AuthenticationError(f"Invalid API Key {SECRET}"), "create_intent", "stripe_invalid_api_key", 502),
        (stripe.PermissionError("no"), "create_intent", "stripe_configuration_error", 502),
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
        (invalid("amount_too_large", "amount"), "create_refund", "amount_exceeds_refundable", 409),
        (invalid(None, "receipt_email"), "create_intent", "validation_failed", 422),
        (invalid("payment_intent_unexpected_state"), "capture_intent", "payment_not_capturable", 409),
        (invalid("charge_expired_for_capture"), "capture_intent", "payment_not_capturable", 409),
        (invalid("amount_too_large", "amount_to_capture"), "capture_intent", "amount_exceeds_capturable", 409),
        (invalid(None, "amount_to_capture"), "capture_intent", "amount_exceeds_capturable", 409),
        (invalid("payment_intent_unexpected_state"), "cancel_intent", "payment_not_cancelable", 409),
        *((fault, "create_intent", "stripe_configuration_error", 502) for fault in OPERATORS),
        *((fault, "retrieve_intent", "stripe_configuration_error", 502) for fault in OPERATORS),
        *((fault, "create_refund", "stripe_configuration_error", 502) for fault in OPERATORS),
        *((fault, "capture_intent", "stripe_configuration_error", 502) for fault in OPERATORS),
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


KEYED = ["create_intent", "create_refund", "capture_intent", "cancel_intent"]
REPLAYED = {"Idempotent-Replayed": "true"}


@pytest.mark.parametrize("operation", KEYED)
@pytest.mark.parametrize(
    ("error", "word", "minutes"),
    [
        (stripe.IdempotencyError("other parameters"), "stripe_unavailable", 1),
        (stripe.APIError("x", http_status=500, headers=REPLAYED), "stripe_unavailable", 0),
        (stripe.APIError("x", http_status=500, headers={}), "stripe_unavailable", 15),
        (stripe.PermissionError("x", http_status=403, headers=REPLAYED), "stripe_configuration_error", 0),
    ],
)
def test_what_stripe_keeps_under_a_key_is_for_the_caller_to_resolve(
    operation: str, error: stripe.StripeError, word: str, minutes: int
) -> None:
    with pytest.raises(KeyUsedUp) as raised:
        translate(error, operation)
    assert raised.value.error.error == word
    assert raised.value.settled_after.total_seconds() == minutes * 60


def test_a_read_has_no_key_that_could_be_used_up() -> None:
    error = stripe.APIError("x", http_status=500, headers={})
    assert translate(error, "retrieve_intent").error == "stripe_unavailable"


def test_a_fault_of_the_operator_says_what_stripe_said_and_shows_no_key() -> None:
    fault = configuration_fault(refused(f"The key {SECRET} may not do this", "parameter_unknown", "hooks"), "confirm")
    assert fault
    assert (fault.operation, fault.code, fault.param) == ("confirm", "parameter_unknown", "hooks")
    assert fault.message == "The key … may not do this"
    assert configuration_fault(invalid("resource_missing"), "confirm") is None


def test_every_error_of_ours_survives_being_stored() -> None:
    for word, kind in every_error().items():
        made = kind(failure={"code": "x"}) if word == "card_declined" else kind("why", errors={"a": ["b"]})  # type: ignore[call-arg]
        again = rebuild(made.stored())
        assert type(again) is kind
        assert again.stored() == made.stored()
        assert isinstance(again, PaydeskError)
