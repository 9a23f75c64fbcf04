"""Pages of a list by the place where the last one ended, so that page ten thousand costs what the first one does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
# Where a page ended: the value that the list is sorted by, and the id of the row.
Position = tuple[Any, Any]
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Sorting:
    """A field, the id to tell equals apart, and the direction of both."""

    field: str
    direction: int

    @property
    def reversed(self) -> Sorting:
        """The same list from its end."""
        return Sorting(self.field, -self.direction)

    @property
    def keys(self) -> list[tuple[str, int]]:
        return [(self.field, self.direction), ("_id", self.direction)]

    def position(self, row: Mapping[str, Any]) -> Position:
        """Where a row lies."""
        return row[self.field], row["_id"]

    def follows(self, row: Mapping[str, Any], place: Position) -> bool:
        """True for a row that comes after ``place``."""
        at = self.position(row)
        return bool(at > place if self.direction == 1 else at < place)


def beyond(
    query: Mapping[str, Any], sorting: Sorting, after: Position | None
) -> list[tuple[Row, list[tuple[str, int]]]]:
    """The queries that together, one after the other, find what follows ``after``; each with what it is sorted by.

    First the rest of those with the same value, then those beyond it: with one query for both, every row of a common
    value (ten thousand payments of 9.99) would be looked at again on each of their pages. Those with the same value are
    sorted by id alone, for MongoDB would sort them in memory if the value were named.
    """
    if after is None:
        return [(dict(query), sorting.keys)]
    value, last_id = after
    past = "$gt" if sorting.direction == 1 else "$lt"
    same: Row = {sorting.field: value, "_id": {past: last_id}}
    return [
        ({"$and": [query, same]}, sorting.keys[1:]),
        ({"$and": [query, {sorting.field: {past: value}}]}, sorting.keys),
    ]


def page(
    rows: Any, query: Mapping[str, Any], sorting: Sorting, *, limit: int, after: Position | None = None
) -> list[Row]:
    """Up to ``limit`` rows of the collection ``rows`` in order, those after ``after``."""
    found: list[Row] = []
    for part, keys in beyond(query, sorting, after):
        if len(found) < limit:
            found += rows.find(part).sort(keys).limit(limit - len(found))
    return found


def stream(rows: Any, query: Mapping[str, Any], sorting: Sorting) -> Iterator[Row]:
    """All rows in order, read page by page as they are taken.

    What lists are sorted by never changes, so a row that changes meanwhile is neither left out nor repeated; and no
    cursor of the database is held open for a reader who is slow.
    """
    after: Position | None = None
    while found := page(rows, query, sorting, limit=_BATCH, after=after):
        yield from found
        if len(found) < _BATCH:
            return
        after = sorting.position(found[-1])
