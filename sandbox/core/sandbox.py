"""What the endpoints work with: the sandbox as a whole, and one call to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.core.settings import Settings
from sandbox.core.store import Store

if TYPE_CHECKING:
    from sandbox.webhooks.event_log import EventLog


@dataclass(frozen=True, slots=True)
class Origin:
    """The request that caused a change; both are None for what Stripe does by itself (facts §2)."""

    request_id: str | None = None
    idempotency_key: str | None = None


AUTOMATIC = Origin()


@dataclass(slots=True)
class Sandbox:
    """All state of one sandbox. Changes are plain functions between awaits, so each is atomic."""

    settings: Settings
    store: Store
    events: EventLog

    def later(self, seconds: float, change: Callable[[], None]) -> None:
        """Make a change after a while; it is forgotten when the process ends before."""
        asyncio.get_running_loop().call_later(seconds, change)


@dataclass(slots=True)
class Call:
    """One API request whose parameters have been checked.

    ``object_id`` is the id in the path, ``publishable`` says that a browser's key was used.
    """

    sandbox: Sandbox
    params: dict[str, Any]
    object_id: str
    origin: Origin
    publishable: bool
    base_url: str

    @property
    def store(self) -> Store:
        """The objects."""
        return self.sandbox.store
