"""Faults on demand: how Stripe or the network can fail. Source: facts §3, §9."""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass
from typing import Any

from sandbox.core.errors import StripeError

# Effects that respond with an error: status, message, and what differs from an invalid request.
_ERRORS: dict[str, tuple[int, str, dict[str, Any]]] = {
    "400": (400, "The request cannot be processed.", {}),
    "401": (401, "Invalid API Key provided: sk_test_****", {}),
    "402": (
        402,
        "Your card was declined.",
        {"kind": "card_error", "code": "card_declined", "decline_code": "generic_decline"},
    ),
    "403": (403, "The provided key does not have the required permissions.", {}),
    "409": (409, "This object is being changed by another request.", {}),
    "429": (429, "Too many requests hit the API too quickly.", {"code": "rate_limit"}),
    "500": (500, "An unknown error occurred.", {"kind": "api_error"}),
    "503": (503, "Stripe is temporarily unavailable.", {"kind": "api_error"}),
    "lock_timeout": (
        429,
        "This object cannot be accessed right now: another API request or Stripe process is accessing it.",
        {"code": "lock_timeout", "should_retry": True},
    ),
}
EFFECTS = frozenset({*_ERRORS, "slow", "answer_lost", "garbage", "hang"})
_NAMES = frozenset({"match", "times", "effect", "delay_ms", "status", "work", "stored", "error"})
# What the fault may say instead of its usual words.
_ERROR_NAMES = frozenset({"message", "code", "param"})


@dataclass(slots=True, eq=False)
class Fault:
    """One fault. ``times``: how often it strikes, None for no limit; ``nth``: the first matching request it strikes.

    ``work``: the request is processed before its response fails; ``stored``: the idempotency key keeps the error.
    ``delay_ms`` is for slow and hang, ``status`` for garbage; ``words`` replace message, code and param of an error.
    """

    effect: str
    method: str | None
    path: re.Pattern[str] | None
    nth: int
    times: int | None
    delay_ms: int
    status: int
    work: bool
    stored: bool
    words: dict[str, str]
    matched: int = 0
    struck: int = 0

    def strikes(self, method: str, path: str) -> bool:
        """Whether the fault strikes this request; each matching request is counted."""
        if self.times is not None and self.struck >= self.times:
            return False
        if (self.method and self.method != method) or (self.path and not self.path.search(path)):
            return False
        self.matched += 1
        if self.matched < self.nth:
            return False
        self.struck += 1
        return True

    def error(self) -> StripeError | None:
        """The error that the fault responds with; None when it fails in another way."""
        if self.effect not in _ERRORS:
            return None
        status, text, fields = _ERRORS[self.effect]
        words: dict[str, Any] = {"message": text, **fields, **self.words}
        return StripeError(status, words.pop("message"), stored=self.stored, **words)

    def to_json(self) -> dict[str, Any]:
        """For the control endpoint."""
        path = self.path.pattern if self.path else None
        return {
            "effect": self.effect,
            "match": {"method": self.method, "path": path, "nth": self.nth},
            **{name: getattr(self, name) for name in ("times", "struck", "delay_ms", "status", "work", "stored")},
            "error": self.words,
        }


def parse_fault(body: dict[str, Any]) -> Fault:
    """A fault from the JSON of the control endpoint. Raises ValueError for an invalid one."""
    unknown = body.keys() - _NAMES
    match = body.get("match") or {}
    words = body.get("error") or {}
    unknown |= (match.keys() - {"method", "path", "nth"}) | (words.keys() - _ERROR_NAMES)
    if unknown:
        raise ValueError(f"unknown field: {min(unknown)}")
    effect = str(body.get("effect"))
    if effect not in EFFECTS:
        raise ValueError(f"effect must be one of {', '.join(sorted(EFFECTS))}")
    nth = int(match.get("nth") or 1)
    method = match.get("method")
    return Fault(
        effect=effect,
        method=method.upper() if method else None,
        path=re.compile(match["path"]) if match.get("path") else None,
        nth=nth,
        times=body.get("times", 1 if "nth" in match else None),
        delay_ms=int(body.get("delay_ms", 3_600_000 if effect == "hang" else 1000)),
        status=int(body.get("status", 502)),
        work=bool(body.get("work", effect in ("slow", "answer_lost"))),
        stored=bool(body.get("stored", False)),
        words={name: str(text) for name, text in words.items()},
    )


class Faults:
    """The active faults; the first one that strikes a request decides."""

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self._cleared = asyncio.Event()

    def pick(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this request, if any."""
        if not self.active:
            return None
        return next((fault for fault in self.active if fault.strikes(method, path)), None)

    def clear(self) -> None:
        """Remove all, and end the requests that hang."""
        self.active.clear()
        self._cleared.set()
        self._cleared = asyncio.Event()

    async def hang(self, fault: Fault) -> None:
        """Wait until the delay ends or the faults are cleared."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._cleared.wait(), fault.delay_ms / 1000)
