"""The figures of DESIGN section 5 for a span of time and a choice of payments: one reading for every place they show.

A span is covered by whole days from the daily rollups, the rest by quarters of an hour, and what is left of a quarter
at either end by the payments' rows themselves; so every span is exact to the second, and long ones are quick.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain
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
from app.services.figures import FiguresKeeper, Held
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
    by_weekday: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The answer. ``series`` has every bucket of the span, empty ones too; starts are local times.

    ``weekdays``, where asked for, are seven, Monday first, and have only what is counted by hour.
    """

    question: Question
    figures: Figures
    series: list[tuple[datetime, Figures]]
    weekdays: Sequence[Figures] = ()
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
        with self._keeper.reading() as held:
            weekdays: list[Tally] = [{} for _ in range(7)] if question.by_weekday else []
            figures, series = _read(question.span, question, held, weekdays)
            report = Report(
                question=question, figures=figures, series=series, weekdays=[Figures(t) for t in weekdays]
            )
            if question.compare is None:
                return report
            before = earlier(question.span, question.compare, now())
            previous, previous_series = _read(before, question, held)
        return replace(report, previous_span=before, previous=previous, previous_series=previous_series)

    def figures(self, start: datetime, end: datetime, choice: Choice = EVERYTHING) -> Figures:
        """The figures of a span alone. Raises FiguresNotReady, DatabaseUnavailable."""
        with self._keeper.reading() as held:
            span = Span(start, end, self.zone)
            pieces = chain(_pieces(span, choice, held), _changes(span, choice, held))
            return Figures(merged(tally for _, tally in pieces))

    def trailing(self, end: datetime, lengths: Sequence[timedelta]) -> list[Figures]:
        """The figures of spans of at least half an hour that end together, by one set of reads for all of them.

        Raises FiguresNotReady, DatabaseUnavailable.
        """
        spans = [Span(end - length, end, self.zone) for length in lengths]
        firsts, last = [_next_quarter(span.start) for span in spans], quarter_start(end)
        edges = [*((span.start, first) for span, first in zip(spans, firsts, strict=True)), (last, end)]
        with self._keeper.reading() as held:
            quarters = list(rollup.quarters(EVERYTHING, min(firsts), last, held.session))
            happened = list(_instants(payment_rows.touched(edges, held.session)))
            found = []
            for span, first in zip(spans, firsts, strict=True):
                pieces = chain(
                    ((at, tally) for at, tally in quarters if at >= first),
                    (piece for piece in happened if span.start <= piece[0] < first or last <= piece[0] < end),
                    _changes(span, EVERYTHING, held),
                )
                found.append(Figures(merged(tally for _, tally in pieces)))
        return found


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
    span: Span, question: Question, held: Held, weekdays: Sequence[Tally] = ()
) -> tuple[Figures, list[tuple[datetime, Figures]]]:
    """The figures of the span and of its steps; ``weekdays``, where given, get what is counted by hour."""
    granularity, by_start = question.granularity, dict[datetime, Tally]()
    read = _fine if granularity == Granularity.HOUR else _pieces
    for at, tally in chain(read(span, question.choice, held), _changes(span, question.choice, held)):
        key = _key(at, granularity, span.zone)
        if (total := by_start.get(key)) is None:
            by_start[key] = dict(tally)
        else:
            add(total, tally)
        if weekdays:
            add(weekdays[at.astimezone(span.zone).weekday()], rollup.of_hours(tally))
    series = [
        (start, Figures(by_start.get(start.astimezone(UTC), {}))) for start in buckets(span, granularity)
    ]
    return Figures(merged(by_start.values())), series


def _key(at: datetime, granularity: Granularity, zone: ZoneInfo) -> datetime:
    return bucket_start(at, granularity, zone).astimezone(UTC)


def _changes(span: Span, choice: Choice, held: Held) -> Iterator[Piece]:
    """What has changed since it was counted."""
    for at, tally in held.changes(choice):
        moment = datetime.fromtimestamp(at, UTC)
        if span.start <= moment < span.end:
            yield moment, _with_hour(moment, tally, span.zone)


def _pieces(span: Span, choice: Choice, held: Held) -> Iterator[Piece]:
    """The whole days of the span, and finer pieces for what is left at its ends."""
    zone, whole = span.zone, list(_whole_days(span))
    if not whole:
        yield from _fine(span, choice, held)
        return
    middle = days(whole[0], whole[-1], zone)
    yield from _fine(Span(span.start, middle.start, zone), choice, held)
    for day, tally in rollup.days(choice, whole[0], whole[-1], held.session):
        yield day_start(day, zone), tally
    yield from _fine(Span(middle.end, span.end, zone), choice, held)


def _whole_days(span: Span) -> Iterator[date]:
    for day in each_day(span):
        if span.start <= day_start(day, span.zone) and day_start(day + _DAY, span.zone) <= span.end:
            yield day


def _fine(span: Span, choice: Choice, held: Held) -> Iterator[Piece]:
    """The whole quarters of an hour of the span, and the payments of what is left at its ends."""
    if span.end <= span.start:
        return
    first, last = _next_quarter(span.start), quarter_start(span.end)
    if first >= last:
        yield from _edge(span, choice, held)
        return
    yield from _edge(Span(span.start, first, span.zone), choice, held)
    for at, tally in rollup.quarters(choice, first, last, held.session):
        yield at, _with_hour(at, tally, span.zone)
    yield from _edge(Span(last, span.end, span.zone), choice, held)


def _next_quarter(at: datetime) -> datetime:
    """The first beginning of a quarter of an hour that is not before ``at``."""
    began = quarter_start(at)
    return began if began == at else began + QUARTER


def _edge(span: Span, choice: Choice, held: Held) -> Iterator[Piece]:
    """What happened in less than a quarter of an hour, from the rows of the payments that it happened to."""
    if span.end <= span.start:
        return
    payments = payment_rows.touched([(span.start, span.end)], held.session)
    for at, tally in _within((c for c in payments if choice.matches(c)), span.start, span.end):
        yield at, _with_hour(at, tally, span.zone)


def _within(payments: Iterable[Counted], start: datetime, end: datetime) -> Iterator[Piece]:
    return (piece for piece in _instants(payments) if start <= piece[0] < end)


def _instants(payments: Iterable[Counted]) -> Iterator[Piece]:
    """What each payment adds, and when."""
    for counted in payments:
        for at, tally in tallies(counted):
            yield datetime.fromtimestamp(at, UTC), tally


def _with_hour(at: datetime, tally: Tally, zone: ZoneInfo) -> Tally:
    """The tally with its counters of the heat map, which the days' rollups have already."""
    return {**tally, **rollup.by_hour(at.astimezone(zone).hour, tally)}
