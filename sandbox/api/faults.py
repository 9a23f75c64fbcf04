"""Faults on demand: how Stripe or the network can fail. Source: facts §3, §9."""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass
from typing import Any

from sandbox.core.errors import StripeError

# Effects that respond with an error: status, type, code, message, and the value of Stripe-Should-Retry.
_ERRORS: dict[str, tuple[int, str, str | None, str, bool | None]] = {
    "401": (401, "invalid_request_error", None, "Invalid API Key provided: sk_test_****", None),
    "402": (402, "card_error", "card_declined", "Your card was declined.", None),
    "403": (
        403,
        "invalid_request_error",
        None,
        "The provided key does not have the required permissions.",
        None,
    ),
    "409": (409, "invalid_request_error", None, "This object is being changed by another request.", None),
    "429": (429, "invalid_request_error", "rate_limit", "Too many requests hit the API too quickly.", None),
    "500": (500, "api_error", None, "An unknown error occurred.", None),
    "503": (503, "api_error", None, "Stripe is temporarily unavailable.", None),
    "lock_timeout": (
        429,
        "invalid_request_error",
        "lock_timeout",
        "This object cannot be accessed right now: another API request or Stripe process is accessing it.",
        True,
    ),
}
EFFECTS = frozenset({*_ERRORS, "slow", "answer_lost", "garbage", "hang"})
_NAMES = frozenset({"match", "times", "effect", "delay_ms", "status", "work", "stored"})


@dataclass(slots=True, eq=False)
class Fault:
    """One fault. ``times``: how often it strikes, None for no limit; ``nth``: the first matching request it strikes.

    ``work``: the request is processed before its response fails; ``stored``: the idempotency key keeps the error.
    ``delay_ms`` is for slow and hang, ``status`` for garbage.
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
        status, kind, code, text, should_retry = _ERRORS[self.effect]
        extra = {"decline_code": "generic_decline"} if kind == "card_error" else {}
        return StripeError(
            status, text, kind=kind, code=code, stored=self.stored, should_retry=should_retry, **extra
        )

    def to_json(self) -> dict[str, Any]:
        """For the control endpoint."""
        return {
            "effect": self.effect,
            "match": {
                "method": self.method,
                "path": self.path.pattern if self.path else None,
                "nth": self.nth,
            },
            "times": self.times,
            "struck": self.struck,
            "delay_ms": self.delay_ms,
            "status": self.status,
            "work": self.work,
            "stored": self.stored,
        }


def parse_fault(body: dict[str, Any]) -> Fault:
    """A fault from the JSON of the control endpoint. Raises ValueError for an invalid one."""
    unknown = body.keys() - _NAMES
    match = body.get("match") or {}
    unknown |= match.keys() - {"method", "path", "nth"}
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
