"""Lists that include the latest changes: the stored rows, with the rows of changed payments in their place.

The worker writes rows soon after payments change. A list that is read before that takes the stored rows and the changed
payments of one moment, and loses no time by writing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from bson import ObjectId

from app.cursors import Cursor
from app.models.connection import Snapshot
from app.models.listing import payments as payment_list
from app.models.listing.payments import PaymentFilter, SortOrder
from app.models.pagination import Page, Position, Row, Sorting, page_by


@dataclass(frozen=True, slots=True)
class Overlay:
    """A list at one moment. ``stale`` rows are stored for it but have changed; ``fresh`` ones are theirs and new."""

    where: PaymentFilter
    session: Snapshot
    stale: list[Row]
    fresh: list[Row]

    @classmethod
    def of(cls, where: PaymentFilter, session: Snapshot, pairs: Iterable[tuple[Row | None, Row]]) -> Self:
        """From every changed payment's row as it is stored (None for a new one) and as it should be."""
        stale, fresh = [], []
        for before, after in pairs:
            if before and where.matches(before):
                stale.append(before)
            if where.matches(after):
                fresh.append(after)
        return cls(where, session, stale, fresh)

    def page(self, order: SortOrder, *, limit: int, cursor: Cursor | None = None) -> Page:
        """The page of ``limit`` rows at ``cursor``. Raises DatabaseUnavailable."""

        def read(by: Sorting, most: int, after: Position | None) -> list[Row]:
            return self._rows(order, by, most, (after[0], ObjectId(after[1])) if after else None)

        return page_by(read, payment_list.sorting(self.where, order), limit=limit, cursor=cursor)

    def count(self, *, most: int) -> int:
        """How many rows there are, but not more than ``most``. Raises DatabaseUnavailable."""
        stored = payment_list.count(self.where, most=most + len(self.stale), session=self.session)
        return min(most, stored - len(self.stale) + len(self.fresh))

    def _rows(self, order: SortOrder, by: Sorting, limit: int, after: Position | None) -> list[Row]:
        stale, fresh = (
            [row for row in rows if after is None or by.follows(row, after)] for rows in (self.stale, self.fresh)
        )
        stored = payment_list.rows_after(
            self.where, order, by, limit=limit, after=after, session=self.session, without={row["_id"] for row in stale}
        )
        return sorted(stored + fresh, key=by.position, reverse=by.direction == -1)[:limit]
