"""Group commit: writes that wait at the same moment share one round trip to MongoDB.

Databases do the same with their journals. Nobody waits for company: a thread that comes alone writes at once. While
one batch is being written the threads that arrive queue up, and the next of them takes the whole queue along. Each
write is acknowledged exactly as if it had been made alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class _Waiting(Generic[Item, Outcome]):
    """One item in the queue, and what became of it."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.outcome: Outcome | None = None
        self.error: Exception | None = None
        self.done = False


class GroupCommit(Generic[Item, Outcome]):
    """Calls ``write`` with every item that waits; it returns one outcome for each, in order.

    What ``write`` raises is raised in every thread whose item was in the batch.
    """

    def __init__(self, write: Callable[[Sequence[Item]], Sequence[Outcome]], *, most: int = 100) -> None:
        self._write = write
        self._most = most
        self._queue: list[_Waiting[Item, Outcome]] = []
        self._queue_lock = threading.Lock()
        self._turn = threading.Lock()

    def __call__(self, item: Item) -> Outcome:
        """Write ``item``, alone or in company, and return its outcome."""
        mine: _Waiting[Item, Outcome] = _Waiting(item)
        with self._queue_lock:
            self._queue.append(mine)
        while not mine.done:
            with self._turn:
                if not mine.done:
                    self._write_batch()
        if mine.error is not None:
            raise mine.error
        return mine.outcome  # type: ignore[return-value]

    def _write_batch(self) -> None:
        with self._queue_lock:
            batch, self._queue = self._queue[: self._most], self._queue[self._most :]
        try:
            for waiting, outcome in zip(batch, self._write([w.item for w in batch]), strict=True):
                waiting.outcome = outcome
        except Exception as error:  # noqa: BLE001 - it is raised again, in every thread that it concerns
            for waiting in batch:
                waiting.error = error
        finally:
            for waiting in batch:
                waiting.done = True
