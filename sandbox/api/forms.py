"""Form and query decoding as at Stripe: brackets make hashes and lists; multipart bodies hold files.

Source: facts §1 (the SDK sends ``a[0]=``, ``a[b]=`` and percent-encoded brackets) and docs.stripe.com/api.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from sandbox.core.errors import invalid
from sandbox.core.upload import Upload

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_SEGMENT = re.compile(r"\[([^\[\]]*)\]")
_MAX_FIELDS = 2000


def decode(text: str) -> dict[str, Any]:
    """The nested hashes of a form body or query string; a list is a hash with the keys "0", "1", …

    Raises a 400 for a key that is both a value and a hash, or whose brackets are unbalanced.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise invalid("Invalid request body: it is not a form in UTF-8.") from error
    return nested(pairs)


def nested(pairs: Iterable[tuple[str, str | Upload]]) -> dict[str, Any]:
    """The nested hashes of decoded fields. Raises as ``decode`` does."""
    root: dict[str, Any] = {}
    for key, value in pairs:
        if "[" not in key and "]" not in key:
            if isinstance(root.get(key), dict):
                raise invalid(f"Invalid hash: {key}", param=key)
            root[key] = value
            continue
        _insert(root, key, value)
    return root


def _insert(root: dict[str, Any], key: str, value: str | Upload) -> None:
    match = _KEY.fullmatch(key)
    if match is None:
        raise invalid(f"Received unknown parameter: {key}", param=key, code="parameter_unknown")
    segments = [match[1], *_SEGMENT.findall(match[2])]
    node = root
    for segment in segments[:-1]:
        # ``a[][b]`` is rare and ambiguous: each occurrence starts a new element.
        name = segment or str(len(node))
        child = node.setdefault(name, {})
        if not isinstance(child, dict):
            raise invalid(f"Invalid string: {key}", param=match[1])
        node = child
    last = segments[-1] or str(len(node))
    if isinstance(node.get(last), dict):
        raise invalid(f"Invalid hash: {key}", param=match[1])
    node[last] = value


def with_lists(node: dict[str, Any]) -> Any:
    """The same parameters, with a list in place of every hash whose keys are all numbers, in their order."""
    value = {key: with_lists(child) if isinstance(child, dict) else child for key, child in node.items()}
    if is_list(value):
        return [value[key] for key in sorted(value, key=int)]
    return value


def is_list(node: dict[str, Any]) -> bool:
    """True for a non-empty hash whose keys are all numbers."""
    return bool(node) and all(key.isdecimal() and key.isascii() for key in node)
