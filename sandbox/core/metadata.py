"""Metadata: at most 50 keys of 40 characters with values of 500. Source: docs.stripe.com/api/metadata; facts §9."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import invalid

_MAX_KEYS = 50
_MAX_KEY_LENGTH = 40
_MAX_VALUE_LENGTH = 500


def check(value: Any, path: str) -> dict[str, str]:
    """The metadata of a request. Raises StripeError when it exceeds a limit."""
    if not isinstance(value, dict):
        raise invalid("Invalid metadata: metadata must be a set of key-value pairs.", param=path)
    if len(value) > _MAX_KEYS:
        raise invalid(f"Metadata can only have up to {_MAX_KEYS} keys. You passed in {len(value)} keys.", param=path)
    for key, content in value.items():
        param = f"{path}[{key}]"
        if not isinstance(content, str):
            raise invalid(f"Invalid metadata value for '{key}': must be a string.", param=param)
        if len(key) > _MAX_KEY_LENGTH:
            raise invalid(
                f"Metadata keys must be {_MAX_KEY_LENGTH} characters or less. "
                f"You passed in a key with {len(key)} characters.",
                param=param,
            )
        if len(content) > _MAX_VALUE_LENGTH:
            raise invalid(
                f"Metadata values can have up to {_MAX_VALUE_LENGTH} characters. "
                f"You passed in a value of length {len(content)}.",
                param=param,
            )
    return value


def merged(current: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    """Metadata after an update: keys are merged, an empty value unsets its key, ``metadata=""`` clears all.

    Raises StripeError when the result has more than 50 keys.
    """
    if not changes:
        return {}
    result = {key: value for key, value in {**current, **changes}.items() if value != ""}
    if len(result) > _MAX_KEYS:
        raise invalid(f"Metadata can only have up to {_MAX_KEYS} keys.", param="metadata")
    return result
