"""What a spreadsheet would read from our files."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from xml.etree import ElementTree as ET

from app.services.exports.files import MARK

_NS = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    assert text.startswith(MARK)
    return list(csv.DictReader(io.StringIO(text.removeprefix(MARK), newline="")))


def sheet(content: bytes, number: int = 1) -> list[dict[str, tuple[str, str]]]:
    """The cells of a sheet by column letter, as (kind, value); texts stand in the cells themselves."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        # Our own file, so nothing in it can be hostile.
        tree = ET.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))  # noqa: S314
    assert tree.find(".//s:f", _NS) is None, "a formula"
    found = []
    for row in tree.iterfind(".//s:row", _NS):
        cells = {}
        for cell in row.iterfind("s:c", _NS):
            cells[re.sub(r"\d", "", cell.get("r"))] = (cell.get("t", "n"), "".join(cell.itertext()))
        found.append(cells)
    return found
