"""The latest API requests, without secrets, so that tests can check what was sent."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.api import forms
from sandbox.core.upload import Upload

_KEPT = 20_000
_SECRET = frozenset({"client_secret", "cvc"})


@dataclass(slots=True)
class Entry:
    """One request and the status of its response (None while it runs); ``at`` is real time in seconds."""

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
    """A ring buffer of entries, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_KEPT)

    def add(self, entry: Entry) -> Entry:
        self._entries.append(entry)
        return entry

    def clear(self) -> None:
        self._entries.clear()

    def entries(self, path: str | None, method: str | None) -> list[dict[str, Any]]:
        """Entries whose path contains ``path`` and whose method is ``method``, oldest first."""
        return [
            asdict(entry)
            for entry in self._entries
            if (not path or path in entry.path) and (not method or method.upper() == entry.method)
        ]


def redacted(params: dict[str, Any]) -> Any:
    """The parameters as sent, but lists are lists, card numbers have four digits and secrets are removed."""
    return forms.with_lists(_redact(params))


def _redact(node: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in node.items():
        if isinstance(value, dict):
            result[name] = _redact(value)
        elif isinstance(value, Upload):
            result[name] = f"[file {value.filename}]"
        elif name in _SECRET:
            result[name] = "[removed]"
        else:
            result[name] = value[-4:] if name == "number" else value
    return result
