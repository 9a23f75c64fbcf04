"""Starts a real MongoDB without installing one: mongod processes on loopback, as a replica set.

    with EmbeddedMongo(Path(".data/mongo")) as mongo:
        print(mongo.uri)

Each member has its own data folder. A member is stopped only by the process id that it was started with.
A single node is a replica set too, because transactions and majority writes need one.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from tooling import process
from tooling.mongo.errors import MongoUnavailable
from tooling.mongo.node import REPLICA_SET, Node, find_binary

READY_SECONDS = 60
_NOT_YET_INITIALIZED = 94


class EmbeddedMongo:
    """A replica set of ``nodes`` mongod processes.

    Without ``dbpath`` the data is in a temporary folder that ``stop`` removes. Each node caches up to ``cache_gb`` GB.
    """

    def __init__(
        self,
        dbpath: Path | None = None,
        *,
        nodes: int = 1,
        database: str = "paydesk",
        binary: Path | None = None,
        cache_gb: float = 0.5,
    ) -> None:
        binary = binary or find_binary()
        self._temporary = dbpath is None
        self.dbpath = (dbpath or Path(tempfile.mkdtemp(prefix="paydesk-mongo-"))).resolve()
        self.database = database
        ports = _ports(self.dbpath, nodes)
        folders = [self.dbpath] if nodes == 1 else [self.dbpath / f"node{n}" for n in range(nodes)]
        self.nodes = [Node(binary, folder, p, cache_gb) for folder, p in zip(folders, ports, strict=True)]

    @property
    def uri(self) -> str:
        """The address for MONGODB_URI."""
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
                raise MongoUnavailable(f"mongod in {self.dbpath} refused a command: {error}") from error
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
        """The node that accepts writes at present."""
        for node in self.nodes:
            if node.process is not None and (_hello(node) or {}).get("isWritablePrimary"):
                return node
        return None

    def wait_for_primary(self, deadline: float | None = None) -> Node:
        """Wait until a node accepts writes; ``deadline`` is a time.monotonic(). Raises MongoUnavailable."""
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
        """Create the replica set on the first start. An existing set keeps its members."""
        for node in self.nodes:
            while _hello(node) is None:
                self._check(deadline)
                time.sleep(0.05)
        members = [{"_id": n, "host": node.address} for n, node in enumerate(self.nodes)]
        with _client(self.nodes[0]) as client:
            # Read from the data: replSetGetStatus reports no set also while mongod still loads an existing one.
            config = client.local["system.replset"].find_one({})
            if config is None:
                client.admin.command(
                    "replSetInitiate",
                    # Nodes on one machine notice a failure at once; the default of ten seconds is for networks.
                    {"_id": REPLICA_SET, "members": members, "settings": {"electionTimeoutMillis": 2000}},
                )
            elif [member["host"] for member in config["members"]] != [node.address for node in self.nodes]:
                # Another program has taken a port of the last run.
                self._move(client, {**config, "version": config["version"] + 1, "members": members}, deadline)

    def _move(self, client: MongoClient[dict[str, Any]], config: dict[str, Any], deadline: float) -> None:
        """Give the set its new addresses, as soon as mongod has loaded the old ones."""
        while True:
            try:
                client.admin.command("replSetReconfig", config, force=True)
                return
            except OperationFailure as error:
                if error.code != _NOT_YET_INITIALIZED or time.monotonic() > deadline:
                    raise
            self._check(deadline)
            time.sleep(0.1)

    def _check(self, deadline: float) -> None:
        for node in self.nodes:
            if (failure := node.failure()) is not None:
                raise failure
        if time.monotonic() > deadline:
            raise MongoUnavailable(
                f"mongod did not become primary within {READY_SECONDS} s; see {self.nodes[0].log_path}."
            )


def _ports(dbpath: Path, nodes: int) -> list[int]:
    """The ports of the last run where they are free, because a replica set identifies its members by address."""
    dbpath.mkdir(parents=True, exist_ok=True)
    file = dbpath / "ports"
    ports = [int(word) for word in file.read_text().split()] if file.exists() else []
    if ports and len(ports) != nodes:
        raise MongoUnavailable(f"{dbpath} holds a replica set of {len(ports)} nodes, not {nodes}.")
    if not ports or not all(process.port_is_free(port) for port in ports):
        ports = [process.free_port() for _ in range(nodes)]
        file.write_text(" ".join(map(str, ports)))
    return ports


def _client(node: Node) -> MongoClient[dict[str, Any]]:
    return MongoClient(
        node.address, directConnection=True, serverSelectionTimeoutMS=500, connectTimeoutMS=500, socketTimeoutMS=5000
    )


def _hello(node: Node) -> dict[str, Any] | None:
    try:
        with _client(node) as client:
            return dict(client.admin.command("hello"))
    except PyMongoError:
        return None
