"""One place connects to MongoDB and turns the driver's failures into ours.

Writes wait for a majority and the journal, so that nothing we acknowledge can be rolled back (DESIGN section 4).

Uses driver_events.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mongoengine
from mongoengine.connection import get_connection, get_db
from pymongo.client_session import ClientSession
from pymongo.errors import (
    AutoReconnect,
    ConnectionFailure,
    NetworkTimeout,
    NotPrimaryError,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WTimeoutError,
)

from app.errors import DatabaseUnavailable
from app.models.driver_events import CommandWatch, PoolWatch, Watcher

# Subclasses of PyMongoError that say "not now" rather than "not so".
UNAVAILABLE = (
    AutoReconnect,
    ConnectionFailure,
    NetworkTimeout,
    NotPrimaryError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WTimeoutError,
)


def connect(uri: str, watcher: Watcher | None = None) -> None:
    """Register the connection; the driver dials on first use, so MongoDB may come up later than we do.

    ``watcher`` is told of every command and connection.
    """
    mongoengine.disconnect()
    mongoengine.connect(
        host=uri,
        uuidRepresentation="standard",
        tz_aware=True,
        w="majority",
        journal=True,
        retryWrites=True,
        serverSelectionTimeoutMS=3_000,
        connectTimeoutMS=3_000,
        socketTimeoutMS=15_000,
        waitQueueTimeoutMS=5_000,
        maxPoolSize=128,
        appname="paydesk",
        event_listeners=[CommandWatch(watcher), PoolWatch(watcher)] if watcher else [],
    )


def ping() -> None:
    """Raise DatabaseUnavailable unless a primary answers."""
    with unavailable_as_ours():
        hello = get_connection().admin.command("hello")
    if not hello.get("isWritablePrimary"):
        raise DatabaseUnavailable("MongoDB answers but has no writable primary just now.")


def collection_indexes(name: str) -> set[str]:
    """Names of the indexes that exist on a collection."""
    with unavailable_as_ours():
        return set(get_db()[name].index_information())


# What reads take to see one moment; services pass it on and know no more of it.
Snapshot = ClientSession


@contextmanager
def snapshot() -> Iterator[Snapshot]:
    """A session whose reads all see the same moment, so that several collections fit together."""
    with unavailable_as_ours(), get_connection().start_session(snapshot=True) as session:
        yield session


@contextmanager
def unavailable_as_ours() -> Iterator[None]:
    """Raise DatabaseUnavailable for every driver failure that means that MongoDB is away."""
    try:
        yield
    except UNAVAILABLE as error:
        raise DatabaseUnavailable from error


def is_unavailable(error: BaseException) -> bool:
    """True when a driver error means that MongoDB is away and not that we asked for something wrong."""
    if isinstance(error, UNAVAILABLE):
        return True
    return isinstance(error, PyMongoError) and bool(error.has_error_label("RetryableWriteError"))


def raw(document: type[mongoengine.Document]) -> Any:
    """The pymongo collection behind a document class, for hot paths and conditional updates."""
    return document._get_collection()
