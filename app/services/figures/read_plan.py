"""Plans how to read a span of time, so that every span is exact to the second and long ones are quick.

Whole weeks and days are read from their rollups, the rest by quarters of an hour, and parts of a quarter at either end
from the rows of the payments. The heat map is read by days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.domain.figures.contributions import Counters
from app.domain.figures.periods import QUARTER, Granularity, Span, day_start, days, first_day_of, quarter_start
from app.models.connection import Snapshot
from app.models.figures import activity
from app.models.figures import rollups as rollup
from app.models.figures.rollups import Choice

# Counters and the start of the instant, quarter of an hour, day or week that they cover.
Piece = tuple[datetime, Counters]
_DAY = timedelta(days=1)
_DAYS_OF_WEEK = 7


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """The parts of a span, for one choice of payments.

    ``weeks`` (by their Mondays) and ``days`` make up its ``whole`` days; ``rest`` is the remainder at either end.
    """

    span: Span
    choice: Choice
    granularity: Granularity
    whole: Sequence[date]
    weeks: Sequence[date]
    days: Sequence[date]
    rest: Sequence[Span]

    @classmethod
    def of(cls, span: Span, choice: Choice, granularity: Granularity) -> ReadPlan:
        """The largest parts that each lie within one interval of ``granularity``."""
        whole = [] if granularity == Granularity.HOUR else _whole_days(span)
        if not whole:
            return cls(span, choice, granularity, [], [], [], [span])
        weeks = list(_whole_weeks(whole, granularity)) if rollup.has_weeks(choice) else []
        covered = {monday + number * _DAY for monday in weeks for number in range(_DAYS_OF_WEEK)}
        middle = days(whole[0], whole[-1], span.zone)
        rest = [Span(span.start, middle.start, span.zone), Span(middle.end, span.end, span.zone)]
        return cls(
            span,
            choice,
            granularity,
            whole,
            weeks,
            [day for day in whole if day not in covered],
            [part for part in rest if part.start < part.end],
        )

    def ids(self) -> list[str]:
        """The rollups of weeks and days."""
        dimension = self.choice.dimension
        weeks = [rollup.week_id(dimension, monday) for monday in self.weeks]
        return weeks + [rollup.day_id(dimension, day) for day in self.days]

    def hours_ids(self) -> list[str]:
        """The rollups of the heat map for the whole days."""
        return [rollup.hours_id(self.choice.dimension, day) for day in self.whole]

    def coarse(self, rollups: Mapping[str, Counters]) -> Iterator[Piece]:
        """The weeks and days that have any counters."""
        dimension, zone = self.choice.dimension, self.span.zone
        for dates, id_of in ((self.weeks, rollup.week_id), (self.days, rollup.day_id)):
            for day in dates:
                if counters := rollups.get(id_of(dimension, day)):
                    yield day_start(day, zone), counters

    def fine(self, session: Snapshot) -> Iterator[Piece]:
        """Everything outside whole days, in pieces of at most a quarter of an hour."""
        edges: list[tuple[datetime, datetime]] = []
        for part in self.rest:
            first, last = next_quarter(part.start), quarter_start(part.end)
            if first >= last:
                edges.append((part.start, part.end))
                continue
            yield from rollup.quarters(self.choice, first, last, session)
            edges += [(start, end) for start, end in ((part.start, first), (last, part.end)) if start < end]
        if edges:
            yield from activity.within(edges, self.choice, session)


def next_quarter(at: datetime) -> datetime:
    """The first start of a quarter of an hour at or after ``at``."""
    start = quarter_start(at)
    return start if start == at else start + QUARTER


def _whole_weeks(whole: Sequence[date], granularity: Granularity) -> Iterator[date]:
    """The Mondays of the whole weeks that lie within one interval."""
    if granularity == Granularity.DAY:
        return
    first, last = whole[0], whole[-1]
    monday = first + timedelta(days=-first.weekday() % _DAYS_OF_WEEK)
    while (sunday := monday + 6 * _DAY) <= last:
        if first_day_of(monday, granularity) == first_day_of(sunday, granularity):
            yield monday
        monday = sunday + _DAY


def _whole_days(span: Span) -> list[date]:
    """The days that lie entirely within the span."""
    first, last = span.first_day, span.last_day
    if day_start(first, span.zone) < span.start:
        first += _DAY
    if day_start(last + _DAY, span.zone) > span.end:
        last -= _DAY
    return [first + number * _DAY for number in range((last - first).days + 1)]
