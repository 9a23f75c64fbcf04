"""State in one SQLite file, written in batches a moment after each change.

SIGTERM writes everything; a kill can lose the last tenth of a second, as a real network could.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from dataclasses import fields
from pathlib import Path
from typing import Any

from sandbox.records import RECORD_TYPES, Event, Record, StoredAnswer
from sandbox.store import Store, key_of

_EVERY_SECONDS = 0.1
_FIELDS = {kind: tuple(field.name for field in fields(record)) for kind, record in RECORD_TYPES.items()}
_Row = tuple[str, str, int, str]


class Database:
    """Keeps a store on disk. Everything runs on one connection, writes in a thread."""

    def __init__(self, path: Path, store: Store) -> None:
        self._store = store
        self._lock = asyncio.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.executescript(
            """
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = NORMAL;
            CREATE TABLE IF NOT EXISTS records (
                kind TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL,
                PRIMARY KEY (kind, id)
            ) WITHOUT ROWID;
            """
        )
        store.keeps_changes = True

    def load(self) -> None:
        """Fill the store with what is on disk."""
        store = self._store
        collections = store.collections()
        for kind, seq, body in self._connection.execute("SELECT kind, seq, body FROM records ORDER BY seq"):
            record = RECORD_TYPES[kind](**json.loads(body))
            store.seq = max(store.seq, seq)
            if isinstance(record, StoredAnswer):
                store.answers[record.id] = record
                continue
            collections[kind].add(record)
            if isinstance(record, Event) and not record.delivered:
                store.undelivered.add(key_of(record))
        # Ids must not repeat those of the run before.
        if store.seed is not None:
            store.random.seed(f"{store.seed}:{store.seq}")

    async def write_forever(self) -> None:
        """Write what has changed, again and again, until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Write what has changed since the last time."""
        async with self._lock:
            changed = self._store.changed
            if not changed:
                return
            self._store.changed = {}
            rows = [_row(record) for record in changed.values() if record is not None]
            gone = [key for key, record in changed.items() if record is None]
            await asyncio.to_thread(self._write, rows, gone)

    async def wipe(self) -> None:
        """Forget everything on disk."""
        async with self._lock:
            self._store.changed = {}
            await asyncio.to_thread(self._delete_all)

    async def close(self) -> None:
        """Write what is left and close the file."""
        await self.flush()
        self._connection.close()

    def _write(self, rows: list[_Row], gone: list[tuple[str, str]]) -> None:
        with self._connection as connection:
            connection.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)", rows)
            connection.executemany("DELETE FROM records WHERE kind = ? AND id = ?", gone)

    def _delete_all(self) -> None:
        with self._connection as connection:
            connection.execute("DELETE FROM records")


def _row(record: Record) -> _Row:
    content: dict[str, Any] = {name: getattr(record, name) for name in _FIELDS[record.KIND]}
    return record.KIND, record.id, record.seq, json.dumps(content)
