"""Spans of time in a time zone: days, weeks, months, and the spans they are compared with.

A day is all instants with its date on the zone's wall clock: 23 or 25 hours where clocks change, and empty where the
zone skipped a date. Everything returned is UTC; ends are exclusive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)
_DAY = timedelta(days=1)
_MONTHS = 12


class Granularity(StrEnum):
    """The interval of a series."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


# Upper bounds of the intervals that consist of days.
_NO_LONGER_THAN = {Granularity.DAY: _DAY, Granularity.WEEK: 7 * _DAY, Granularity.MONTH: 31 * _DAY}


class Compare(StrEnum):
    """The span to compare with."""

    PREVIOUS = "previous"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Span:
    """From ``start`` up to, not including, ``end``; in ``zone``."""

    start: datetime
    end: datetime
    zone: ZoneInfo

    @property
    def first_day(self) -> date:
        return self.start.astimezone(self.zone).date()

    @property
    def last_day(self) -> date:
        """The day of the last instant; the first day where the span is empty."""
        return max(self.first_day, (self.end - timedelta(microseconds=1)).astimezone(self.zone).date())

    @property
    def is_whole_days(self) -> bool:
        return self.start == day_start(self.first_day, self.zone) and self.end == day_start(
            self.last_day + _DAY, self.zone
        )

    @property
    def days(self) -> int:
        """How many days the span touches."""
        return (self.last_day - self.first_day).days + 1


@lru_cache(maxsize=4096)
def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of ``day``. Where midnight is skipped, that is when the clocks go forward."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def days(first: date, last: date, zone: ZoneInfo) -> Span:
    """All of the days from ``first`` to ``last``, both included."""
    return Span(day_start(first, zone), day_start(last + _DAY, zone), zone)


def interval_start(at: datetime, granularity: Granularity, zone: ZoneInfo) -> datetime:
    """The start of the interval that contains ``at``, as local time; weeks begin on Monday.

    An hour that the clocks repeat is two intervals, distinguished by their offsets from UTC.
    """
    local = at.astimezone(zone)
    if granularity == Granularity.HOUR:
        return local.replace(minute=0, second=0, microsecond=0)
    return day_start(first_day_of(local.date(), granularity), zone).astimezone(zone)


def first_day_of(day: date, granularity: Granularity) -> date:
    """The first day of the interval that contains ``day``."""
    if granularity == Granularity.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if granularity == Granularity.MONTH else day


def intervals(span: Span, granularity: Granularity) -> list[datetime]:
    """The start of every interval that the span touches, in order, as local times."""
    if span.start >= span.end:
        return []
    if granularity != Granularity.HOUR:
        starts = (day_start(day, span.zone) for day in _first_days(span, granularity))
        # Where a date was skipped, two days begin at the same instant.
        return [start.astimezone(span.zone) for start in dict.fromkeys(starts)]
    steps = int((span.end - span.start) / QUARTER) + 1
    moments = (min(span.start + n * QUARTER, span.end - timedelta(seconds=1)) for n in range(steps))
    found: dict[tuple[datetime, timedelta | None], datetime] = {}
    for moment in moments:
        start = interval_start(moment, granularity, span.zone)
        found.setdefault((start.replace(tzinfo=None), start.utcoffset()), start)
    return list(found.values())


def whole_intervals(span: Span, granularity: Granularity) -> list[datetime]:
    """The start of every interval that lies entirely within the span, in UTC."""
    after = interval_start(span.end, granularity, span.zone)
    starts = (start.astimezone(UTC) for start in intervals(span, granularity))
    return [start for start in starts if span.start <= start < after]


def _first_days(span: Span, granularity: Granularity) -> Iterator[date]:
    """The first day of every interval that the span touches."""
    day, last = first_day_of(span.first_day, granularity), span.last_day
    while day <= last:
        yield day
        day = first_day_of(day + _NO_LONGER_THAN[granularity], granularity)


def earlier(span: Span, compare: Compare, now: datetime, *, monthly: bool = False) -> Span:
    """The span to compare ``span`` with: the same number of days or length of time just before, or a year before.

    Whole months are compared with as many whole months. ``monthly`` marks the span as a month to date: it is compared
    with the same days of the month before, as many of them as exist.
    A span that is not over yet is compared with the same portion of the earlier one: today until noon with yesterday
    until noon.
    """
    zone, is_live = span.zone, span.start < now < span.end
    if not span.is_whole_days:
        length = timedelta(days=365) if compare == Compare.YEAR else span.end - span.start
        return Span(span.start - length, (now if is_live else span.end) - length, zone)
    first, last, after = span.first_day, span.last_day, span.last_day + _DAY
    whole_months, months = first.day == after.day == 1, 0
    if compare == Compare.YEAR:
        months = _MONTHS
    elif whole_months or monthly:
        months = (last.year - first.year) * _MONTHS + last.month - first.month + 1

    def back(day: date) -> date:
        return months_earlier(day, months) if months else day - (after - first)

    end = months_earlier(after, months) if whole_months else back(last) + _DAY
    found = Span(day_start(back(first), zone), day_start(end, zone), zone)
    if is_live:
        local = now.astimezone(zone)
        end_at = datetime.combine(back(local.date()), local.time(), zone).astimezone(UTC)
        if local.date() > first:
            # Completed days are compared as whole days, also where the earlier month has fewer of them.
            end_at = max(end_at, day_start(back(local.date() - _DAY) + _DAY, zone))
        found = Span(found.start, min(found.end, end_at), zone)
    return found


def months_earlier(day: date, months: int) -> date:
    """The same day of the month ``months`` earlier, or the last day of that month."""
    year, month = divmod(day.year * _MONTHS + day.month - 1 - months, _MONTHS)
    following = date(year + (month + 1) // _MONTHS, (month + 1) % _MONTHS + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), following - _DAY)


def quarter_start(at: datetime) -> datetime:
    """The start of the quarter hour that contains ``at``; midnights and hours of every zone fall on such a start."""
    return at - timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)
