"""The driver's commands and connections, reported to a watcher."""

from __future__ import annotations

from typing import Any, Protocol

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
    ConnectionPoolListener,
)

_MICROSECONDS = 1_000_000


class Watcher(Protocol):
    """Is called in the thread that does the work, so it must be quick and must not raise."""

    def command_ended(self, command: str, seconds: float, *, failed: bool) -> None:
        """A command, by MongoDB's name for it, was answered or failed."""

    def connections_changed(self, state: str, by: int) -> None:
        """There are ``by`` connections more (or less) that are ``open`` or ``in_use``."""


class CommandWatch(CommandListener):
    """Reports how long each command took."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def started(self, event: CommandStartedEvent) -> None:
        """Nothing to report yet."""

    def succeeded(self, event: CommandSucceededEvent) -> None:
        self._watcher.command_ended(event.command_name, event.duration_micros / _MICROSECONDS, failed=False)

    def failed(self, event: CommandFailedEvent) -> None:
        self._watcher.command_ended(event.command_name, event.duration_micros / _MICROSECONDS, failed=True)


class PoolWatch(ConnectionPoolListener):
    """Reports how many connections there are and how many are in use."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def connection_created(self, _: Any) -> None:
        self._watcher.connections_changed("open", 1)

    def connection_closed(self, _: Any) -> None:
        self._watcher.connections_changed("open", -1)

    def connection_checked_out(self, _: Any) -> None:
        self._watcher.connections_changed("in_use", 1)

    def connection_checked_in(self, _: Any) -> None:
        self._watcher.connections_changed("in_use", -1)

    # The other events do not change how many there are.
    def pool_created(self, _: Any) -> None: ...
    def pool_ready(self, _: Any) -> None: ...
    def pool_cleared(self, _: Any) -> None: ...
    def pool_closed(self, _: Any) -> None: ...
    def connection_ready(self, _: Any) -> None: ...
    def connection_check_out_started(self, _: Any) -> None: ...
    def connection_check_out_failed(self, _: Any) -> None: ...
