"""Every index that a document class declares: created by ``flask db indexes``, checked by /readyz.

Uses connection, document, webhooks.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pymongo
from pymongo.errors import OperationFailure

import app.models
from app.models.connection import collection_indexes, raw, unavailable_as_ours
from app.models.document import StoredDocument
from app.models.webhooks.events import WebhookEvent

_DAY_SECONDS = 86_400
_RETENTION = "retention"
_INDEX_NOT_FOUND = 27
# An index on millions of rows takes minutes to create, and the connection gives up after seconds of silence.
_MOST_SECONDS = 3600
# Indexes of earlier releases. Lists were served from ``payments`` then, and each of its writes paid for their keys.
RETIRED = {
    "payments": (
        "status_created",
        "refund_status_created",
        "currency_created",
        "order_created",
        "customer_created",
        "failure_created",
        "three_d_secure_created",
    )
}


class IndexNotCreated(Exception):
    """MongoDB refused an index; the message says which and what to do."""


def document_classes() -> list[type[StoredDocument]]:
    """Every document class of this package, found by importing its modules, so that no list can be incomplete."""
    for module in pkgutil.walk_packages(app.models.__path__, f"{app.models.__name__}."):
        import_module(module.name)
    return sorted(StoredDocument.__subclasses__(), key=_collection)


def missing_indexes() -> list[str]:
    """The indexes that are declared but do not exist, as ``collection.index``. Raises DatabaseUnavailable."""
    return [_label(document, spec) for document, spec in _missing()]


def unique_indexes() -> set[str]:
    """The declared indexes without which the same thing could exist twice, as ``collection.index``."""
    return {
        _label(document, spec)
        for document in document_classes()
        for spec in document._meta["index_specs"]
        if spec.get("unique")
    }


def create_indexes() -> list[str]:
    """Create what is missing and return it; safe to repeat and to run in several processes at once.

    Raises DatabaseUnavailable, and IndexNotCreated where the data or an older index is in the way.
    """
    created = []
    for document, spec in _missing():
        label = _label(document, spec)
        with unavailable_as_ours(), pymongo.timeout(_MOST_SECONDS):
            try:
                raw(document).create_index(spec["fields"], **_options(spec))
            except OperationFailure as error:
                raise IndexNotCreated(f"The index {label} could not be created: {error}") from error
        created.append(label)
    return created


def drop_retired_indexes() -> list[str]:
    """Drop the indexes of earlier releases and return them; safe to repeat. Raises DatabaseUnavailable.

    Only these names: an index that an operator has added is not ours to drop.
    """
    dropped = []
    for document in document_classes():
        collection = _collection(document)
        for name in RETIRED.get(collection, ()):
            if name in collection_indexes(collection):
                with unavailable_as_ours(), _missing_index_allowed():
                    raw(document).drop_index(name)
                dropped.append(f"{collection}.{name}")
    return dropped


@contextmanager
def _missing_index_allowed() -> Iterator[None]:
    """Another process may have dropped it between the look and the drop."""
    try:
        yield
    except OperationFailure as error:
        if error.code != _INDEX_NOT_FOUND:
            raise


def keep_events(days: int) -> bool:
    """Have MongoDB remove events ``days`` after they were finished; True when that is a change.

    Raises DatabaseUnavailable, and IndexNotCreated where MongoDB refuses.
    """
    seconds = days * _DAY_SECONDS
    with unavailable_as_ours():
        try:
            existing = raw(WebhookEvent).index_information().get(_RETENTION)
            if existing is None:
                (spec,) = (s for s in WebhookEvent._meta["index_specs"] if s["name"] == _RETENTION)
                options = {**_options(spec), "expireAfterSeconds": seconds}
                raw(WebhookEvent).create_index(spec["fields"], **options)
                return True
            if existing.get("expireAfterSeconds") == seconds:
                return False
            change = {"name": _RETENTION, "expireAfterSeconds": seconds}
            raw(WebhookEvent).database.command("collMod", _collection(WebhookEvent), index=change)
        except OperationFailure as error:
            raise IndexNotCreated(f"The retention of webhook events could not be set: {error}") from error
    return True


def _missing() -> Iterator[tuple[type[StoredDocument], dict[str, Any]]]:
    for document in document_classes():
        existing = collection_indexes(_collection(document))
        for spec in document._meta["index_specs"]:
            if spec["name"] not in existing:
                yield document, spec


def _label(document: type[StoredDocument], spec: dict[str, Any]) -> str:
    return f"{_collection(document)}.{spec['name']}"


def _options(spec: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in spec.items() if name not in {"fields", "cls"}}


def _collection(document: type[StoredDocument]) -> str:
    return str(document._get_collection_name())
