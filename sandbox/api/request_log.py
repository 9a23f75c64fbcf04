"""The latest API requests, without secrets, so that tests can ask what was sent."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.api import forms

_KEPT = 20_000
_SECRET = frozenset({"client_secret", "cvc"})


@dataclass(slots=True)
class Entry:
    """One request and its answer's status (None while it runs); ``at`` is real time in seconds."""

    id: str
    method: str
    path: str
    idempotency_key: str | None
    stripe_version: str | None
    at: float = field(default_factory=time.time)
    params: Any = None
    status: int | None = None
    replayed: bool = False
    fault: str | None = None
    error_code: str | None = None


class RequestLog:
    """A ring of entries, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_KEPT)

    def add(self, entry: Entry) -> Entry:
        """Note a request that has just come in."""
        self._entries.append(entry)
        return entry

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()

    def found(self, path: str | None, method: str | None) -> list[dict[str, Any]]:
        """Entries whose path contains ``path`` and whose method is ``method``, oldest first."""
        return [
            asdict(entry)
            for entry in self._entries
            if (not path or path in entry.path) and (not method or method.upper() == entry.method)
        ]


def without_secrets(params: dict[str, Any]) -> Any:
    """The parameters as sent, with lists as lists, card numbers cut to four digits and secrets left out."""
    return forms.with_lists(_cleaned(params))


def _cleaned(node: dict[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    for name, value in node.items():
        if isinstance(value, dict):
            cleaned[name] = _cleaned(value)
        elif name in _SECRET:
            cleaned[name] = "[removed]"
        else:
            cleaned[name] = value[-4:] if name == "number" else value
    return cleaned
