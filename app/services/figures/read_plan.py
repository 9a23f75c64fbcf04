"""How a span of time is read, so that every span is exact to the second and long ones are quick.

Whole weeks and days are read from their rollups, the rest by quarters of an hour, and what is left of a quarter at
either end from the payments' rows themselves. The heat map is read by months as far as it can be.
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.domain.figures.contributions import Tally
from app.domain.figures.periods import (
    QUARTER,
    Granularity,
    Span,
    day_start,
    days,
    first_day_of,
    quarter_start,
)
from app.models.connection import Snapshot
from app.models.figures import activity
from app.models.figures import rollups as rollup
from app.models.figures.rollups import Choice

# A tally and the instant that its counts lie at or after, all within one quarter of an hour, one day or one week.
Piece = tuple[datetime, Tally]
_DAY = timedelta(days=1)
_DAYS_OF_WEEK = 7


@dataclass(frozen=True, slots=True)
class Cover:
    """The parts of a span, for one choice of payments.

    ``weeks``, by their Mondays, and ``days`` make up its ``whole`` days; ``rest`` is what lies beside them.
    """

    span: Span
    choice: Choice
    whole: Sequence[date]
    weeks: Sequence[date]
    days: Sequence[date]
    rest: Sequence[Span]

    @classmethod
    def of(cls, span: Span, choice: Choice, granularity: Granularity) -> Cover:
        """The largest parts of which each lies within one step of a series by ``granularity``."""
        whole = [] if granularity == Granularity.HOUR else _whole_days(span)
        if not whole:
            return cls(span, choice, [], [], [], [span])
        weeks = list(_whole_weeks(whole, granularity)) if rollup.is_kept_long(choice) else []
        covered = {monday + number * _DAY for monday in weeks for number in range(_DAYS_OF_WEEK)}
        middle = days(whole[0], whole[-1], span.zone)
        rest = [Span(span.start, middle.start, span.zone), Span(middle.end, span.end, span.zone)]
        return cls(
            span,
            choice,
            whole,
            weeks,
            [day for day in whole if day not in covered],
            [part for part in rest if part.start < part.end],
        )

    def ids(self) -> list[str]:
        """The rollups of weeks and days."""
        cut = self.choice.cut
        weeks = [rollup.week_id(cut, monday) for monday in self.weeks]
        return weeks + [rollup.day_id(cut, day) for day in self.days]

    def hours_ids(self) -> list[str]:
        """The rollups of the heat map for the whole days: of months where they are whole, or else of days."""
        cut, months = self.choice.cut, Counter((day.year, day.month) for day in self.whole)
        long = rollup.is_kept_long(self.choice)
        return list(
            dict.fromkeys(
                rollup.hours_of_month_id(cut, day)
                if long and months[day.year, day.month] == monthrange(day.year, day.month)[1]
                else rollup.hours_id(cut, day)
                for day in self.whole
            )
        )

    def coarse(self, rollups: Mapping[str, Tally]) -> Iterator[Piece]:
        """The weeks and days on which anything was counted."""
        cut, zone = self.choice.cut, self.span.zone
        for dates, id_of in ((self.weeks, rollup.week_id), (self.days, rollup.day_id)):
            for day in dates:
                if tally := rollups.get(id_of(cut, day)):
                    yield day_start(day, zone), tally

    def fine(self, session: Snapshot) -> Iterator[Piece]:
        """What is not in whole days, in pieces of at most a quarter of an hour."""
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
    """The first beginning of a quarter of an hour that is not before ``at``."""
    began = quarter_start(at)
    return began if began == at else began + QUARTER


def _whole_weeks(whole: Sequence[date], granularity: Granularity) -> Iterator[date]:
    """The Mondays of the weeks among the days that lie in one step."""
    if granularity == Granularity.DAY:
        return
    first, last = whole[0], whole[-1]
    monday = first + timedelta(days=-first.weekday() % _DAYS_OF_WEEK)
    while (sunday := monday + 6 * _DAY) <= last:
        if first_day_of(monday, granularity) == first_day_of(sunday, granularity):
            yield monday
        monday = sunday + _DAY


def _whole_days(span: Span) -> list[date]:
    """The days that lie within the span from their first instant to their last."""
    first, last = span.first_day, span.last_day
    if day_start(first, span.zone) < span.start:
        first += _DAY
    if day_start(last + _DAY, span.zone) > span.end:
        last -= _DAY
    return [first + number * _DAY for number in range((last - first).days + 1)]
