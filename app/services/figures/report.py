"""The figures of DESIGN section 5 for a span and a choice of payments, read once for every place that shows them.

``read_plan`` keeps that exact and quick for spans of any length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from app.clock import now
from app.domain.figures.contributions import Counters, add, merged
from app.domain.figures.figures import Figures
from app.domain.figures.periods import Compare, Granularity, Span, earlier, interval_start, intervals, quarter_start
from app.errors import ValidationFailed
from app.models.figures import activity
from app.models.figures import rollups as rollup
from app.models.figures.rollups import EVERYTHING, Choice
from app.services.figures.keeper import FiguresKeeper, FiguresSnapshot
from app.services.figures.read_plan import Piece, ReadPlan, next_quarter

MOST_DAYS = 732
MOST_DAYS_BY_HOUR = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresQuery:
    """Which figures to read. ``monthly`` marks the span as a month to date, which changes what it is compared with."""

    span: Span
    choice: Choice = EVERYTHING
    granularity: Granularity = Granularity.DAY
    compare: Compare | None = None
    monthly: bool = False
    by_hour: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The answer. ``series`` has every interval of the span, empty ones too; starts are local times.

    ``hours`` (only for a query ``by_hour``) has the counters by weekday and hour.
    """

    query: FiguresQuery
    figures: Figures
    series: list[tuple[datetime, Figures]]
    hours: Figures | None = None
    previous_span: Span | None = None
    previous: Figures | None = None
    previous_series: Sequence[tuple[datetime, Figures]] = ()


class Analytics:
    """Reads the figures, always up to date."""

    def __init__(self, keeper: FiguresKeeper) -> None:
        self._keeper = keeper

    @property
    def zone(self) -> ZoneInfo:
        return self._keeper.zone

    def report(self, query: FiguresQuery) -> Report:
        """Raises ValidationFailed for a span that is too long, FiguresNotReady, DatabaseUnavailable."""
        _check(query)
        with self._keeper.snapshot() as snapshot:
            plan = ReadPlan.of(query.span, query.choice, query.granularity)
            previous = _previous(query)
            ids = plan.ids() + (previous.ids() if previous else [])
            hours_ids = plan.hours_ids() if query.by_hour else []
            # One read for both spans and for the heat map.
            rollups = rollup.read(query.choice, ids + hours_ids, snapshot.session)
            hours = merged(rollups[id_] for id_ in hours_ids if id_ in rollups) if query.by_hour else None
            figures, series = _read(plan, snapshot, rollups, hours)
            report = Report(
                query=query, figures=figures, series=series, hours=None if hours is None else Figures(hours)
            )
            if previous is None:
                return report
            before, before_series = _read(previous, snapshot, rollups)
        return replace(report, previous_span=previous.span, previous=before, previous_series=before_series)

    def trailing(self, end: datetime, lengths: Sequence[timedelta]) -> list[Figures]:
        """The figures of spans that end together, each of at least half an hour, by one set of reads.

        Raises FiguresNotReady, DatabaseUnavailable.
        """
        spans = [Span(end - length, end, self.zone) for length in lengths]
        firsts, last = [next_quarter(span.start) for span in spans], quarter_start(end)
        edges = [*((span.start, first) for span, first in zip(spans, firsts, strict=True)), (last, end)]
        with self._keeper.snapshot() as snapshot:
            quarters = list(rollup.quarters(EVERYTHING, min(firsts), last, snapshot.session))
            edge_activity = list(activity.within(edges, EVERYTHING, snapshot.session))
            figures = []
            for span, first in zip(spans, firsts, strict=True):
                pieces = chain(
                    ((at, counters) for at, counters in quarters if at >= first),
                    (piece for piece in edge_activity if span.start <= piece[0] < first or last <= piece[0] < end),
                    _changes(span, EVERYTHING, snapshot),
                )
                figures.append(Figures(merged(counters for _, counters in pieces)))
        return figures


def _check(query: FiguresQuery) -> None:
    span = query.span
    if span.end <= span.start:
        raise ValidationFailed("The range ends before it begins.", errors={"to": ["This is before from."]})
    if span.days > MOST_DAYS:
        raise ValidationFailed(errors={"to": [f"A range has at most {MOST_DAYS} days."]})
    if query.granularity == Granularity.HOUR and span.days > MOST_DAYS_BY_HOUR:
        message = f"By hour, a range has at most {MOST_DAYS_BY_HOUR} days."
        raise ValidationFailed(errors={"granularity": [message]})


def _previous(query: FiguresQuery) -> ReadPlan | None:
    """The plan for the compared span; None without a comparison."""
    if query.compare is None:
        return None
    span = earlier(query.span, query.compare, now(), monthly=query.monthly)
    return ReadPlan.of(span, query.choice, query.granularity)


def _read(
    plan: ReadPlan, snapshot: FiguresSnapshot, rollups: Mapping[str, Counters], hours: Counters | None = None
) -> tuple[Figures, list[tuple[datetime, Figures]]]:
    """The figures of the span and of its intervals; counters outside whole days are added to ``hours``."""
    granularity, zone, by_start = plan.granularity, plan.span.zone, dict[datetime, Counters]()
    fine: Iterator[Piece] = chain(plan.fine(snapshot.session), _changes(plan.span, plan.choice, snapshot))
    if hours is not None:
        fine = _by_hour(fine, zone, hours)
    for at, counters in chain(plan.coarse(rollups), fine):
        key = interval_start(at, granularity, zone).astimezone(UTC)
        if (total := by_start.get(key)) is None:
            by_start[key] = dict(counters)
        else:
            add(total, counters)
    series = [(start, Figures(by_start.get(start.astimezone(UTC), {}))) for start in intervals(plan.span, granularity)]
    return Figures(merged(by_start.values())), series


def _by_hour(pieces: Iterable[Piece], zone: ZoneInfo, hours: Counters) -> Iterator[Piece]:
    """The same pieces, each shorter than an hour, while their counters are added to ``hours``."""
    for at, counters in pieces:
        add(hours, rollup.by_hour(at.astimezone(zone), counters))
        yield at, counters


def _changes(span: Span, choice: Choice, snapshot: FiguresSnapshot) -> Iterator[Piece]:
    """The changes that are not counted yet."""
    for at, counters in snapshot.changes(choice):
        moment = datetime.fromtimestamp(at, UTC)
        if span.start <= moment < span.end:
            yield moment, counters
