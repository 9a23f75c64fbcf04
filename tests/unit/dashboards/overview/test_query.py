"""The days of a preset: those of the dashboard's zone at the moment of reading, whatever day it is in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from app.domain.figures.periods import Compare, Span, days, earlier
from dashboards.overview import query as overview_query
from dashboards.overview.query import OverviewQuery

AUCKLAND, LOS_ANGELES = ZoneInfo("Pacific/Auckland"), ZoneInfo("America/Los_Angeles")
# The first of March in Auckland, half past midnight, and still the last of February in Los Angeles and in UTC.
MOMENT = datetime(2026, 2, 28, 11, 30, tzinfo=UTC)


def read(zone: ZoneInfo, moment: datetime = MOMENT, **arguments: str) -> OverviewQuery:
    with time_machine.travel(moment, tick=False):
        return overview_query.read(arguments, zone, moment)


@pytest.mark.parametrize(
    ("preset", "there", "here"),
    [
        ("today", ("2026-03-01", "2026-03-01"), ("2026-02-28", "2026-02-28")),
        ("7d", ("2026-02-23", "2026-03-01"), ("2026-02-22", "2026-02-28")),
        ("30d", ("2026-01-31", "2026-03-01"), ("2026-01-30", "2026-02-28")),
        ("90d", ("2025-12-02", "2026-03-01"), ("2025-12-01", "2026-02-28")),
        ("month", ("2026-03-01", "2026-03-01"), ("2026-02-01", "2026-02-28")),
        ("last_month", ("2026-02-01", "2026-02-28"), ("2026-01-01", "2026-01-31")),
    ],
)
def test_presets_are_days_of_the_zone(preset: str, there: tuple[str, str], here: tuple[str, str]) -> None:
    for zone, (first, last) in ((AUCKLAND, there), (LOS_ANGELES, here)):
        query = read(zone, range=preset)
        assert query.figures.span == days(date.fromisoformat(first), date.fromisoformat(last), zone)
        assert query.is_live == (preset != "last_month")
        assert query.preset == preset


def test_a_preset_is_exact_to_the_instant() -> None:
    """New Zealand is thirteen hours ahead in March; its clocks went back on 5 April 2026, a day of 25 hours."""
    assert read(AUCKLAND, range="today").figures.span == Span(
        datetime(2026, 2, 28, 11, tzinfo=UTC), datetime(2026, 3, 1, 11, tzinfo=UTC), AUCKLAND
    )
    back = read(AUCKLAND, datetime(2026, 4, 5, 0, tzinfo=UTC), range="today").figures.span
    assert back == Span(datetime(2026, 4, 4, 11, tzinfo=UTC), datetime(2026, 4, 5, 12, tzinfo=UTC), AUCKLAND)


def test_without_a_range_the_last_thirty_days_are_shown() -> None:
    assert read(AUCKLAND).figures.span == read(AUCKLAND, range="30d").figures.span


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"range": "month"}, ("2026-10-01", "2026-10-07")),
        ({"range": "7d"}, ("2026-10-25", "2026-10-31")),
        ({"from": "2026-11-01", "to": "2026-11-07"}, ("2026-10-25", "2026-10-31")),
        ({"range": "month", "from": "2026-11-01", "to": "2026-11-07"}, ("2026-10-25", "2026-10-31")),
        ({"range": "last_month"}, ("2026-09-01", "2026-09-30")),
        ({"range": "month", "compare": "year"}, ("2025-11-01", "2025-11-07")),
    ],
)
def test_only_this_month_is_a_month_to_date(arguments: dict[str, str], expected: tuple[str, str]) -> None:
    """On the seventh, when this month and the last seven days coincide."""
    moment = datetime(2026, 11, 7, 20, tzinfo=UTC)
    figures = read(LOS_ANGELES, moment, **arguments).figures
    first, last = map(date.fromisoformat, expected)
    found = earlier(figures.span, figures.compare or Compare.PREVIOUS, moment, monthly=figures.monthly)
    assert (found.first_day, found.last_day) == (first, last)
