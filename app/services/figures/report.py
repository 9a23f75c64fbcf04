"""The figures of DESIGN section 5 for a span of time and a choice of payments: one reading for every place they show.
How a span is read so that it is exact and quick at any length is in ``covers``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from app.clock import now
from app.domain.figures.contributions import Tally, add, merged
from app.domain.figures.figures import Figures
from app.domain.figures.periods import (
    Compare,
    Granularity,
    Span,
    bucket_start,
    buckets,
    earlier,
    quarter_start,
)
from app.errors import ValidationFailed
from app.models.figures import activity
from app.models.figures import rollups as rollup
from app.models.figures.rollups import EVERYTHING, Choice
from app.services.figures.keeper import FiguresKeeper, Held
from app.services.figures.read_plan import Cover, Piece, next_quarter

MOST_DAYS = 732
MOST_DAYS_BY_HOUR = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What figures are wanted. ``monthly`` says that the span is meant as a month so far; it matters for comparing."""

    span: Span
    choice: Choice = EVERYTHING
    granularity: Granularity = Granularity.DAY
    compare: Compare | None = None
    monthly: bool = False
    by_hour: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The answer. ``series`` has every bucket of the span, empty ones too; starts are local times.

    ``hours``, where asked for, has only what is counted by weekday and hour.
    """

    question: Question
    figures: Figures
    series: list[tuple[datetime, Figures]]
    hours: Figures | None = None
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
            cover = Cover.of(question.span, question.choice, question.granularity)
            previous = _previous(question)
            ids = cover.ids() + (previous.ids() if previous else [])
            hours_ids = cover.hours_ids() if question.by_hour else []
            # One read for both spans and for the heat map.
            rollups = rollup.read(question.choice, ids + hours_ids, held.session)
            hours = merged(rollups[id_] for id_ in hours_ids if id_ in rollups) if question.by_hour else None
            figures, series = _read(cover, question, held, rollups, hours)
            report = Report(
                question=question,
                figures=figures,
                series=series,
                hours=None if hours is None else Figures(hours),
            )
            if previous is None:
                return report
            before, before_series = _read(previous, question, held, rollups)
        return replace(report, previous_span=previous.span, previous=before, previous_series=before_series)

    def trailing(self, end: datetime, lengths: Sequence[timedelta]) -> list[Figures]:
        """The figures of spans of at least half an hour that end together, by one set of reads for all of them.

        Raises FiguresNotReady, DatabaseUnavailable.
        """
        spans = [Span(end - length, end, self.zone) for length in lengths]
        firsts, last = [next_quarter(span.start) for span in spans], quarter_start(end)
        edges = [*((span.start, first) for span, first in zip(spans, firsts, strict=True)), (last, end)]
        with self._keeper.reading() as held:
            quarters = list(rollup.quarters(EVERYTHING, min(firsts), last, held.session))
            happened = list(activity.within(edges, EVERYTHING, held.session))
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


def _previous(question: Question) -> Cover | None:
    """What the span is compared with, if with anything."""
    if question.compare is None:
        return None
    span = earlier(question.span, question.compare, now(), monthly=question.monthly)
    return Cover.of(span, question.choice, question.granularity)


def _read(
    cover: Cover, question: Question, held: Held, rollups: Mapping[str, Tally], hours: Tally | None = None
) -> tuple[Figures, list[tuple[datetime, Figures]]]:
    """The figures of the span and of its steps; to ``hours`` is added what is not in whole days."""
    granularity, zone, by_start = question.granularity, cover.span.zone, dict[datetime, Tally]()
    fine: Iterator[Piece] = chain(cover.fine(held.session), _changes(cover.span, cover.choice, held))
    if hours is not None:
        fine = _by_hour(fine, zone, hours)
    for at, tally in chain(cover.coarse(rollups), fine):
        key = bucket_start(at, granularity, zone).astimezone(UTC)
        if (total := by_start.get(key)) is None:
            by_start[key] = dict(tally)
        else:
            add(total, tally)
    series = [
        (start, Figures(by_start.get(start.astimezone(UTC), {})))
        for start in buckets(cover.span, granularity)
    ]
    return Figures(merged(by_start.values())), series


def _by_hour(pieces: Iterable[Piece], zone: ZoneInfo, hours: Tally) -> Iterator[Piece]:
    """The same pieces, each finer than an hour; in passing they are counted by hour."""
    for at, tally in pieces:
        add(hours, rollup.by_hour(at.astimezone(zone), tally))
        yield at, tally


def _changes(span: Span, choice: Choice, held: Held) -> Iterator[Piece]:
    """What has changed since it was counted."""
    for at, tally in held.changes(choice):
        moment = datetime.fromtimestamp(at, UTC)
        if span.start <= moment < span.end:
            yield moment, tally
