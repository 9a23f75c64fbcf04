"""Keyset pagination: a page is found by the row that it follows, so page ten thousand costs what the first one does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.cursors import Cursor

Row = dict[str, Any]
# Finds the rows of a query; a list decides here its fields, session and index.
Find = Callable[[Row], Any]
# Where a row lies: the value that the list is sorted by, and the id of the row.
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

    def follows(self, row: Mapping[str, Any], position: Position) -> bool:
        """True for a row that comes after ``position``."""
        at = self.position(row)
        return bool(at > position if self.direction == 1 else at < position)


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list in its order, and where the pages before and after them begin; None where there is none."""

    rows: Sequence[Any]
    previous: Cursor | None
    next: Cursor | None


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


def rows_after(
    find: Find, query: Mapping[str, Any], sorting: Sorting, *, limit: int, after: Position | None = None
) -> list[Row]:
    """Up to ``limit`` rows in order, those after ``after``."""
    rows: list[Row] = []
    for part, keys in beyond(query, sorting, after):
        if len(rows) < limit:
            rows += find(part).sort(keys).limit(limit - len(rows))
    return rows


def page(find: Find, query: Mapping[str, Any], sorting: Sorting, *, limit: int, cursor: Cursor | None = None) -> Page:
    """The page of ``limit`` rows at ``cursor``; without one the first page."""

    def read(by: Sorting, most: int, after: Position | None) -> list[Row]:
        return rows_after(find, query, by, limit=most, after=after)

    return page_by(read, sorting, limit=limit, cursor=cursor)


def page_by(
    read: Callable[[Sorting, int, Position | None], Sequence[Row]],
    sorting: Sorting,
    *,
    limit: int,
    cursor: Cursor | None,
) -> Page:
    """The same where ``read`` finds up to a number of rows in an order after a position."""
    back = cursor is not None and cursor.back
    by = sorting.reversed if back else sorting
    # One row more than the page has says whether another page follows.
    rows = list(read(by, limit + 1, (cursor.value, cursor.row_id) if cursor else None))
    more, rows = len(rows) > limit, rows[:limit]
    if not rows:
        return Page([], None, None)
    has_previous, has_next = (more, True) if back else (cursor is not None, more)
    rows = rows[::-1] if back else rows
    return Page(
        rows,
        Cursor(*sorting.position(rows[0]), back=True) if has_previous else None,
        Cursor(*sorting.position(rows[-1])) if has_next else None,
    )


def stream(
    find: Find, query: Mapping[str, Any], sorting: Sorting, *, after: Position | None = None, batch: int = _BATCH
) -> Iterator[Row]:
    """All rows in order, those after ``after``, read page by page as they are taken.

    What lists are sorted by never changes, so a row that changes meanwhile is neither left out nor repeated; and no
    cursor of the database is held open for a reader who is slow.
    """
    while rows := rows_after(find, query, sorting, limit=batch, after=after):
        yield from rows
        if len(rows) < batch:
            return
        after = sorting.position(rows[-1])
