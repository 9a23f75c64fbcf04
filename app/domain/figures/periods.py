"""Spans of time as people in a time zone mean them: days, weeks, months, and the spans to compare them with.

A day is all instants that carry its date on the wall clock of the zone: 23 or 25 hours where clocks change, none at all
where a date was skipped. Everything returned is UTC; ends are exclusive.
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
    """The steps of a series."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


# Of the buckets of days.
_NO_LONGER_THAN = {
    Granularity.DAY: _DAY,
    Granularity.WEEK: 7 * _DAY,
    Granularity.MONTH: 31 * _DAY,
}


class Compare(StrEnum):
    """What a span is compared with."""

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


def bucket_start(at: datetime, granularity: Granularity, zone: ZoneInfo) -> datetime:
    """Where the bucket that ``at`` lies in begins, as local time; weeks begin on Monday.

    An hour that the clocks repeat is two buckets, told apart by their offsets from UTC.
    """
    local = at.astimezone(zone)
    if granularity == Granularity.HOUR:
        return local.replace(minute=0, second=0, microsecond=0)
    return day_start(first_day_of(local.date(), granularity), zone).astimezone(zone)


def first_day_of(day: date, granularity: Granularity) -> date:
    """The first day of the bucket of days that ``day`` lies in."""
    if granularity == Granularity.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if granularity == Granularity.MONTH else day


def buckets(span: Span, granularity: Granularity) -> list[datetime]:
    """The start of every bucket that the span touches, in order, as local times."""
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
        start = bucket_start(moment, granularity, span.zone)
        found.setdefault((start.replace(tzinfo=None), start.utcoffset()), start)
    return list(found.values())


def whole_buckets(span: Span, granularity: Granularity) -> list[datetime]:
    """The start of every bucket that lies in the span from beginning to end, in UTC."""
    after = bucket_start(span.end, granularity, span.zone)
    starts = (start.astimezone(UTC) for start in buckets(span, granularity))
    return [start for start in starts if span.start <= start < after]


def _first_days(span: Span, granularity: Granularity) -> Iterator[date]:
    """The first day of every bucket of days that the span touches."""
    day, last = first_day_of(span.first_day, granularity), span.last_day
    while day <= last:
        yield day
        day = first_day_of(day + _NO_LONGER_THAN[granularity], granularity)


def earlier(span: Span, compare: Compare, now: datetime, *, monthly: bool = False) -> Span:
    """What to compare ``span`` with: as many days or as much time just before it, or the same a year before.

    Whole months are compared with as many whole months. ``monthly`` says that the span is meant as a month so far: it
    is compared with the same days of the month before, or as many of them as there are.
    A span that is not over yet is compared with as much of the earlier one, so that today at noon is set beside
    yesterday up to noon.
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
        cut = datetime.combine(back(local.date()), local.time(), zone).astimezone(UTC)
        if local.date() > first:
            # Days that are over are compared whole, also where the earlier month has fewer of them.
            cut = max(cut, day_start(back(local.date() - _DAY) + _DAY, zone))
        found = Span(found.start, min(found.end, cut), zone)
    return found


def months_earlier(day: date, months: int) -> date:
    """The same day of the month so many months earlier, or that month's last day."""
    year, month = divmod(day.year * _MONTHS + day.month - 1 - months, _MONTHS)
    following = date(year + (month + 1) // _MONTHS, (month + 1) % _MONTHS + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), following - _DAY)


def quarter_start(at: datetime) -> datetime:
    """The last quarter of an hour, in UTC; every zone's midnights and hours fall on one."""
    return at - timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)
