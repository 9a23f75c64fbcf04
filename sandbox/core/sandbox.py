"""The sandbox as a whole: its settings, its objects, and the log that records what happens to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sandbox.core.origin import AUTOMATIC, Origin
from sandbox.core.records import Json, Record
from sandbox.core.settings import Settings
from sandbox.core.store import Store


class Events(Protocol):
    """What the rest of the sandbox needs of the event log, which is webhooks/event_log.py."""

    muted: bool
    delivering: bool

    def emit(
        self, event_type: str, snapshot: Json, origin: Origin = AUTOMATIC, previous: Json | None = None
    ) -> None:
        """Write an event with a rendered object; ``previous`` holds the old values of what changed."""

    def emit_record(
        self, event_type: str, record: Record, origin: Origin = AUTOMATIC, previous: Json | None = None
    ) -> None:
        """Write an event with a record as it is now."""


@dataclass(slots=True)
class Sandbox:
    """All state of one sandbox. Changes are plain functions between awaits, so each is atomic."""

    settings: Settings
    store: Store
    events: Events

    def later(self, seconds: float, change: Callable[[], None]) -> None:
        """Schedule a change; it is lost when the process ends first."""
        asyncio.get_running_loop().call_later(seconds, change)
