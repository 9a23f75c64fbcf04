"""The sandbox as a whole: its settings, its objects and its event log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sandbox.core.origin import AUTOMATIC, Origin
from sandbox.core.records import Event, Json, Record
from sandbox.core.settings import Settings
from sandbox.core.store import Store


class Events(Protocol):
    """The event log as the lower layers see it; webhooks/event_log.py implements it."""

    muted: bool
    delivering: bool

    def emit(
        self, event_type: str, snapshot: Json, origin: Origin = AUTOMATIC, previous: Json | None = None
    ) -> Event | None:
        """Write an event with a rendered object; ``previous`` holds the old values of what changed.

        Returns None where nothing was written.
        """

    def emit_record(
        self, event_type: str, record: Record, origin: Origin = AUTOMATIC, previous: Json | None = None
    ) -> None:
        """Write an event with a record as it is now."""

    def elsewhere(self, objects: Store, account: str | None, livemode: bool) -> Events:
        """A log of the objects of a connected account or of live mode, whose events our endpoints get too."""


@dataclass(slots=True)
class Sandbox:
    """All state of one sandbox. A change is a plain function without await, so it is atomic."""

    settings: Settings
    store: Store
    events: Events

    def later(self, seconds: float, change: Callable[[], None]) -> None:
        """Schedule a change; it is lost when the process ends first."""
        asyncio.get_running_loop().call_later(seconds, change)
