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

SHORT, LONG = 10_000, 100_000


@pytest.fixture(scope="module")
def filled(settings: Settings, database: Database[dict[str, Any]]) -> str:
    for first in range(0, LONG, SHORT):
        # Without facets, by which nothing is looked for here and whose index entries take longest to write.
        rows = [row_of(stored.payment(n)) | {"facets": []} for n in range(first, first + SHORT)]
        database.payment_rows.insert_many(rows, ordered=False)
    return settings.mongodb_uri


# Four processes that write up to 100,000 rows each: a minute when nothing else runs, and more beside other tests.
@pytest.mark.timeout(600)
def test_a_hundred_thousand_rows_take_the_memory_of_ten_thousand(filled: str) -> None:
    # One test for both kinds of file: the rows are emptied after each test.
    for kind in ("csv", "xlsx"):
        short, long = (peak(filled, kind, count) for count in (SHORT, LONG))
        assert long < 1.15 * short, (kind, short, long)


def peak(uri: str, kind: str, count: int) -> int:
    """The most memory that the process had, for a file of ``count`` rows."""
    command = [sys.executable, "-m", "tests.support.export_peak", uri, kind, str(count)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=140)
    rows, kibibytes = (int(word) for word in told.stdout.split())
    assert rows == count
    return kibibytes
