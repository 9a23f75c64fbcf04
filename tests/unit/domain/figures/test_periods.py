"""Spans of time and the spans they are compared with, on the calendars and clocks of several zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.figures.periods import (
    Compare,
    Granularity,
    Span,
    days,
    earlier,
    intervals,
    months_earlier,
    whole_intervals,
)

BERLIN, NEW_YORK, KATHMANDU = (ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Asia/Kathmandu"))
LONG_AFTER = datetime(2030, 1, 1, tzinfo=UTC)


def of_days(text: str, zone: ZoneInfo = BERLIN) -> Span:
    """``2026-11-01/2026-11-15``: both days included."""
    first, _, last = text.partition("/")
    return days(date.fromisoformat(first), date.fromisoformat(last or first), zone)


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("span", "compare", "expected"),
    [
        # As many days just before.
        ("2026-03-10", Compare.PREVIOUS, "2026-03-09"),
        ("2026-03-01", Compare.PREVIOUS, "2026-02-28"),
        ("2026-03-09/2026-03-15", Compare.PREVIOUS, "2026-03-02/2026-03-08"),
        ("2026-03-01/2026-03-07", Compare.PREVIOUS, "2026-02-22/2026-02-28"),
        ("2026-03-29", Compare.PREVIOUS, "2026-03-28"),
        ("2026-03-02/2026-03-31", Compare.PREVIOUS, "2026-01-31/2026-03-01"),
        # Whole months for whole months.
        ("2026-03-01/2026-03-31", Compare.PREVIOUS, "2026-02-01/2026-02-28"),
        ("2026-02-01/2026-02-28", Compare.PREVIOUS, "2026-01-01/2026-01-31"),
        ("2026-01-01/2026-01-31", Compare.PREVIOUS, "2025-12-01/2025-12-31"),
        ("2026-01-01/2026-03-31", Compare.PREVIOUS, "2025-10-01/2025-12-31"),
        ("2025-01-01/2026-12-31", Compare.PREVIOUS, "2023-01-01/2024-12-31"),
        # The same days a year before.
        ("2026-03-09/2026-03-15", Compare.YEAR, "2025-03-09/2025-03-15"),
        ("2024-02-29", Compare.YEAR, "2023-02-28"),
        ("2025-02-28", Compare.YEAR, "2024-02-28"),
        ("2024-02-20/2024-02-29", Compare.YEAR, "2023-02-20/2023-02-28"),
        ("2025-02-01/2025-02-28", Compare.YEAR, "2024-02-01/2024-02-29"),
        ("2024-02-01/2024-02-29", Compare.YEAR, "2023-02-01/2023-02-28"),
        ("2025-12-15/2026-01-14", Compare.YEAR, "2024-12-15/2025-01-14"),
    ],
)
@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, KATHMANDU], ids=str)
def test_days_are_compared_with_days(span: str, compare: Compare, expected: str, zone: ZoneInfo) -> None:
    assert earlier(of_days(span, zone), compare, LONG_AFTER) == of_days(expected, zone)


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ("2026-11-01/2026-11-15", "2026-10-01/2026-10-15"),
        ("2026-11-01/2026-11-29", "2026-10-01/2026-10-29"),
        ("2026-11-01/2026-11-30", "2026-10-01/2026-10-31"),
        ("2026-03-01/2026-03-28", "2026-02-01/2026-02-28"),
        ("2026-03-01/2026-03-30", "2026-02-01/2026-02-28"),
        ("2026-02-01/2026-02-27", "2026-01-01/2026-01-27"),
        ("2026-01-01", "2025-12-01"),
    ],
)
def test_a_month_to_date_is_compared_with_the_same_days_of_the_month_before(span: str, expected: str) -> None:
    assert earlier(of_days(span), Compare.PREVIOUS, LONG_AFTER, monthly=True) == of_days(expected)
    assert earlier(of_days(span), Compare.YEAR, LONG_AFTER, monthly=True) == earlier(
        of_days(span), Compare.YEAR, LONG_AFTER
    )


@pytest.mark.parametrize(
    ("span", "now", "compare", "start", "end"),
    [
        ("2026-11-10", "2026-11-10T12:34:56", "previous", "2026-11-09T00:00", "2026-11-09T12:34:56"),
        ("2026-11-04/2026-11-10", "2026-11-10T09:00", "previous", "2026-10-28T00:00", "2026-11-03T09:00"),
        ("2026-11-04/2026-11-10", "2026-11-05T09:00", "previous", "2026-10-28T00:00", "2026-10-29T09:00"),
        # To the same time on the clock, however long the days were: 29 March 2026 had 23 hours, 25 October 25.
        ("2026-03-30", "2026-03-30T12:00", "previous", "2026-03-29T00:00", "2026-03-29T12:00"),
        ("2026-10-25", "2026-10-25T12:00", "previous", "2026-10-24T00:00", "2026-10-24T12:00"),
        # Months, by their days.
        ("2026-11-01/2026-11-30", "2026-11-15T09:00", "previous", "2026-10-01T00:00", "2026-10-15T09:00"),
        ("2026-11-01/2026-11-30", "2026-11-30T09:00", "previous", "2026-10-01T00:00", "2026-10-30T09:00"),
        ("2026-03-01/2026-03-31", "2026-03-28T09:00", "previous", "2026-02-01T00:00", "2026-02-28T09:00"),
        ("2026-03-01/2026-03-31", "2026-03-29T09:00", "previous", "2026-02-01T00:00", "2026-03-01T00:00"),
        ("2026-03-01/2026-03-31", "2026-03-31T09:00", "previous", "2026-02-01T00:00", "2026-03-01T00:00"),
        ("2026-10-01/2026-12-31", "2026-11-15T09:00", "previous", "2026-07-01T00:00", "2026-08-15T09:00"),
        # A year before.
        ("2026-11-10", "2026-11-10T09:00", "year", "2025-11-10T00:00", "2025-11-10T09:00"),
        ("2024-02-29", "2024-02-29T09:00", "year", "2023-02-28T00:00", "2023-02-28T09:00"),
        ("2024-02-01/2024-02-29", "2024-02-29T09:00", "year", "2023-02-01T00:00", "2023-03-01T00:00"),
        ("2024-01-01/2024-12-31", "2024-03-01T09:00", "year", "2023-01-01T00:00", "2023-03-01T09:00"),
        # Over to the instant, or not begun: nothing to cut.
        ("2026-11-10", "2026-11-11T00:00", "previous", "2026-11-09T00:00", "2026-11-10T00:00"),
        ("2026-11-10", "2026-11-10T00:00", "previous", "2026-11-09T00:00", "2026-11-10T00:00"),
    ],
)
def test_an_unfinished_span_is_compared_with_the_same_part(
    span: str, now: str, compare: str, start: str, end: str
) -> None:
    expected = Span(at(start), at(end), BERLIN)
    assert earlier(of_days(span), Compare(compare), at(now)) == expected
    if of_days(span).first_day.day == 1:
        assert earlier(of_days(span), Compare(compare), at(now), monthly=True) == expected


def test_the_month_to_date_grows_with_its_counterpart_day_by_day() -> None:
    """Read at nine each morning of March 2026; February has 28 days, so from the 29th on it is compared whole."""
    for day in range(1, 32):
        now = at(f"2026-03-{day:02}T09:00")
        found = earlier(of_days(f"2026-03-01/2026-03-{day:02}"), Compare.PREVIOUS, now, monthly=True)
        end = at(f"2026-02-{day:02}T09:00") if day <= 28 else at("2026-03-01T00:00")
        assert found == Span(at("2026-02-01T00:00"), end, BERLIN), day


def test_a_day_after_a_skipped_one_has_nothing_before_it() -> None:
    """Samoa skipped 30 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    span = of_days("2011-12-31", apia)
    for now in (at("2011-12-31T09:00", apia), LONG_AFTER):
        assert earlier(span, Compare.PREVIOUS, now) == Span(span.start, span.start, apia)


def test_exact_times_are_compared_with_the_same_length() -> None:
    span = Span(at("2026-03-29T01:00"), at("2026-03-29T04:30"), BERLIN)
    assert span.end - span.start == timedelta(hours=2, minutes=30)
    assert earlier(span, Compare.PREVIOUS, LONG_AFTER) == Span(at("2026-03-28T22:30"), span.start, BERLIN)
    year = timedelta(days=365)
    assert earlier(span, Compare.YEAR, LONG_AFTER) == Span(span.start - year, span.end - year, BERLIN)


def test_unfinished_exact_times_are_cut_at_the_same_length() -> None:
    """From eight until midnight, read at nine: the first hour of the sixteen before."""
    span = Span(at("2026-11-10T08:00"), at("2026-11-11T00:00"), BERLIN)
    now = at("2026-11-10T09:00")
    hour = Span(at("2026-11-09T16:00"), at("2026-11-09T17:00"), BERLIN)
    assert earlier(span, Compare.PREVIOUS, now) == hour
    assert earlier(span, Compare.YEAR, now) == Span(at("2025-11-10T08:00"), at("2025-11-10T09:00"), BERLIN)
    assert earlier(span, Compare.PREVIOUS, span.end).end == span.start
    assert earlier(span, Compare.PREVIOUS, span.start).end == span.start


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-03-31", 1, "2026-02-28"),
        ("2024-03-31", 1, "2024-02-29"),
        ("2026-01-31", 1, "2025-12-31"),
        ("2026-12-31", 12, "2025-12-31"),
        ("2024-02-29", 12, "2023-02-28"),
        ("2026-05-15", 29, "2023-12-15"),
    ],
)
def test_months_earlier_is_the_same_day_or_the_last_of_the_month(day: str, months: int, expected: str) -> None:
    assert months_earlier(date.fromisoformat(day), months) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("span", "granularity", "whole"),
    [
        ("2026-03-02/2026-03-15", "week", ["2026-03-02", "2026-03-09"]),
        ("2026-03-01/2026-03-16", "week", ["2026-03-02", "2026-03-09"]),
        ("2026-03-03/2026-03-07", "week", []),
        ("2026-01-15/2026-04-14", "month", ["2026-02-01", "2026-03-01"]),
        ("2026-01-01/2026-01-31", "month", ["2026-01-01"]),
        ("2026-03-28/2026-03-30", "day", ["2026-03-28", "2026-03-29", "2026-03-30"]),
    ],
)
def test_whole_intervals_are_those_that_the_span_does_not_cut(span: str, granularity: str, whole: list[str]) -> None:
    found = whole_intervals(of_days(span), Granularity(granularity))
    assert found == [at(f"{day}T00:00") for day in whole]


def test_both_repeated_hours_are_whole_intervals() -> None:
    span = Span(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC), BERLIN)
    assert len(intervals(span, Granularity.HOUR)) == 2
    assert whole_intervals(span, Granularity.HOUR) == []
    longer = Span(datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 10, 25, 2, tzinfo=UTC), BERLIN)
    assert whole_intervals(longer, Granularity.HOUR) == [datetime(2026, 10, 25, hour, tzinfo=UTC) for hour in (0, 1)]
