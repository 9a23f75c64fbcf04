"""Exports lists and figures as files. Each is audited twice: before the first byte is sent, and at its end."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

import structlog

from app.errors import PaydeskError
from app.models.listing.disputes import DisputeFilter
from app.models.listing.payments import PaymentFilter, SortOrder
from app.models.listing.refunds import RefundFilter
from app.services import audit
from app.services.audit import Action
from app.services.exports import columns
from app.services.exports.files import Table, csv_chunks, workbook
from app.services.figures.report import Analytics, FiguresQuery
from app.services.listing import Listings

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Who exports which file, with the filter of the address."""

    actor: str
    file: str
    filter: Mapping[str, str]


class Exports:
    """Reads the data of an export and writes its file."""

    def __init__(self, listings: Listings, analytics: Analytics) -> None:
        self._listings = listings
        self._analytics = analytics

    def payments(self, where: PaymentFilter, order: SortOrder) -> Table:
        """The list of payments. Raises ValidationFailed, FiguresNotReady, DatabaseUnavailable."""
        rows = self._listings.stream_payments(where, order)
        return columns.payments(rows, self._listings.zone)

    def refunds(self, where: RefundFilter) -> Table:
        """The list of refunds."""
        return columns.refunds(self._listings.stream_children(where), self._listings.zone)

    def disputes(self, where: DisputeFilter) -> Table:
        """The list of disputes."""
        return columns.disputes(self._listings.stream_children(where), self._listings.zone)

    def figures(self, query: FiguresQuery) -> dict[str, Table]:
        """Every table of the figures by its name, from one reading."""
        report = self._analytics.report(query)
        return {name: table(report) for name, table in columns.FIGURES.items()}

    def as_csv(self, table: Table, receipt: Receipt) -> Generator[bytes, None, None]:
        """The file, piece by piece. A failure raises while streaming: the server then aborts the connection, so that a
        partial file never looks complete. Early failures raise here, before anything is sent.
        """
        _begin(receipt)
        pieces = self._pieces(table, receipt)
        first = next(pieces)
        return _after(first, pieces)

    def as_xlsx(self, tables: Sequence[Table], receipt: Receipt) -> IO[bytes]:
        """The workbook as a temporary file, complete before the first byte is sent."""
        _begin(receipt)
        rows, complete = 0, False
        try:
            file, rows = workbook(tables)
            complete = True
        finally:
            _end(receipt, rows, complete=complete)
        return file

    @staticmethod
    def _pieces(table: Table, receipt: Receipt) -> Generator[bytes, None, None]:
        rows, complete = 0, False
        try:
            for piece, more in csv_chunks(table):
                rows += more
                yield piece
            complete = True
        finally:
            _end(receipt, rows, complete=complete)


def _after(first: bytes, rest: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
    try:
        yield first
        yield from rest
    finally:
        rest.close()


def _begin(receipt: Receipt) -> None:
    """Audit the start, without which nothing is sent. Raises DatabaseUnavailable."""
    details = {"filter": dict(receipt.filter)}
    audit.append(Action.EXPORT_STARTED, actor=receipt.actor, target=receipt.file, details=details)


def _end(receipt: Receipt, rows: int, *, complete: bool) -> None:
    details = {"filter": dict(receipt.filter), "rows": rows, "complete": complete}
    try:
        audit.append(Action.EXPORTED, actor=receipt.actor, target=receipt.file, details=details)
    except PaydeskError:
        # The start is audited; the result of the file itself must not change any more.
        _log.exception("export_end_not_logged", file=receipt.file, rows=rows, complete=complete)
