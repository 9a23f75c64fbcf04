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
from mongoengine.errors import OperationError
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

# Subclasses of PyMongoError that mean "not now" rather than "never".
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

    ``watcher`` is notified of every command and connection.
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


# The session in which reads see one moment; services only pass it on.
Snapshot = ClientSession


@contextmanager
def snapshot() -> Iterator[Snapshot]:
    """A session whose reads all see the same moment, so that several collections fit together."""
    with unavailable_as_ours(), get_connection().start_session(snapshot=True) as session:
        yield session


@contextmanager
def unavailable_as_ours() -> Iterator[None]:
    """Raise DatabaseUnavailable for every failure of the driver that means that MongoDB is away."""
    try:
        yield
    except UNAVAILABLE as error:
        raise DatabaseUnavailable from error
    except OperationError as error:
        if isinstance(_cause(error), UNAVAILABLE):
            raise DatabaseUnavailable from error
        raise


def is_unavailable(error: BaseException) -> bool:
    """True when an error means that MongoDB is away and not that we asked for something wrong."""
    cause = _cause(error)
    if isinstance(cause, UNAVAILABLE):
        return True
    return isinstance(cause, PyMongoError) and bool(cause.has_error_label("RetryableWriteError"))


def _cause(error: BaseException) -> BaseException | None:
    """The driver's own error, where MongoEngine has put one of its own in front."""
    return error.__context__ if isinstance(error, OperationError) else error


def raw(document: type[mongoengine.Document]) -> Any:
    """The pymongo collection behind a document class.

    Only for what ``objects`` cannot do, or does too slowly by a measurement that the caller names.
    """
    return document._get_collection()
