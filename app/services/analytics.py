"""The figures of DESIGN section 5 for a span of time and a choice of payments: one reading for every place they show.

A span is covered by whole days from the daily rollups, the rest by quarters of an hour, and what is left of a quarter
at either end by the payments' rows themselves; so every span is exact to the second, and long ones are quick.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.counted import Counted, Tally, add, merged, tallies
from app.domain.figures import Figures
from app.domain.periods import (
    QUARTER,
    Compare,
    Granularity,
    Span,
    bucket_start,
    buckets,
    day_start,
    days,
    each_day,
    earlier,
    quarter_start,
)
from app.errors import ValidationFailed
from app.models import payment_rows, rollup
from app.models.rollup import EVERYTHING, Choice
from app.services.figures import FiguresKeeper
from app.services.recording import now

MOST_DAYS = 732
MOST_DAYS_BY_HOUR = 32
_DAY = timedelta(days=1)

# A tally and the instant that its counts lie at or after, all within one quarter of an hour or one day.
Piece = tuple[datetime, Tally]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What figures are wanted."""

    span: Span
    choice: Choice = EVERYTHING
    granularity: Granularity = Granularity.DAY
    compare: Compare | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The answer. ``series`` has every bucket of the span, empty ones too; starts are local times."""

    question: Question
    figures: Figures
    series: list[tuple[datetime, Figures]]
    previous_span: Span | None = None
    previous: Figures | None = None
    previous_series: Sequence[tuple[datetime, Figures]] = ()


class Analytics:
    """Reads the figures, after making sure that they are up to date."""

    def __init__(self, keeper: FiguresKeeper) -> None:
        self._keeper = keeper

    @property
    def zone(self) -> ZoneInfo:
        return self._keeper.zone

    def report(self, question: Question) -> Report:
        """Raises ValidationFailed for a span that is too long, FiguresNotReady, DatabaseUnavailable."""
        _check(question)
        self._keeper.catch_up()
        span, choice, granularity = question.span, question.choice, question.granularity
        figures, series = _read(span, choice, granularity)
        if question.compare is None:
            return Report(question=question, figures=figures, series=series)
        before = earlier(span, question.compare, now())
        previous, previous_series = _read(before, choice, granularity)
        return Report(
            question=question,
            figures=figures,
            series=series,
            previous_span=before,
            previous=previous,
            previous_series=previous_series,
        )

    def figures(self, start: datetime, end: datetime, choice: Choice = EVERYTHING) -> Figures:
        """The figures of a span alone. Raises FiguresNotReady, DatabaseUnavailable."""
        self._keeper.catch_up()
        return Figures(merged(tally for _, tally in _pieces(Span(start, end, self.zone), choice)))


def _check(question: Question) -> None:
    span = question.span
    if span.end <= span.start:
        raise ValidationFailed("The range ends before it begins.", errors={"to": ["This is before from."]})
    if span.days > MOST_DAYS:
        raise ValidationFailed(errors={"to": [f"A range has at most {MOST_DAYS} days."]})
    if question.granularity == Granularity.HOUR and span.days > MOST_DAYS_BY_HOUR:
        told = f"By hour, a range has at most {MOST_DAYS_BY_HOUR} days."
        raise ValidationFailed(errors={"granularity": [told]})


def _read(
    span: Span, choice: Choice, granularity: Granularity
) -> tuple[Figures, list[tuple[datetime, Figures]]]:
    by_start: dict[datetime, Tally] = {}
    pieces = _fine(span, choice) if granularity == Granularity.HOUR else _pieces(span, choice)
    for at, tally in pieces:
        add(by_start.setdefault(_key(at, granularity, span.zone), {}), tally)
    series = [
        (start, Figures(by_start.get(start.astimezone(UTC), {}))) for start in buckets(span, granularity)
    ]
    return Figures(merged(by_start.values())), series


def _key(at: datetime, granularity: Granularity, zone: ZoneInfo) -> datetime:
    return bucket_start(at, granularity, zone).astimezone(UTC)


def _pieces(span: Span, choice: Choice) -> Iterator[Piece]:
    """The whole days of the span, and finer pieces for what is left at its ends."""
    zone, whole = span.zone, list(_whole_days(span))
    if not whole:
        yield from _fine(span, choice)
        return
    middle = days(whole[0], whole[-1], zone)
    yield from _fine(Span(span.start, middle.start, zone), choice)
    for day, tally in rollup.days(choice, whole[0], whole[-1]):
        yield day_start(day, zone), tally
    yield from _fine(Span(middle.end, span.end, zone), choice)


def _whole_days(span: Span) -> Iterator[date]:
    for day in each_day(span):
        if span.start <= day_start(day, span.zone) and day_start(day + _DAY, span.zone) <= span.end:
            yield day


def _fine(span: Span, choice: Choice) -> Iterator[Piece]:
    """The whole quarters of an hour of the span, and the payments of what is left at its ends."""
    if span.end <= span.start:
        return
    first, last = quarter_start(span.start), quarter_start(span.end)
    if first < span.start:
        first += QUARTER
    if first >= last:
        yield from _edge(span.start, span.end, choice, span.zone)
        return
    yield from _edge(span.start, first, choice, span.zone)
    for at, tally in rollup.quarters(choice, first, last):
        yield at, _with_hour(at, tally, span.zone)
    yield from _edge(last, span.end, choice, span.zone)


def _edge(start: datetime, end: datetime, choice: Choice, zone: ZoneInfo) -> Iterator[Piece]:
    """What happened in less than a quarter of an hour, from the rows of the payments that it happened to."""
    if end <= start:
        return
    matching = (c for c in payment_rows.touched(start, end) if choice.matches(c))
    for at, tally in _within(matching, start, end):
        yield at, _with_hour(at, tally, zone)


def _within(payments: Iterable[Counted], start: datetime, end: datetime) -> Iterator[Piece]:
    for counted in payments:
        for at, tally in tallies(counted):
            moment = datetime.fromtimestamp(at, UTC)
            if start <= moment < end:
                yield moment, tally


def _with_hour(at: datetime, tally: Tally, zone: ZoneInfo) -> Tally:
    """The tally with its counters of the heat map, which the days' rollups have already."""
    return {**tally, **rollup.by_hour(at.astimezone(zone).hour, tally)}
