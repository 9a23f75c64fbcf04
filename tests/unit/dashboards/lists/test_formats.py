"""How numbers, amounts, times and deadlines are written, and that nothing else writes them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.domain.figures.periods import day_start
from dashboards.lists import formats

ROOT = Path(__file__).parents[4]
ZONE = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
_OWN_FORMATS = re.compile(r"strftime|\.format\(|:,[.\w]*\}|:%[A-Za-z]|\| *(?:round|format)\b")


@pytest.mark.parametrize("number", [(0, "0"), (999, "999"), (12345, "12,345"), (-1200, "−1,200")])
def test_counts(number: tuple[int, str]) -> None:
    assert formats.count(number[0]) == number[1]


@pytest.mark.parametrize(
    ("minor", "currency", "expected"),
    [
        (123450, "usd", "1,234.50 USD"),
        (5000, "jpy", "5,000 JPY"),
        (12340, "kwd", "12.340 KWD"),
        (1234, "xyz", "1,234 minor units XYZ"),
        ("many", "usd", "many USD"),
        (None, None, "None NONE"),
    ],
)
def test_amounts(minor: object, currency: object, expected: str) -> None:
    assert formats.amount(minor, currency) == expected


def test_times() -> None:
    assert formats.local_time(NOON, ZONE) == "2026-03-10 13:00 CET"
    assert formats.utc_iso(NOON.astimezone(ZONE)) == "2026-03-10T12:00:00Z"
    assert formats.unix_time(int(NOON.timestamp())) == NOON
    assert formats.unix_time("yesterday") is None


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(days=1200), "1,200 days left"),
        (timedelta(hours=12), "due tomorrow"),
        (timedelta(hours=9), "due today, 9 hours left"),
        (timedelta(minutes=90), "due within two hours"),
        (timedelta(hours=-1), "overdue since earlier today"),
        (timedelta(days=-1), "overdue by 1 day"),
    ],
)
def test_deadlines_are_in_days_of_the_zone(left: timedelta, expected: str) -> None:
    assert formats.time_left(NOON + left, NOON, ZONE) == expected
    assert formats.time_left(None, NOON, ZONE) == "no deadline"


def test_no_page_or_template_formats_by_itself() -> None:
    files = [*(ROOT / "dashboards").rglob("*.py"), *(ROOT / "templates").rglob("*.html")]
    offenders = [
        f"{file.relative_to(ROOT)}: {line.strip()}"
        for file in files
        if file != Path(formats.__file__)
        for line in file.read_text("utf-8").splitlines()
        if _OWN_FORMATS.search(line)
    ]
    assert len(files) > 60
    assert offenders == []


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (NOON, None, "since 10 Mar 2026, 13:00"),
        (None, NOON, "until 10 Mar 2026, 13:00"),
        (day_start(date(2026, 3, 1), ZONE), None, "since 1 Mar 2026"),
        (None, day_start(date(2026, 3, 1), ZONE), "until 28 Feb 2026"),
        (day_start(date(2026, 2, 27), ZONE), day_start(date(2026, 3, 2), ZONE), "27 Feb – 1 Mar 2026"),
        (None, None, ""),
    ],
)
def test_a_range_is_written_by_its_days_and_times(start: datetime | None, end: datetime | None, words: str) -> None:
    assert formats.range_words(start, end, ZONE) == words
