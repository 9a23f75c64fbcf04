"""Counts of rate limits in MongoDB, by the connection that everything else uses.

The storage that limits brings for MongoDB opens a connection of its own, and opens it even in order to close it when a
process ends that never counted anything, such as a command.

Uses document.
"""

from __future__ import annotations

from typing import Any, ClassVar

from limits.storage.mongodb import MongoDBStorageBase
from mongoengine import BooleanField, DateTimeField, IntField, StringField
from mongoengine.connection import get_connection, get_db
from pymongo import WriteConcern

from app.models.document import StoredDocument

SCHEME = "paydesk"


class RateLimitWindow(StoredDocument):
    """How many requests of one caller came in this window and in the one before; MongoDB removes it afterwards.

    Only limits reads and writes it.
    """

    key: str = StringField(primary_key=True)
    current_count = IntField(db_field="currentCount")
    previous_count = IntField(db_field="previousCount")
    expires_at = DateTimeField(db_field="expireAt")
    # Whether the latest request was within the limit.
    acquired = BooleanField(db_field="_acquired")

    meta: ClassVar[dict[str, Any]] = {
        "collection": "rate_limit_windows",
        "indexes": [{"name": "expiry", "fields": ["expires_at"], "expireAfterSeconds": 0}],
    }


class SharedMongoStorage(MongoDBStorageBase):
    """The storage behind the address ``paydesk://``; limits finds it by that scheme."""

    STORAGE_SCHEME = [SCHEME]

    def __init__(self, uri: str, **options: Any) -> None:
        super().__init__(uri, window_collection_name=RateLimitWindow._get_collection_name(), **options)

    def _init_mongo_client(self, uri: str | None, **options: int | str | bool) -> Any:  # noqa: ARG002
        return get_connection()

    @property
    def storage(self) -> Any:
        return get_connection()

    @property
    def _database(self) -> Any:
        """Without the journal: a count that is lost with a primary costs nothing, and every request would wait."""
        return get_db().with_options(write_concern=WriteConcern(w=1, j=False))

    def __del__(self) -> None:
        """The connection is not ours to close."""
