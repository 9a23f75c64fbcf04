from decimal import Decimal

import pytest
from flask import Flask

from app.api.http.json_provider import DecimalJSONProvider


@pytest.fixture
def json() -> DecimalJSONProvider:
    # The provider keeps a weak reference to its app, so the app is held here.
    app = Flask("test")
    provider = DecimalJSONProvider(app)
    provider.kept = app  # type: ignore[attr-defined]
    return provider


@pytest.mark.parametrize("text", ["99.99", "0.1", "1.230", "1E+2", "0.00"])
def test_numbers_with_a_point_are_exact_decimals(json: DecimalJSONProvider, text: str) -> None:
    assert json.loads(text) == Decimal(text)
    assert isinstance(json.loads(text), Decimal)


@pytest.mark.parametrize("number", [Decimal("99.99"), Decimal(100), Decimal("1.230"), Decimal("0.00")])
def test_decimals_are_answered_as_numbers_with_their_own_digits(json: DecimalJSONProvider, number: Decimal) -> None:
    assert json.dumps({"amount": number}) == f'{{"amount": {number}}}'


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "{", "", "\x00", '{"a": 1, "a": 2}', "[" * 50_000])
def test_invalid_json_is_a_value_error(json: DecimalJSONProvider, text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        json.loads(text)


def test_bytes_that_are_not_utf8_are_a_value_error(json: DecimalJSONProvider) -> None:
    with pytest.raises(ValueError, match="utf-8"):
        json.loads(b"\xff\xfe{}")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), Decimal("NaN"), Decimal("Infinity")])
def test_nan_and_infinity_are_never_answered(json: DecimalJSONProvider, number: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json.dumps(number)


@pytest.mark.parametrize("text", ["9" * 5000, "1e99999999999999999999", "1e-99999999999999999999", "1e400"])
def test_numbers_of_any_size_are_parsed_without_a_crash(json: DecimalJSONProvider, text: str) -> None:
    assert isinstance(json.loads(text), Decimal)


def test_keys_keep_their_order(json: DecimalJSONProvider) -> None:
    assert json.dumps({"b": 1, "a": 2}) == '{"b": 1, "a": 2}'
