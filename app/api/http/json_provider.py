"""JSON in which money survives: numbers with a point are decimals in both directions, never binary floats."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import simplejson
from flask.json.provider import DefaultJSONProvider

# Integers longer than any that we use stay decimals: Python refuses to build an int from thousands of digits.
_LONGEST_INT = 30


class DecimalJSONProvider(DefaultJSONProvider):
    """Flask's JSON on simplejson. Keys keep their order, so an answer reads as it is documented."""

    sort_keys = False

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """As JSON text; raises ValueError for NaN and infinities, which JSON does not have."""
        kwargs.setdefault("default", self.default)
        kwargs.setdefault("ensure_ascii", self.ensure_ascii)
        kwargs.setdefault("sort_keys", self.sort_keys)
        return str(simplejson.dumps(obj, use_decimal=True, allow_nan=False, **kwargs))

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """From JSON text; raises ValueError for anything else, for NaN, and for an object with a key twice."""
        text = s.decode("utf-8") if isinstance(s, bytes) else s
        try:
            return simplejson.loads(text, parse_float=_decimal, parse_int=_integer, object_pairs_hook=_object, **kwargs)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        # The exponent is beyond what decimals hold; every field that takes a number refuses one that is not finite.
        return Decimal("Infinity")


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= _LONGEST_INT else _decimal(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key occurs twice in one object")
    return result
