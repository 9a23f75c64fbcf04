"""The steps of the compared span that the steps of a report are set beside in its charts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from app.domain.figures.figures import Figures
from app.domain.figures.periods import Granularity, Span, whole_intervals
from app.services.figures.report import Report

# No two steps begin nearer to each other.
_SHORTEST = {
    Granularity.HOUR: timedelta(hours=1),
    Granularity.DAY: timedelta(days=1),
    Granularity.WEEK: timedelta(days=7),
    Granularity.MONTH: timedelta(days=28),
}


def beside(report: Report, moment: datetime) -> list[Figures | None]:
    """For each step of the series what there was as far into the compared span, by the clocks on the wall.

    None where there was nothing, and where one of the two is whole and the other cut short by its span or by
    ``moment``, the present: the days of a cut week are not those of a whole one.
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
    found: list[Figures | None] = []
    for (at, _), is_whole in zip(report.series, whole, strict=True):
        wanted = _wall(at) - shift
        place = bisect_left(starts, wanted - half)
        near = place < len(starts) and starts[place] < wanted + half
        found.append(report.previous_series[place][1] if near and whole_before[place] == is_whole else None)
    return found


def _wall(at: datetime) -> datetime:
    return at.replace(tzinfo=None)


def _are_whole(
    series: Sequence[tuple[datetime, Figures]], span: Span, granularity: Granularity
) -> list[bool]:
    whole = set(whole_intervals(span, granularity))
    return [at.astimezone(UTC) in whole for at, _ in series]
