"""Group commit: writes that wait at the same moment share one round trip to MongoDB.

Databases do the same with their journals. A thread that comes alone writes at once. While a batch is being written,
the threads that arrive queue up, and the first of them then writes the whole queue. Each write is acknowledged exactly
as if it had been made alone. (Several batches at a time were tried: they are smaller, so the same load cost a quarter
more processor time.)
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class _Waiting(Generic[Item, Outcome]):
    """One item and its outcome; ``batch`` is set when its thread is the one to write."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.batch: list[_Waiting[Item, Outcome]] | None = None
        self.outcome: Outcome | None = None
        self.error: Exception | None = None
        self.woken = threading.Event()


class GroupCommit(Generic[Item, Outcome]):
    """Calls ``write`` with every item that waits; it returns one outcome for each, in order.

    What ``write`` raises is raised in every thread whose item was in the batch.
    """

    def __init__(self, write: Callable[[Sequence[Item]], Sequence[Outcome]]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._queue: list[_Waiting[Item, Outcome]] = []
        self._busy = False

    def __call__(self, item: Item) -> Outcome:
        """Write ``item``, alone or with others, and return its outcome."""
        mine: _Waiting[Item, Outcome] = _Waiting(item)
        with self._lock:
            self._queue.append(mine)
            if not self._busy:
                self._busy = True
                mine.batch, self._queue = self._queue, []
        if mine.batch is None:
            mine.woken.wait()
        if mine.batch is not None:
            self._lead(mine.batch)
        if mine.error is not None:
            raise mine.error
        return mine.outcome  # type: ignore[return-value]

    def _lead(self, batch: list[_Waiting[Item, Outcome]]) -> None:
        """Write a batch, and let a thread that has begun to wait meanwhile write the next."""
        try:
            for waiting, outcome in zip(batch, self._write([w.item for w in batch]), strict=True):
                waiting.outcome = outcome
        except Exception as error:  # noqa: BLE001 - it is raised again in every thread of the batch
            for waiting in batch:
                waiting.error = error
        with self._lock:
            if self._queue:
                successor = self._queue[0]
                successor.batch, self._queue = self._queue, []
                successor.woken.set()
            else:
                self._busy = False
        for waiting in batch:
            waiting.woken.set()
