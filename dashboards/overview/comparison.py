"""Aligns the intervals of the compared span with those of a report, for its charts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from app.domain.figures.figures import Figures
from app.domain.figures.periods import Granularity, Span, whole_intervals
from app.services.figures.report import Report

# The shortest distance between the starts of two intervals.
_SHORTEST = {
    Granularity.HOUR: timedelta(hours=1),
    Granularity.DAY: timedelta(days=1),
    Granularity.WEEK: timedelta(days=7),
    Granularity.MONTH: timedelta(days=28),
}


def previous_intervals(report: Report, moment: datetime) -> list[Figures | None]:
    """For each interval of the series the one equally far into the compared span, by wall clocks.

    None where there is none, and where only one of the two is whole and the other is cut short by its span or by
    ``moment``, the present: a partial week has other days than a whole one.
    """
    span, compared, granularity = report.query.span, report.previous_span, report.query.granularity
    if compared is None:
        return []
    shift = _wall(span.start.astimezone(span.zone)) - _wall(compared.start.astimezone(span.zone))
    half = _SHORTEST[granularity] / 2
    over = Span(span.start, min(span.end, moment), span.zone)
    whole = _are_whole(report.series, over, granularity)
    whole_before = _are_whole(report.previous_series, compared, granularity)
    starts = [_wall(at) for at, _ in report.previous_series]
    aligned: list[Figures | None] = []
    for (at, _), is_whole in zip(report.series, whole, strict=True):
        expected = _wall(at) - shift
        index = bisect_left(starts, expected - half)
        near = index < len(starts) and starts[index] < expected + half
        aligned.append(report.previous_series[index][1] if near and whole_before[index] == is_whole else None)
    return aligned


def _wall(at: datetime) -> datetime:
    return at.replace(tzinfo=None)


def _are_whole(series: Sequence[tuple[datetime, Figures]], span: Span, granularity: Granularity) -> list[bool]:
    whole = set(whole_intervals(span, granularity))
    return [at.astimezone(UTC) in whole for at, _ in series]
