"""Cursor pagination, newest first. Source: docs.stripe.com/api/pagination; facts §9."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sandbox.core.call import Call
from sandbox.core.errors import invalid
from sandbox.core.records import Json, Record
from sandbox.core.store import Collection, Key, SortedKeys, key_of

R = TypeVar("R", bound=Record)

DEFAULT_LIMIT = 10
MAX_LIMIT = 100
_OLDEST, _NEWEST = -(1 << 62), 1 << 62


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Records, newest first, and whether more follow in the requested direction."""

    records: list[R]
    has_more: bool


def list_page(call: Call, url: str, collection: Collection[R], render: Callable[[R], Json], *filters: str) -> Json:
    """A page of a collection as Stripe writes it, of all records or of those that match an indexed field.

    Where the request names several of ``filters``, the last one counts.
    """
    params, keys = call.params, collection.all
    for name in filters:
        if name in params:
            keys = collection.index(name, params[name])
    return rendered(url, page(collection, [keys], params), render)


def rendered(url: str, content: Page[R], render: Callable[[R], Json]) -> Json:
    """The list object of docs.stripe.com/api/pagination."""
    data = [render(record) for record in content.records]
    return {"object": "list", "data": data, "has_more": content.has_more, "url": url}


def page(
    collection: Collection[R],
    indexes: Sequence[SortedKeys],
    params: dict[str, Any],
    keep: Callable[[R], bool] = lambda _: True,
) -> Page[R]:
    """One page of the records in the indexes, by ``limit``, the cursors and ``created``.

    Raises StripeError for a limit outside 1 to 100, for two cursors, and for a cursor of no record.
    """
    limit = params.get("limit", DEFAULT_LIMIT)
    if not 1 <= limit <= MAX_LIMIT:
        edge = "greater than or equal to 1" if limit < 1 else f"less than or equal to {MAX_LIMIT}"
        raise invalid(f"This value must be {edge}.", param="limit", code="parameter_invalid_integer")
    if "starting_after" in params and "ending_before" in params:
        raise invalid(
            "You may only specify one of these parameters: starting_after, ending_before.",
            param="ending_before",
            code="parameters_exclusive",
        )
    earliest, end = _range(params.get("created", {}))
    lowest: Key = (earliest, 0, "")
    highest: Key = (end, 0, "")
    backwards = "ending_before" in params
    if backwards:
        lowest = max(lowest, _cursor(collection, params, "ending_before"))
        keys = heapq.merge(*(index.oldest_first(lowest, highest) for index in indexes))
    else:
        if "starting_after" in params:
            highest = min(highest, _cursor(collection, params, "starting_after"))
        keys = heapq.merge(*(index.newest_first(highest, lowest) for index in indexes), reverse=True)
    records: list[R] = []
    for key in keys:
        record = collection.by_id[key[2]]
        if keep(record):
            records.append(record)
            if len(records) > limit:
                break
    has_more = len(records) > limit
    records = records[:limit]
    return Page(records[::-1] if backwards else records, has_more)


def _cursor(collection: Collection[R], params: dict[str, Any], name: str) -> Key:
    return key_of(collection.require(params[name], param=name, status=400))


def in_range(second: int, limits: dict[str, int]) -> bool:
    """Whether a time is within ``gt``, ``gte``, ``lt`` and ``lte``."""
    earliest, end = _range(limits)
    return earliest <= second < end


def _range(limits: dict[str, int]) -> tuple[int, int]:
    """The range of seconds: the first is included, the second is not."""
    earliest = max(limits.get("gt", _OLDEST - 1) + 1, limits.get("gte", _OLDEST))
    return earliest, min(limits.get("lt", _NEWEST), limits.get("lte", _NEWEST - 1) + 1)
