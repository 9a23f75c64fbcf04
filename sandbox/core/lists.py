"""Cursor pagination, newest first. Source: docs.stripe.com/api/pagination; facts §9."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sandbox.core.errors import invalid, missing
from sandbox.core.records import Record
from sandbox.core.store import Collection, Key, Order, key_of

R = TypeVar("R", bound=Record)

DEFAULT_LIMIT = 10
MAX_LIMIT = 100
_OLDEST: Key = (-(1 << 62), 0, "")
_NEWEST: Key = (1 << 62, 0, "")


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Records, newest first, and whether more follow in the direction that was asked for."""

    records: list[R]
    has_more: bool


def page(
    collection: Collection[R],
    orders: Sequence[Order],
    params: dict[str, Any],
    keep: Callable[[R], bool] = lambda _: True,
) -> Page[R]:
    """One page of the records in the given orders, by ``limit``, the cursors and ``created``.

    Raises StripeError for a limit outside 1 to 100, for two cursors, and for a cursor that names nothing.
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
    lowest, highest = _bounds(params.get("created", {}))
    backwards = "ending_before" in params
    if backwards:
        lowest = max(lowest, _cursor(collection, params, "ending_before"))
        keys = heapq.merge(*(order.oldest_first(lowest, highest) for order in orders))
    else:
        if "starting_after" in params:
            highest = min(highest, _cursor(collection, params, "starting_after"))
        keys = heapq.merge(*(order.newest_first(highest, lowest) for order in orders), reverse=True)
    found: list[R] = []
    for key in keys:
        record = collection.by_id[key[2]]
        if keep(record):
            found.append(record)
            if len(found) > limit:
                break
    has_more = len(found) > limit
    found = found[:limit]
    return Page(found[::-1] if backwards else found, has_more)


def _cursor(collection: Collection[R], params: dict[str, Any], name: str) -> Key:
    record = collection.get(params[name])
    if record is None:
        raise missing(collection.noun, params[name], param=name, status=400)
    return key_of(record)


def _bounds(created: dict[str, int]) -> tuple[Key, Key]:
    """The keys between which records lie: from the first included, to the second not included."""
    lowest, highest = _OLDEST, _NEWEST
    if "gt" in created:
        lowest = max(lowest, (created["gt"] + 1, 0, ""))
    if "gte" in created:
        lowest = max(lowest, (created["gte"], 0, ""))
    if "lt" in created:
        highest = min(highest, (created["lt"], 0, ""))
    if "lte" in created:
        highest = min(highest, (created["lte"] + 1, 0, ""))
    return lowest, highest
