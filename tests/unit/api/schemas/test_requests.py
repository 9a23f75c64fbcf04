from decimal import Decimal
from typing import Any

import pytest
from marshmallow import ValidationError

from app.api.schemas.amounts import exact, money_to_charge
from app.api.schemas.requests import (
    ConfirmSchema,
    IdempotencyHeaderSchema,
    NewPaymentSchema,
    PaymentQuerySchema,
    RefundRequestSchema,
)
from app.domain.money import Money
from app.errors import AmountInvalid, CurrencyUnsupported

NEW = {"order_id": "order-1", "customer_id": "customer-1", "amount": Decimal("99.99")}


def load_new(**changes: Any) -> Any:
    return NewPaymentSchema().load({**NEW, **changes})


def test_a_new_payment_needs_no_more_than_three_fields() -> None:
    assert load_new() == NEW


@pytest.mark.parametrize("name", ["order_id", "customer_id", "amount"])
def test_missing_fields_are_named(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        NewPaymentSchema().load({key: value for key, value in NEW.items() if key != name})
    assert list(caught.value.messages) == [name]


@pytest.mark.parametrize(
    "bad", ["", "a" * 65, "a" * 10_240, "$ne", "a.b", "a\x00b", "a b", "ordér", "a\n", "../x", 7, None, True, {}, []]
)
def test_ids_are_plain_and_short(bad: object) -> None:
    for name in ("order_id", "customer_id"):
        with pytest.raises(ValidationError) as caught:
            load_new(**{name: bad})
        assert list(caught.value.messages) == [name]


@pytest.mark.parametrize("bad", ["99.99", "", True, False, None, [], {}, 1.5])
def test_amounts_are_json_numbers(bad: object) -> None:
    # 1.5 is a float, which our JSON never produces.
    with pytest.raises(ValidationError) as caught:
        load_new(amount=bad)
    assert list(caught.value.messages) == ["amount"]


def test_whole_numbers_are_exact() -> None:
    assert load_new(amount=100)["amount"] == Decimal(100)


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError) as caught:
        load_new(ammount=5)
    assert list(caught.value.messages) == ["ammount"]


@pytest.mark.parametrize("bad", ["x" * 501, "a\x00", "a\x1b[31m", "two\nlines", "\ud800", 5])
def test_descriptions_are_short_plain_text(bad: object) -> None:
    with pytest.raises(ValidationError):
        load_new(description=bad)


@pytest.mark.parametrize("bad", ["", "jo", "jo@", "jo@example.com\n", "jo\x00@example.com", "a" * 250 + "@b.co", 5])
def test_receipts_go_to_addresses(bad: object) -> None:
    with pytest.raises(ValidationError):
        load_new(receipt_email=bad)


def test_notes_keep_their_lines() -> None:
    notes = "one\n\ttwo"
    assert RefundRequestSchema().load({"notes": notes})["notes"] == notes
    with pytest.raises(ValidationError):
        RefundRequestSchema().load({"reason": notes})


@pytest.mark.parametrize("bad", ["", "pi_", "pi_a.b", "pi_$ne", "ch_123", "pi_" + "a" * 253, "pi_a\n", "pi_\x00"])
def test_intent_ids_look_like_stripes(bad: str) -> None:
    with pytest.raises(ValidationError):
        ConfirmSchema().load({"payment_intent_id": bad, "order_id": "order-1"})


@pytest.mark.parametrize("bad", ["", "x" * 256, "tab\t", "é", "line\n"])
def test_idempotency_keys_are_short_printable_ascii(bad: str) -> None:
    with pytest.raises(ValidationError):
        IdempotencyHeaderSchema().load({"Idempotency-Key": bad})


@pytest.mark.parametrize(
    "bad",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "many"},
        {"status": ["done"]},
        {"refund_status": "half"},
        {"currency": "dollar"},
        {"three_d_secure": "perhaps"},
        {"failure_code": "$ne"},
        {"colour": "blue"},
    ],
)
def test_filters_are_checked(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        PaymentQuerySchema().load(bad)
    assert list(caught.value.messages) == list(bad)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"), [("99.99", "USD", 9999), ("100", "jpy", 100), ("1.230", "KWD", 1230)]
)
def test_amounts_become_minor_units(amount: str, currency: str, minor: int) -> None:
    assert money_to_charge(Decimal(amount), currency) == Money(minor, currency.lower())


@pytest.mark.parametrize(
    "amount",
    [
        *("0", "-1", "-0.01", "0.001", "99.999", "0.49", "1000000", "1E+400", "1E-400", "9" * 5000, "Infinity"),
        *("0.1000000000000000000000000000000000000001", "100.00000000000000000000000000000000000001"),
    ],
)
def test_amounts_that_cannot_be_charged_are_refused_and_never_rounded(amount: str) -> None:
    with pytest.raises(AmountInvalid) as caught:
        money_to_charge(Decimal(amount), "usd")
    assert list(caught.value.errors) == ["amount"]


@pytest.mark.parametrize("currency", ["xyz", "", "dollars", "us$", "ＵＳＤ"])
def test_unknown_currencies_are_refused(currency: str) -> None:
    with pytest.raises(CurrencyUnsupported) as caught:
        money_to_charge(Decimal(10), currency)
    assert list(caught.value.errors) == ["currency"]


def test_an_exact_amount_is_left_alone() -> None:
    assert exact(Decimal("12.50")) == Decimal("12.50")
