"""A long export takes no more memory than a short one."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pymongo.database import Database

from app.models.listing.payment_summary import row_of
from config import Settings
from tests.support import stored
from tests.support.child import ROOT
from tests.support.profiles import thorough_beside


@pytest.fixture
def filled(settings: Settings, database: Database[dict[str, Any]], long: int) -> str:
    for first in range(0, long, long // 10):
        # Without facets, by which nothing is looked for here and whose index entries take longest to write.
        rows = [row_of(stored.payment(n)) | {"facets": []} for n in range(first, first + long // 10)]
        database.payment_rows.insert_many(rows, ordered=False)
    return settings.mongodb_uri


# Four processes that write up to 100,000 rows each: a minute when nothing else runs, and more beside other tests.
@pytest.mark.timeout(900)
@pytest.mark.parametrize("long", thorough_beside([20_000, 100_000], 20_000))
def test_ten_times_the_rows_take_the_same_memory(filled: str, long: int) -> None:
    # One test for both kinds of file: the rows are emptied after each test.
    for kind in ("csv", "xlsx"):
        of_few, of_many = (peak(filled, kind, count) for count in (long // 10, long))
        assert of_many < 1.15 * of_few, (kind, of_few, of_many)


def peak(uri: str, kind: str, count: int) -> int:
    """The most memory that the process had, for a file of ``count`` rows."""
    command = [sys.executable, "-m", "tests.support.export_peak", uri, kind, str(count)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=400)
    rows, kibibytes = (int(word) for word in result.stdout.split())
    assert rows == count
    return kibibytes
