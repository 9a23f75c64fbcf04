"""How spreadsheets read our CSV files, with any separator."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.exports.files import MARK, Table, csv_chunks

SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
texts = st.text(st.sampled_from([*SIGNS, *";,|\t\r\n\"' a\u00a0\u2028"]), max_size=12)


def written(*cells: str) -> str:
    table = Table("table", ["column"] * len(cells), [cells])
    return b"".join(piece for piece, _ in csv_chunks(table)).decode().removeprefix(MARK)


@pytest.mark.parametrize("separator", [";", "\t", "|"])
@given(cells=st.lists(texts, min_size=1, max_size=3))
def test_no_cell_starts_a_formula_with_any_separator(separator: str, cells: list[str]) -> None:
    """For programs that honour quotes and for those that ignore them."""
    text = written(*cells)
    heeding = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    blind = [line.split(separator) for line in re.split("[\r\n]", text)]
    for row in [*heeding, *blind]:
        for cell in row:
            assert not cell.strip().lstrip('"').lstrip().startswith(SIGNS), (cell, text)


@given(cells=st.lists(texts, min_size=1, max_size=3))
def test_rows_have_as_many_cells_as_columns(cells: list[str]) -> None:
    _, row = csv.reader(io.StringIO(written(*cells), newline=""))
    assert [restored(cell) for cell in row] == cells


def restored(cell: str) -> str:
    """As documented: remove one apostrophe wherever a cell would start a formula."""
    signs = "".join(SIGNS).replace("-", "") + "-"
    at_the_start = re.sub(rf"""\A'(?=[\s"']*([\t\r\n]|[{signs}]))""", "", cell)
    return re.sub(rf"""(?<=[;|\t\r\n])'(?=([^\S\t\r\n]|["'])*[{signs}])""", "", at_the_start)


def test_numbers_and_texts_are_quoted_alike() -> None:
    table = Table("table", ["text", "number"], [("a;b", -5)])
    assert b"".join(piece for piece, _ in csv_chunks(table)).decode() == (f'{MARK}"text","number"\r\n"a;b","-5"\r\n')
