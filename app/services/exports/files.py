"""Tables as files: streamed CSV and Excel workbooks, both written row by row in bounded memory.

The type of a cell follows from its value: text, a whole or decimal number, an aware time (UTC) or a naive one (the wall
clock of the dashboard's zone). Only text can come from outside, and only text is made harmless.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import IO, Any

import xlsxwriter  # type: ignore[import-untyped]

from app.errors import ValidationFailed

Cell = str | int | float | Decimal | datetime | None
MOST_SHEET_ROWS = 1_048_575
# Excel reads a file as UTF-8 only with this mark at its start; without it, names are garbled. Programs skip the mark
# ("utf-8-sig"), but the people who open these files use Excel.
MARK = "\ufeff"
_LONGEST_TEXT = 32_767
_ROWS_IN_CHUNK = 200
# Characters that start a formula in a spreadsheet (OWASP, "CSV Injection"), with their full-width forms.
_SIGNS = r"=+@\-\uff1d\uff0b\uff0d\uff20"
# A cell may start at the start of the text and after every separator of cells or rows that some spreadsheet uses. In
# decimal-comma locales, Excel splits at semicolons even within quotes. Spaces and quotes before a sign do not count.
_BEGINS_AS_FORMULA = re.compile(
    rf"""\A(?=[\s"']*[{_SIGNS}\t\r\n])|(?<=[;|\t\r\n])(?=(?:[^\S\t\r\n]|["'])*[{_SIGNS}])"""
)
_TIME_FORMAT = "yyyy-mm-dd hh:mm:ss"
_WIDTHS = {"_utc": 19, "_local": 19, "_id": 26, "description": 32, "meaning": 60}


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows, which are read while they are written."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def csv_chunks(table: Table) -> Iterator[tuple[bytes, int]]:
    """The table as CSV (RFC 4180, UTF-8 with a mark), piece by piece, each with its number of rows."""
    buffer = io.StringIO()
    # Every cell is quoted, so that a semicolon in a text starts no new cell where semicolons separate cells too.
    writer = csv.writer(buffer, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    buffer.write(MARK)
    writer.writerow(table.columns)
    waiting = 0
    for row in table.rows:
        writer.writerow([as_text(cell) for cell in row])
        waiting += 1
        if waiting == _ROWS_IN_CHUNK:
            yield _taken(buffer), waiting
            waiting = 0
    yield _taken(buffer), waiting


def workbook(tables: Sequence[Table]) -> tuple[IO[bytes], int]:
    """A workbook with one sheet per table as a temporary file, and its number of rows.

    Raises ValidationFailed when a table has more rows than a sheet.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the sender closes it)
    try:
        book = xlsxwriter.Workbook(file, {"constant_memory": True, "in_memory": False})
        rows = sum(_write_sheet(book, table) for table in tables)
        book.close()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file, rows


def as_text(cell: Cell) -> str:
    """A cell of a CSV file."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return harmless(cell)
    if isinstance(cell, datetime):
        if cell.tzinfo is None:
            return cell.strftime("%Y-%m-%d %H:%M:%S")
        return cell.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{cell:f}" if isinstance(cell, Decimal) else str(cell)


def harmless(text: str) -> str:
    """Text in which no spreadsheet finds a formula: an apostrophe precedes each place where one would start.

    It is added even after an existing one, so removing one apostrophe at each of these places restores the text.
    """
    return _BEGINS_AS_FORMULA.sub("'", text)


def _taken(buffer: io.StringIO) -> bytes:
    piece = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return piece


class _Formats:
    """The formats of a workbook, each created once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[str, Any] = {}

    def of(self, pattern: str, **more: Any) -> Any:
        if pattern not in self._made:
            self._made[pattern] = self._book.add_format({"num_format": pattern, **more})
        return self._made[pattern]


def _write_sheet(book: Any, table: Table) -> int:
    sheet, formats = book.add_worksheet(table.name), _Formats(book)
    for column, name in enumerate(table.columns):
        width = next((w for ending, w in _WIDTHS.items() if name.endswith(ending)), max(10, len(name) + 2))
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
    heading = formats.of("@", bold=True)
    for column, name in enumerate(table.columns):
        sheet.write_string(0, column, name, heading)
    number = 0
    for number, row in enumerate(table.rows, start=1):
        if number > MOST_SHEET_ROWS:
            raise ValidationFailed(
                f"A sheet has at most {MOST_SHEET_ROWS:,} rows. Choose a shorter range, or take the CSV file."
            )
        for column, cell in enumerate(row):
            _write_cell(sheet, number, column, cell, formats)
    sheet.autofilter(0, 0, number, len(table.columns) - 1)
    return number


def _write_cell(sheet: Any, row: int, column: int, cell: Cell, formats: _Formats) -> None:
    if cell is None:
        return
    if isinstance(cell, str):
        # Always a text cell: a leading = is never calculated, and 0042 keeps its zeros.
        sheet.write_string(row, column, cell[:_LONGEST_TEXT])
    elif isinstance(cell, datetime):
        moment = cell.astimezone(UTC).replace(tzinfo=None) if cell.tzinfo else cell
        sheet.write_datetime(row, column, moment, formats.of(_TIME_FORMAT))
    elif isinstance(cell, Decimal):
        places = -int(cell.as_tuple().exponent)
        sheet.write_number(row, column, float(cell), formats.of(f"#,##0.{'0' * places}".rstrip(".")))
    else:
        sheet.write_number(row, column, cell)
