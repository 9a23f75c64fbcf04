"""Lists as they should be: the stored rows, with what has changed since put in its place.

The worker writes rows soon after payments change. Whoever looks before that reads the stored rows and the changed
payments of one moment, and loses no time by writing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from bson import ObjectId

from app.models.connection import Snapshot
from app.models.listing import payments as payment_list
from app.models.listing.payments import Order, Position, Row, RowFilter


@dataclass(frozen=True, slots=True)
class ChangedRows:
    """A list at one moment. ``stale`` rows are stored for it but have changed; ``fresh`` ones are theirs and new."""

    where: RowFilter
    session: Snapshot
    stale: list[Row]
    fresh: list[Row]

    @classmethod
    def of(cls, where: RowFilter, session: Snapshot, pairs: Iterable[tuple[Row | None, Row]]) -> Self:
        """From every changed payment's row as it is stored (None for a new one) and as it should be."""
        stale, fresh = [], []
        for before, after in pairs:
            if before and where.matches(before):
                stale.append(before)
            if where.matches(after):
                fresh.append(after)
        return cls(where, session, stale, fresh)

    def page(
        self, order: Order, *, limit: int, after: Position | None = None, backwards: bool = False
    ) -> list[Row]:
        """Rows in order, those after ``after``; ``backwards`` those before it. Raises DatabaseUnavailable."""
        by = payment_list.sorting(self.where, order)
        by = by.reversed if backwards else by
        place = (after[0], ObjectId(after[1])) if after else None
        stale, fresh = (
            [row for row in rows if place is None or by.follows(row, place)]
            for rows in (self.stale, self.fresh)
        )
        stored = payment_list.page(
            self.where,
            order,
            limit=limit,
            after=after,
            backwards=backwards,
            session=self.session,
            without={row["_id"] for row in stale},
        )
        found = stored + fresh
        found = sorted(found, key=by.position, reverse=by.direction == -1)[:limit]
        return found[::-1] if backwards else found

    def count(self, *, most: int) -> int:
        """How many rows there are, but not more than ``most``. Raises DatabaseUnavailable."""
        stored = payment_list.count(self.where, most=most + len(self.stale), session=self.session)
        return min(most, stored - len(self.stale) + len(self.fresh))
