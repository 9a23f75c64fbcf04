"""The figures of DESIGN section 5 for a span of time and a choice of payments: one reading for every place they show.

A span is covered by whole weeks and days from their rollups, the rest by quarters of an hour, and what is left of a
quarter at either end by the payments' rows themselves; so every span is exact to the second, and long ones are quick.
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
    earlier,
    first_day_of,
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
_DAYS_OF_WEEK = 7

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
    whole = () if granularity == Granularity.HOUR else _whole_days(span)
    fine: Iterator[Piece] = chain(
        _beside(span, whole, question.choice, held), _changes(span, question.choice, held)
    )
    if weekdays:
        fine = _by_hour(fine, span.zone, weekdays)
        for day, tally in rollup.hours(question.choice, whole, held.session):
            add(weekdays[day.weekday()], tally)
    coarse = _coarse(whole, granularity, span.zone, question.choice, held)
    for at, tally in chain(coarse, fine):
        key = _key(at, granularity, span.zone)
        if (total := by_start.get(key)) is None:
            by_start[key] = dict(tally)
        else:
            add(total, tally)
    series = [
        (start, Figures(by_start.get(start.astimezone(UTC), {}))) for start in buckets(span, granularity)
    ]
    return Figures(merged(by_start.values())), series


def _key(at: datetime, granularity: Granularity, zone: ZoneInfo) -> datetime:
    return bucket_start(at, granularity, zone).astimezone(UTC)


def _by_hour(pieces: Iterable[Piece], zone: ZoneInfo, weekdays: Sequence[Tally]) -> Iterator[Piece]:
    """The same pieces, each finer than an hour; in passing they are counted by hour."""
    for at, tally in pieces:
        local = at.astimezone(zone)
        add(weekdays[local.weekday()], rollup.by_hour(local.hour, tally))
        yield at, tally


def _changes(span: Span, choice: Choice, held: Held) -> Iterator[Piece]:
    """What has changed since it was counted."""
    for at, tally in held.changes(choice):
        moment = datetime.fromtimestamp(at, UTC)
        if span.start <= moment < span.end:
            yield moment, tally


def _pieces(span: Span, choice: Choice, held: Held) -> Iterator[Piece]:
    """All of the span, in the largest pieces."""
    whole = _whole_days(span)
    coarse = _coarse(whole, Granularity.WEEK, span.zone, choice, held)
    return chain(coarse, _beside(span, whole, choice, held))


def _coarse(
    whole: Sequence[date], granularity: Granularity, zone: ZoneInfo, choice: Choice, held: Held
) -> Iterator[Piece]:
    """The whole days, by weeks as far as a step of the series takes whole weeks in."""
    mondays = list(_whole_weeks(whole, granularity)) if rollup.has_weeks(choice) else []
    covered = {monday + number * _DAY for monday in mondays for number in range(_DAYS_OF_WEEK)}
    left = [day for day in whole if day not in covered]
    for day, tally in chain(
        rollup.weeks(choice, mondays, held.session), rollup.days(choice, left, held.session)
    ):
        yield day_start(day, zone), tally


def _whole_weeks(whole: Sequence[date], granularity: Granularity) -> Iterator[date]:
    """The Mondays of the weeks among the days that lie in one step."""
    if granularity not in {Granularity.WEEK, Granularity.MONTH} or not whole:
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


def _beside(span: Span, whole: Sequence[date], choice: Choice, held: Held) -> Iterator[Piece]:
    """What of the span is not in its whole days."""
    if not whole:
        yield from _fine(span, choice, held)
        return
    middle = days(whole[0], whole[-1], span.zone)
    yield from _fine(Span(span.start, middle.start, span.zone), choice, held)
    yield from _fine(Span(middle.end, span.end, span.zone), choice, held)


def _fine(span: Span, choice: Choice, held: Held) -> Iterator[Piece]:
    """The whole quarters of an hour of the span, and the payments of what is left at its ends."""
    if span.end <= span.start:
        return
    first, last = _next_quarter(span.start), quarter_start(span.end)
    if first >= last:
        yield from _edge(span, choice, held)
        return
    yield from _edge(Span(span.start, first, span.zone), choice, held)
    yield from rollup.quarters(choice, first, last, held.session)
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
    yield from _within((c for c in payments if choice.matches(c)), span.start, span.end)


def _within(payments: Iterable[Counted], start: datetime, end: datetime) -> Iterator[Piece]:
    return (piece for piece in _instants(payments) if start <= piece[0] < end)


def _instants(payments: Iterable[Counted]) -> Iterator[Piece]:
    """What each payment adds, and when."""
    for counted in payments:
        for at, tally in tallies(counted):
            yield datetime.fromtimestamp(at, UTC), tally
