"""Declared parameters: what an endpoint accepts, and how Stripe rejects the rest.

Each rejection is a 400 ``invalid_request_error`` that names the parameter in brackets (``card[number]``); the
idempotency key stores nothing. Sources: docs.stripe.com/api/errors, error-codes; facts §3 and §9.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.api.forms import is_list
from sandbox.core import metadata
from sandbox.core.errors import invalid
from sandbox.core.upload import Upload

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter: its kind, its limits, and the content of hashes and lists."""

    kind: str
    required: bool = False
    choices: tuple[str, ...] = ()
    max_length: int = 5000
    fields: Mapping[str, Param] = field(default_factory=dict)
    item: Param | None = None
    clearable: bool = False
    documented: bool = True

    def as_required(self) -> Param:
        """The same parameter, but required."""
        return replace(self, required=True)


Table = Mapping[str, Param]

# A whole number; amounts are in minor units.
INTEGER = Param("integer")
BOOLEAN = Param("boolean")
# A file of a multipart body.
FILE = Param("file")
# ``true``, ``false``, ``one_off`` or ``recurring``.
OFF_SESSION = Param("off_session")
# A hash that the sandbox accepts and ignores.
ANY_HASH = Param("anything", clearable=True)
METADATA = Param("metadata", clearable=True)
# Unix seconds, or a hash of these four.
TIME_RANGE = Param("time_range", fields=dict.fromkeys(("gt", "gte", "lt", "lte"), INTEGER))


def text(max_length: int = 5000, *, clearable: bool = False) -> Param:
    """A string; an empty one unsets the value of a ``clearable`` parameter."""
    return Param("text", max_length=max_length, clearable=clearable)


def email(*, clearable: bool = False) -> Param:
    return Param("email", max_length=800, clearable=clearable)


def choice(*choices: str, clearable: bool = False) -> Param:
    """One of the listed words."""
    return Param("choice", choices=choices, clearable=clearable)


def nested(fields: Table, *, clearable: bool = False, documented: bool = True) -> Param:
    """A hash with declared fields; ``documented=False`` where browsers may send what the reference omits."""
    return Param("nested", fields=fields, clearable=clearable, documented=documented)


def list_of(item: Param) -> Param:
    return Param("listing", item=item)


def check(table: Table, values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The parameters as Python values. Raises StripeError for the first one that Stripe would reject."""
    for name in values:
        if name not in table:
            raise invalid(
                f"Received unknown parameter: {_path(prefix, name)}",
                param=_path(prefix, name),
                code="parameter_unknown",
            )
    for name, param in table.items():
        if param.required and name not in values:
            path = _path(prefix, name)
            raise invalid(f"Missing required param: {path}.", param=path, code="parameter_missing")
    return {name: _value(table[name], value, _path(prefix, name)) for name, value in values.items()}


def _path(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def _value(param: Param, value: Any, path: str) -> Any:
    if value == "":
        if param.clearable:
            return {} if param.kind == "metadata" else None
        if param.kind not in ("listing", "nested"):
            raise invalid(
                f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a "
                f"parameter; however '{path}' cannot be unset. You should remove '{path}' from your request or "
                "supply a non-empty value.",
                param=path,
                code="parameter_invalid_empty",
            )
    return _PARSERS[param.kind](param, value, path)


def _text(param: Param, value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise invalid(f"Invalid string: {value}", param=path)
    if len(value) > param.max_length:
        raise invalid(f"Invalid string: {value[:10]}...; must be at most {param.max_length} characters", param=path)
    return value


def _email(param: Param, value: Any, path: str) -> str:
    address = _text(param, value, path)
    if not _EMAIL.fullmatch(address):
        raise invalid(f"Invalid email address: {address}", param=path, code="email_invalid")
    return address


def _integer(_: Param, value: Any, path: str) -> int:
    if not isinstance(value, str) or not _INTEGER.fullmatch(value):
        raise invalid(f"Invalid integer: {value}", param=path, code="parameter_invalid_integer")
    return int(value)


def _boolean(_: Param, value: Any, path: str) -> bool:
    # Old libraries send Python's words (docs.stripe.com/api says only true and false; stripe-python before 2.0).
    if value not in ("true", "false", "True", "False"):
        raise invalid(f"Invalid boolean: {value}", param=path)
    return bool(value in ("true", "True"))


def _choice(param: Param, value: Any, path: str) -> str:
    if value not in param.choices:
        *most, last = param.choices
        listed = f"{', '.join(most)}, or {last}" if most else last
        raise invalid(f"Invalid {path}: must be one of {listed}", param=path)
    return str(value)


def _nested(param: Param, value: Any, path: str) -> dict[str, Any]:
    return check(param.fields, _anything(param, value, path), path)


def _anything(_: Param, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid(f"Invalid object: {value}", param=path)
    return value


def _listing(param: Param, value: Any, path: str) -> list[Any]:
    if value == "":
        return []
    if not isinstance(value, dict) or not is_list(value):
        raise invalid(f"Invalid array: {value}", param=path)
    item = param.item or text()
    return [_value(item, value[key], _path(path, key)) for key in sorted(value, key=int)]


def _file(_: Param, value: Any, path: str) -> Upload:
    if not isinstance(value, Upload):
        raise invalid("Invalid file: send it in a multipart/form-data body.", param=path)
    return value


def _time_range(param: Param, value: Any, path: str) -> dict[str, int]:
    if isinstance(value, str):
        second = _integer(param, value, path)
        return {"gte": second, "lte": second}
    return _nested(param, value, path)


def _off_session(param: Param, value: Any, path: str) -> bool:
    return value in ("one_off", "recurring") or _boolean(param, value, path)


_PARSERS = {
    "text": _text,
    "email": _email,
    "integer": _integer,
    "boolean": _boolean,
    "file": _file,
    "choice": _choice,
    "nested": _nested,
    "anything": _anything,
    "listing": _listing,
    "metadata": lambda _, value, path: metadata.check(value, path),
    "time_range": _time_range,
    "off_session": _off_session,
}
