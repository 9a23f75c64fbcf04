"""State in one SQLite file, written in batches shortly after each change.

SIGTERM writes everything; SIGKILL can lose the last tenth of a second, as a real network could.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from dataclasses import fields
from pathlib import Path
from typing import Any

from sandbox.core.records import RECORD_TYPES, Event, Record, StoredResponse
from sandbox.core.store import Store, key_of

_FLUSH_SECONDS = 0.1
_BATCH = 5000
_FIELDS = {kind: tuple(field.name for field in fields(record)) for kind, record in RECORD_TYPES.items()}
_Row = tuple[str, str, int, str]


class Database:
    """Keeps a store on disk. Everything runs on one connection; writes run in a thread."""

    def __init__(self, path: Path, store: Store) -> None:
        self._store = store
        self._lock = asyncio.Lock()
        self._closing = asyncio.Event()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.executescript(
            """
            PRAGMA journal_mode = WAL;
            -- Killing this process loses nothing that was written; a power failure may, which is fine here.
            PRAGMA synchronous = OFF;
            PRAGMA cache_size = -65536;
            CREATE TABLE IF NOT EXISTS records (
                kind TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL,
                PRIMARY KEY (kind, id)
            ) WITHOUT ROWID;
            """
        )
        store.tracks_changes = True

    def load(self) -> None:
        store = self._store
        collections = store.collections()
        for kind, seq, body in self._connection.execute("SELECT kind, seq, body FROM records ORDER BY seq"):
            record = RECORD_TYPES[kind](**json.loads(body))
            store.seq = max(store.seq, seq)
            if isinstance(record, StoredResponse):
                store.responses[record.id] = record
                continue
            collections[kind].add(record)
            if isinstance(record, Event) and not record.delivered:
                store.undelivered.add(key_of(record))
        # Ids must not repeat those of the previous run.
        if store.seed is not None:
            store.random.seed(f"{store.seed}:{store.seq}")

    async def write_forever(self) -> None:
        """Write all changes periodically until ``close``."""
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), _FLUSH_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Write the changes since the last flush, in batches so that requests are served in between."""
        async with self._lock:
            changed, self._store.changed = self._store.changed, {}
            items = list(changed.items())
            for start in range(0, len(items), _BATCH):
                batch = items[start : start + _BATCH]
                rows = [_row(record) for _, record in batch if record is not None]
                deleted = [key for key, record in batch if record is None]
                await asyncio.to_thread(self._write, rows, deleted)

    async def wipe(self) -> None:
        async with self._lock:
            self._store.changed.clear()
            await asyncio.to_thread(self._delete_all)

    async def close(self, writing: asyncio.Task[None]) -> None:
        """Stop ``write_forever``, write the remaining changes, and close the file."""
        self._closing.set()
        await writing
        await self.flush()
        self._connection.close()

    def _write(self, rows: list[_Row], deleted: list[tuple[str, str]]) -> None:
        with self._connection as connection:
            connection.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)", rows)
            connection.executemany("DELETE FROM records WHERE kind = ? AND id = ?", deleted)

    def _delete_all(self) -> None:
        with self._connection as connection:
            connection.execute("DELETE FROM records")


def _row(record: Record) -> _Row:
    content: dict[str, Any] = {name: getattr(record, name) for name in _FIELDS[record.KIND]}
    return record.KIND, record.id, record.seq, json.dumps(content)
