"""One mongod for a whole test run, whichever of pytest's processes needs it first.

A mongod for each worker would take memory and time for nothing: databases separate the workers well enough. The
folder of the run is named by pytest's first process, which also stops what was started, when all workers have ended.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pymongo.database import Database

from tooling import process
from tooling.mongo.embedded import EmbeddedMongo

_PREFIX = "paydesk-tests-"
_STOP_SECONDS = 20
_YOUNG_SECONDS = 60
# Processes that this process started; kept so that their objects are not collected while they run.
_started: list[EmbeddedMongo] = []


def begin_run() -> Path:
    """Make the folder of this run, and clear away what a run that was killed left behind."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if _is_abandoned(left):
            end_run(left)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    process.record(folder / "owner.pid", os.getpid())
    return folder


def end_run(folder: Path) -> None:
    """Stop the mongod of a run, when it has one, and remove the folder."""
    for mongo in _started:
        mongo.stop()
    _started.clear()
    process.end(folder / "mongo" / "paydesk.pid", _STOP_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)


def shared_uri(folder: Path, database: str) -> str:
    """The address of ``database`` on the mongod of this run, which is started at the first call."""
    with _locked(folder / "start.lock"):
        address = folder / "address"
        if not address.exists():
            mongo = EmbeddedMongo(folder / "mongo", database="DATABASE").start()
            _started.append(mongo)
            address.write_text(mongo.uri)
        return address.read_text().replace("DATABASE", database)


def empty(database: Database[dict[str, Any]]) -> None:
    """Remove every document. To count is quicker than to delete nothing, which also waits for the journal."""
    for name in database.list_collection_names():
        if database[name].estimated_document_count():
            database[name].delete_many({})


def _is_abandoned(folder: Path) -> bool:
    """True for a folder of ours whose run is dead; a young one may not have written down yet who it belongs to."""
    try:
        found = folder.stat()
    except FileNotFoundError:
        return False
    if found.st_uid != os.getuid() or time.time() - found.st_mtime < _YOUNG_SECONDS:
        return False
    return process.survivor(folder / "owner.pid") is None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
