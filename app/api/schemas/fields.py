"""Fields and validators that more than one schema uses."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate


class Matches(validate.Validator):
    """The whole text matches ``pattern`` (which is also shown in the OpenAPI document)."""

    def __init__(self, pattern: str, message: str) -> None:
        self.regex = re.compile(f"^{pattern}$")
        self._message = message

    def __call__(self, value: str) -> str:
        # fullmatch, because "$" alone lets a final line break through.
        if not self.regex.fullmatch(value):
            raise ValidationError(self._message)
        return value


class PlainText(validate.Validator):
    """Text without control characters and without halves of surrogate pairs, which no database can store."""

    def __init__(self, *, allow: str = "") -> None:
        self._allow = allow

    def __call__(self, value: str) -> str:
        if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in self._allow for c in value):
            raise ValidationError("Control characters are not allowed here.")
        return value


class Amount(fields.Decimal):
    """A JSON number. Text and booleans are refused: a client that sends them has lost track of its amounts."""

    default_error_messages = {"number": "Send a JSON number, such as 99.99."}  # noqa: RUF012 (marshmallow's way)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise self.make_error("number")
        return Decimal(value)


class Moment(fields.Field[datetime]):
    """A time in answers: ISO 8601 in UTC with Z."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else iso(value)


def iso(moment: datetime) -> str:
    """``2025-01-31T09:30:00Z``, with milliseconds only where there are any."""
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def described(description: str, example: Any = None, **more: Any) -> dict[str, Any]:
    """What the OpenAPI document says of a field."""
    return {"description": description, **({} if example is None else {"example": example}), **more}


def string(description: str, example: str | None = None, *, null: bool = False, **more: Any) -> fields.String:
    """Text in an answer."""
    return fields.String(required=True, allow_none=null, metadata=described(description, example, **more))


def nested(schema: type[Schema], description: str, *, null: bool = False, many: bool = False) -> fields.Nested:
    """A part of an answer with a schema of its own, or a list of such parts."""
    return fields.Nested(schema, required=True, allow_none=null, many=many, metadata=described(description))


def reference(name: str, example: str, *, required: bool = True) -> fields.String:
    """An id that the ERP gave: letters, digits, ``_`` and ``-``, so that it is safe in URLs, queries and logs."""
    return fields.String(
        required=required,
        validate=Matches("[A-Za-z0-9_-]{1,64}", "Use 1 to 64 letters, digits, underscores or hyphens."),
        metadata=described(name, example),
    )


def text(description: str, example: str, *, allow: str = "") -> fields.String:
    """Optional text by people."""
    return fields.String(
        allow_none=True,
        validate=[validate.Length(max=500), PlainText(allow=allow)],
        metadata=described(description, example),
    )


def intent_id(*, required: bool = True) -> fields.String:
    """A payment intent's id at Stripe."""
    return fields.String(
        required=required,
        validate=Matches("pi_[A-Za-z0-9_]{1,252}", "This is not a payment intent id (pi_…)."),
        metadata=described("Stripe's id of the payment intent.", "pi_3OqJ2KLkdIwHu7ix0a1b2c3d"),
    )
