"""Every index that a document class declares: created by ``flask db indexes``, asked for by /readyz.

Uses connection, webhooks.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pymongo
from mongoengine import Document
from pymongo.errors import OperationFailure

import app.models
from app.models.connection import collection_indexes, raw, unavailable_as_ours
from app.models.webhooks.events import WebhookEvent

_DAY_SECONDS = 86_400
_RETENTION = "retention"
_INDEX_NOT_FOUND = 27
# An index on millions of rows takes minutes to make, and the connection gives up after seconds of silence.
_LONGEST_SECONDS = 3600
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
    ),
}


class IndexNotMade(Exception):
    """MongoDB refused an index; the message says which and what to do."""


def document_classes() -> list[type[Document]]:
    """Every document class of this package, found by importing its modules, so that no list falls behind."""
    for module in pkgutil.walk_packages(app.models.__path__, f"{app.models.__name__}."):
        import_module(module.name)
    ours = [c for c in Document.__subclasses__() if c.__module__.startswith(f"{app.models.__name__}.")]
    return sorted(ours, key=lambda c: str(c._get_collection_name()))


def missing_indexes() -> list[str]:
    """The indexes that are declared but do not exist, as ``collection.index``. Raises DatabaseUnavailable."""
    return [_label(kind, spec) for kind, spec in _missing()]


def unique_indexes() -> set[str]:
    """The declared indexes without which the same thing could exist twice, as ``collection.index``."""
    return {
        _label(kind, spec)
        for kind in document_classes()
        for spec in kind._meta["index_specs"]
        if spec.get("unique")
    }


def create_indexes() -> list[str]:
    """Create what is missing and return it; safe to repeat and to run in several processes at once.

    Raises DatabaseUnavailable, and IndexNotMade where the data or an older index is in the way.
    """
    made = []
    for kind, spec in _missing():
        label = _label(kind, spec)
        with unavailable_as_ours(), pymongo.timeout(_LONGEST_SECONDS):
            try:
                raw(kind).create_index(spec["fields"], **_options(spec))
            except OperationFailure as error:
                raise IndexNotMade(f"The index {label} could not be made: {error}") from error
        made.append(label)
    return made


def drop_retired_indexes() -> list[str]:
    """Drop the indexes of earlier releases and return them; safe to repeat. Raises DatabaseUnavailable.

    Only these names: an index that an operator has added is not ours to drop.
    """
    dropped = []
    for kind in document_classes():
        collection = _collection(kind)
        for name in RETIRED.get(collection, ()):
            if name in collection_indexes(collection):
                with unavailable_as_ours(), _missing_index_allowed():
                    raw(kind).drop_index(name)
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
    """Have MongoDB remove events ``days`` after they were finished with; True when that is a change.

    Raises DatabaseUnavailable, and IndexNotMade where MongoDB refuses.
    """
    wanted = days * _DAY_SECONDS
    with unavailable_as_ours():
        try:
            kept = raw(WebhookEvent).index_information().get(_RETENTION)
            if kept is None:
                (spec,) = (s for s in WebhookEvent._meta["index_specs"] if s["name"] == _RETENTION)
                options = {**_options(spec), "expireAfterSeconds": wanted}
                raw(WebhookEvent).create_index(spec["fields"], **options)
                return True
            if kept.get("expireAfterSeconds") == wanted:
                return False
            changed = {"name": _RETENTION, "expireAfterSeconds": wanted}
            raw(WebhookEvent).database.command("collMod", _collection(WebhookEvent), index=changed)
        except OperationFailure as error:
            raise IndexNotMade(f"The retention of webhook events could not be set: {error}") from error
    return True


def _missing() -> Iterator[tuple[type[Document], dict[str, Any]]]:
    for kind in document_classes():
        existing = collection_indexes(_collection(kind))
        for spec in kind._meta["index_specs"]:
            if spec["name"] not in existing:
                yield kind, spec


def _label(kind: type[Document], spec: dict[str, Any]) -> str:
    return f"{_collection(kind)}.{spec['name']}"


def _options(spec: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in spec.items() if name not in {"fields", "cls"}}


def _collection(kind: type[Document]) -> str:
    return str(kind._get_collection_name())
