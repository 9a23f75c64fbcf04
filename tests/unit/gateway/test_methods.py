"""What of a payment method becomes a fact, and what of it an event may keep."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.payments.methods import PaymentMethod
from app.gateway.redaction import strip_event
from app.gateway.snapshots import charge_fact, intent_fact

CHARGE = {
    "id": "py_1",
    "object": "charge",
    "status": "pending",
    "created": 1_700_000_000,
    "amount": 100,
    "currency": "usd",
}
INTENT = {
    "id": "pi_1",
    "object": "payment_intent",
    "status": "requires_action",
    "amount": 100,
    "currency": "eur",
    "created": 1_700_000_000,
    "payment_method": "pm_1",
    "payment_method_types": ["card", "ideal"],
}
WALLET = {"type": "apple_pay", "dynamic_last4": "9999", "apple_pay": {}}
CARD = {"brand": "visa", "last4": "4242", "country": "DE", "funding": "debit", "fingerprint": "f", "wallet": WALLET}
DEBIT = PaymentMethod(type="card", brand="visa", last4="4242", country="DE", funding="debit")


def stored(stripe_object: dict[str, Any]) -> dict[str, Any]:
    """What is kept of an object when it comes in an event."""
    event = {"id": "evt_1", "type": "x", "created": 1_700_000_000, "data": {"object": stripe_object}}
    kept: dict[str, Any] = strip_event(event)["data"]["object"]
    return kept


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (
            {"type": "card", "card": CARD},
            PaymentMethod(
                type="card", wallet="apple_pay", brand="visa", last4="4242", country="DE", funding="debit"
            ),
        ),
        ({"card": CARD | {"wallet": None}}, DEBIT),
        (
            {"type": "sepa_debit", "sepa_debit": {"bank_code": "37040044", "country": "DE", "last4": "3000"}},
            PaymentMethod(type="sepa_debit", last4="3000", country="DE", bank="37040044"),
        ),
        (
            {"type": "us_bank_account", "us_bank_account": {"bank_name": "STRIPE TEST BANK", "last4": "6789"}},
            PaymentMethod(type="us_bank_account", last4="6789", bank="STRIPE TEST BANK"),
        ),
        (
            {"type": "ideal", "ideal": {"bank": "ing", "iban_last4": "5264"}},
            PaymentMethod(type="ideal", last4="5264", bank="ing"),
        ),
        ({"type": "link", "link": {"country": "US"}}, PaymentMethod(type="link", country="US")),
        ({"type": "oxxo", "oxxo": {"number": "123"}}, PaymentMethod(type="oxxo")),
        ({"type": "of_next_year"}, PaymentMethod(type="of_next_year")),
        ({"type": "pix", "pix": None}, PaymentMethod(type="pix")),
        (None, None),
    ],
)  # fmt: skip
def test_the_method_of_a_charge_is_read_live_and_from_storage(details: Any, expected: PaymentMethod | None) -> None:
    charge = CHARGE | {"payment_method_details": details}
    assert charge_fact(charge, 1).method == expected
    assert charge_fact(stored(charge), 1).method == expected


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("boleto", {"tax_id": "secret-1"}),
        ("paypal", {"payer_email": "secret-2@example.com", "payer_name": "secret-3"}),
        ("sepa_debit", {"mandate": "secret-4", "fingerprint": "secret-5"}),
        ("ideal", {"verified_name": "secret-6", "bic": "secret-7"}),
        ("cashapp", {"buyer_id": "secret-8", "cashtag": "secret-9"}),
        ("card", {"fingerprint": "secret-10", "wallet": {"dynamic_last4": "secret-11", "type": "link"}}),
    ],
)
def test_personal_data_of_a_method_is_not_kept(kind: str, details: dict[str, Any]) -> None:
    method = {"type": kind, kind: details, "billing_details": {"name": "secret-12"}}
    error = {"code": "x", "payment_method": {"id": "pm_1", **method}}
    kept = [stored(CHARGE | {"payment_method_details": method}), stored(INTENT | {"last_payment_error": error})]
    assert kind in str(kept)
    assert "secret" not in str(kept)


def test_an_intent_tells_its_action_and_the_type_where_only_one_is_possible() -> None:
    action = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.example/secret"}}
    kept = stored(INTENT | {"next_action": action, "client_secret": "pi_1_secret_2"})
    assert kept["next_action"] == {"type": "redirect_to_url"}
    assert kept["payment_method_types"] == ["card", "ideal"]
    fact = intent_fact(kept, as_of=1)
    assert (fact.action, fact.method) == ("redirect_to_url", None)
    only_card = intent_fact(kept | {"payment_method_types": ["card"]}, as_of=1)
    assert only_card.method == PaymentMethod(type="card")
    expanded = {"id": "pm_1", "type": "ideal", "ideal": {"bank": "ing"}}
    assert intent_fact(INTENT | {"payment_method": expanded}, as_of=1).method == PaymentMethod(type="ideal", bank="ing")


def test_the_last_error_tells_the_method_that_failed() -> None:
    card = {"id": "pm_1", "type": "card", "card": CARD}
    intent = INTENT | {"last_payment_error": {"code": "payment_intent_authentication_failure", "payment_method": card}}
    for seen in (intent, stored(intent)):
        error = intent_fact(seen, as_of=1).last_error
        assert error is not None and error.method is not None and error.card is not None
        assert (error.method.type, error.method.wallet, error.card.country) == ("card", "apple_pay", "DE")
    unnamed = intent_fact(INTENT | {"last_payment_error": {"code": "x", "payment_method_type": "oxxo"}}, as_of=1)
    assert unnamed.last_error and unnamed.last_error.method == PaymentMethod(type="oxxo")
