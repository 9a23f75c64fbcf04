"""Writes in company: each exactly once, each with its own outcome, nobody left waiting."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.models.write_batching import GroupCommit


class Store:
    """Counts batches, and holds every write until ``gate`` opens."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = threading.Event()
        self.started = threading.Semaphore(0)

    def write(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.started.release()
        assert self.gate.wait(10)
        if -1 in items:
            raise ValueError("the store is away")
        return [item * 2 for item in items]


def test_who_comes_alone_writes_alone_and_at_once() -> None:
    store = Store()
    store.gate.set()
    commit = GroupCommit(store.write)
    assert [commit(1), commit(2)] == [2, 4]
    assert store.batches == [[1], [2]]


def test_who_comes_while_a_batch_is_under_way_shares_the_next() -> None:
    store = Store()
    commit = GroupCommit(store.write)
    with ThreadPoolExecutor(50) as pool:
        first = pool.submit(commit, 0)
        assert store.started.acquire(timeout=10)
        rest = [pool.submit(commit, n) for n in range(1, 50)]
        while len(commit._queue) < len(rest):
            threading.Event().wait(0.01)
        store.gate.set()
        assert [future.result(10) for future in [first, *rest]] == [n * 2 for n in range(50)]
    assert sorted(item for batch in store.batches for item in batch) == list(range(50))
    assert len(store.batches) == 2


def test_a_failure_reaches_everybody_in_the_batch_and_nobody_else() -> None:
    store = Store()
    commit = GroupCommit(store.write)
    with ThreadPoolExecutor(20) as pool:
        first = pool.submit(commit, 3)
        assert store.started.acquire(timeout=10)
        doomed = [pool.submit(commit, n) for n in (-1, 7)]
        while len(commit._queue) < len(doomed):
            threading.Event().wait(0.01)
        store.gate.set()
        assert first.result(10) == 6
        for future in doomed:
            with pytest.raises(ValueError, match="away"):
                future.result(10)
    assert commit(8) == 16


def test_under_load_everything_is_written_exactly_once() -> None:
    written: list[int] = []
    lock = threading.Lock()

    def write(items: Sequence[int]) -> list[int]:
        with lock:
            written.extend(items)
        return list(items)

    commit = GroupCommit(write)
    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(commit, range(5_000))) == list(range(5_000))
    assert sorted(written) == list(range(5_000))
