from __future__ import annotations

from collections.abc import Iterator

import mongoengine
import mongomock
import pytest


@pytest.fixture(autouse=True)
def database() -> Iterator[None]:
    """An empty database in memory."""
    mongoengine.disconnect()
    mongoengine.connect(
        "paydesk",
        host="mongodb://memory.invalid",
        mongo_client_class=mongomock.MongoClient,
        uuidRepresentation="standard",
        tz_aware=True,
    )
    yield
    mongoengine.disconnect()
