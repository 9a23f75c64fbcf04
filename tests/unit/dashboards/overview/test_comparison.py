"""Which interval of the compared span each interval is aligned with: cut weeks, short months, changes of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.figures.figures import Figures
from app.domain.figures.periods import Compare, Granularity, Span, days, earlier, intervals
from app.services.figures.report import FiguresQuery, Report
from dashboards.overview.comparison import previous_intervals

BERLIN = ZoneInfo("Europe/Berlin")
LATER = datetime(2030, 1, 1, tzinfo=UTC)


def pairs(
    first: str,
    last: str,
    granularity: str,
    compare: Compare = Compare.PREVIOUS,
    now: datetime = LATER,
    *,
    monthly: bool = False,
) -> dict[str, str | None]:
    """The local start of each interval, and of the interval that it is compared with."""
    span = days(date.fromisoformat(first), date.fromisoformat(last), BERLIN)
    interval, before = Granularity(granularity), earlier(span, compare, now, monthly=monthly)
    series, previous = (
        [(at, Figures({"created": n})) for n, at in enumerate(intervals(part, interval))] for part in (span, before)
    )
    query = FiguresQuery(span=span, granularity=interval, compare=compare, monthly=monthly)
    report = Report(
        query=query,
        figures=Figures({}),
        series=series,
        previous_span=before,
        previous=Figures({}),
        previous_series=previous,
    )
    aligned = previous_intervals(report, now)
    return {
        label(at): label(previous[figures.count("created")][0]) if figures else None
        for (at, _), figures in zip(series, aligned, strict=True)
    }


def label(at: datetime) -> str:
    return f"{at:%m-%d}" if at.hour == 0 else f"{at:%m-%d %H %z}"


def test_whole_weeks_are_compared_with_whole_weeks() -> None:
    """Thirty days from a Wednesday on; the thirty before begin on a Monday."""
    assert pairs("2026-03-04", "2026-04-02", "week") == {
        "03-02": None,
        "03-09": "02-09",
        "03-16": "02-16",
        "03-23": "02-23",
        "03-30": "03-02",
    }


def test_five_weeks_are_compared_with_six_by_their_position_in_the_range() -> None:
    """Thirty-one days from a Wednesday on and from a Sunday on, whose first week has one day and whose last has two."""
    assert pairs("2026-09-30", "2026-10-30", "week") == {
        "09-28": None,
        "10-05": "09-07",
        "10-12": "09-14",
        "10-19": "09-21",
        "10-26": "09-28",
    }


def test_the_nearest_week_may_begin_earlier() -> None:
    """Thirty-two days before a Monday is a Thursday, nearer to the Monday before it."""
    assert pairs("2026-10-01", "2026-11-01", "week") == {
        "09-28": "08-24",
        "10-05": "08-31",
        "10-12": "09-07",
        "10-19": "09-14",
        "10-26": "09-21",
    }


def test_months_are_compared_with_months_of_any_length() -> None:
    assert pairs("2026-03-01", "2026-05-31", "month") == {"03-01": "12-01", "04-01": "01-01", "05-01": "02-01"}
    assert pairs("2026-01-15", "2026-03-20", "month", Compare.YEAR) == {
        "01-01": "01-01",
        "02-01": "02-01",
        "03-01": "03-01",
    }


def test_days_that_a_shorter_month_lacks_have_no_counterpart() -> None:
    found = pairs("2026-03-01", "2026-03-31", "day")
    assert list(found.values()) == [f"02-{day:02}" for day in range(1, 29)] + [None] * 3


@pytest.mark.parametrize(("day", "alone"), [("2026-03-29", 0), ("2026-03-30", 1), ("2026-10-25", 0), ("2026-10-26", 0)])
def test_hours_are_compared_with_the_same_wall_clock_hours(day: str, alone: int) -> None:
    """Only an hour that the clocks skipped the day before has no counterpart."""
    found = pairs(day, day, "hour")
    assert list(found.values()).count(None) == alone
    for hour, before in found.items():
        assert before is None or before[5:8] == hour[5:8]


def test_an_unfinished_day_is_compared_with_the_same_part_of_one() -> None:
    """A week read on its third day: its counterpart is cut at the same time, and the rest is in the future."""
    now = datetime(2026, 3, 11, 9, 30, tzinfo=BERLIN).astimezone(UTC)
    found = pairs("2026-03-09", "2026-03-15", "day", now=now)
    assert list(found.values()) == ["03-02", "03-03", "03-04", None, None, None, None]
    over = pairs("2026-03-09", "2026-03-15", "day", now=datetime(2026, 3, 11, tzinfo=BERLIN).astimezone(UTC))
    assert list(over.values()) == ["03-02", "03-03", None, None, None, None, None]


def test_an_unfinished_month_is_not_compared_with_a_whole_one() -> None:
    """From 29 March on, the counterpart is all of February."""
    for day, before in ((28, "02-01"), (29, None)):
        now = datetime(2026, 3, day, 9, 30, tzinfo=BERLIN).astimezone(UTC)
        assert pairs("2026-03-01", f"2026-03-{day}", "month", now=now, monthly=True) == {"03-01": before}


def test_a_report_without_comparison_has_no_previous_intervals() -> None:
    span = Span(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC), BERLIN)
    report = Report(query=FiguresQuery(span=span), figures=Figures({}), series=[])
    assert previous_intervals(report, LATER) == []
