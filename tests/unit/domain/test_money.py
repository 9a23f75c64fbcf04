from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.money import CURRENCIES, Money, MoneyError, UnknownCurrency, chargeable, limits


@pytest.mark.parametrize(
    ("amount", "currency", "minor", "shown"),
    [
        ("99.99", "usd", 9999, "99.99"),
        ("100", "usd", 10000, "100.00"),
        ("100", "jpy", 100, "100"),
        ("1.230", "kwd", 1230, "1.230"),
        ("5.12", "kwd", 5120, "5.120"),
        ("5", "isk", 500, "5"),
        ("7000", "ugx", 700000, "7000"),
        ("175", "huf", 17500, "175.00"),
        ("1e2", "eur", 10000, "100.00"),
        ("0.50", "usd", 50, "0.50"),
        ("1.5", "btn", 150, "1.50"),
        ("1.5", "ghs", 150, "1.50"),
        ("1.5", "xcg", 150, "1.50"),
    ],
)
def test_major_units_become_stripes_minor_units_and_back(amount: str, currency: str, minor: int, shown: str) -> None:
    money = chargeable(Decimal(amount), currency)
    assert money == Money(minor, currency)
    assert str(money.to_major()) == shown


@pytest.mark.parametrize(
    ("amount", "currency", "complaint"),
    [
        ("0", "usd", "greater than zero"),
        ("-1", "usd", "greater than zero"),
        ("0.49", "usd", "smallest"),
        ("49", "jpy", "smallest"),
        ("99.999", "usd", "2 decimals"),
        ("100.5", "jpy", "no decimals"),
        ("5.5", "isk", "no decimals"),
        ("5.123", "kwd", "third decimal"),
        ("1.2345", "kwd", "3 decimals"),
        ("1000000", "usd", "largest amount that can be charged is 999999.99 USD"),
        ("1000000", "ugx", "largest amount that can be charged is 999999 UGX"),
        ("1000000", "isk", "largest amount that can be charged is 999999 ISK"),
        ("100000", "kwd", "largest amount that can be charged is 99999.990 KWD"),
        ("1e10", "idr", "largest amount that can be charged is 9999999999.99 IDR"),
        ("1e400", "usd", "larger"),
        ("-1e400", "usd", "larger"),
        ("1e-400", "usd", "2 decimals"),
        ("NaN", "usd", "finite"),
        ("Infinity", "usd", "finite"),
        ("sNaN", "usd", "finite"),
        ("0.50" + "0" * 40 + "1", "usd", "2 decimals"),
        ("1e-999999", "usd", "2 decimals"),
        ("0e400", "usd", "greater than zero"),
    ],
)
def test_what_cannot_be_charged_is_refused_and_never_rounded(amount: str, currency: str, complaint: str) -> None:
    with pytest.raises(MoneyError, match=complaint):
        chargeable(Decimal(amount), currency)


@pytest.mark.parametrize("currency", ["xyz", "USD", "", "btc", "us"])
def test_only_currencies_that_stripe_charges(currency: str) -> None:
    with pytest.raises(UnknownCurrency):
        chargeable(Decimal(10), currency)


@given(st.sampled_from(sorted(CURRENCIES)), st.integers(1, 999_999))
def test_every_amount_survives_the_way_there_and_back(currency: str, hundreds: int) -> None:
    money = Money(hundreds * 100, currency)
    assert Money.from_major(money.to_major(), currency) == money


def test_trailing_zeros_are_not_decimals() -> None:
    assert chargeable(Decimal("100.000"), "jpy") == Money(100, "jpy")


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("999999.99", "usd"), ("999999", "ugx"), ("9999999999.99", "idr"), ("99999999.99", "cop"), ("9999999.99", "inr")],
)
def test_the_largest_amounts_of_the_documents_are_taken(amount: str, currency: str) -> None:
    assert limits(currency)[1] == chargeable(Decimal(amount), currency)


@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_a_limit_that_a_message_names_is_itself_accepted(currency: str) -> None:
    for beyond in (Decimal(10) ** 15, Decimal(-1), *_just_beyond(currency)):
        with pytest.raises(MoneyError) as refused:
            chargeable(beyond, currency)
        named = re.search(r"is ([0-9.]+) ([A-Z]{3})\.$", str(refused.value))
        if named:
            assert chargeable(Decimal(named[1]), named[2].lower()) in limits(currency)
        else:
            assert beyond <= 0


def _just_beyond(currency: str) -> list[Decimal]:
    """One step below the smallest amount and one above the largest."""
    smallest, largest = limits(currency)
    step = 100 if currency in {"isk", "ugx"} else 10 if currency in {"bhd", "jod", "kwd", "omr", "tnd"} else 1
    return [Money(smallest.minor - step, currency).to_major(), Money(largest.minor + step, currency).to_major()]
