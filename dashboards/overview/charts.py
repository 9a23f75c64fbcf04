"""The charts of the overview, from one report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import pairwise

from markupsafe import Markup

from app.domain.figures.figures import DEFINITIONS, Figures, ThreeDSecureFunnel
from app.domain.figures.periods import Span
from app.domain.figures.statistics import Ratio
from app.models.listing.payments import FigureFilter
from app.services.figures.report import Report
from dashboards.charts import (
    BandPoint,
    Bucket,
    FunnelPart,
    FunnelStep,
    HeatCell,
    PeriodLabel,
    Reason,
    funnel,
    grouped_bars,
    heat_map,
    histogram,
    line_with_band,
    period_labels,
)
from dashboards.charts.heat import DAYS, HOURS
from dashboards.lists import links
from dashboards.lists.formats import percent
from dashboards.lists.labels import AUTHENTICATION, Label, humanize, label_of
from dashboards.overview import volume as overview_volume
from dashboards.overview.comparison import previous_intervals
from dashboards.overview.query import COMPARE, HEAT, OverviewQuery

_P50, _P95 = 0.5, 0.95


@dataclass(frozen=True, slots=True)
class Charts:
    """Every chart. ``currency`` is that of the volume chart, ``currencies`` are the options with their labels."""

    success: Markup
    volume: Markup
    currency: str | None
    currencies: list[tuple[str, str]]
    reasons: Markup
    three_d_secure: Markup
    split: list[tuple[Label, int, int]]
    times: Markup
    heat: Markup


def draw(report: Report, query: OverviewQuery) -> Charts:
    """All charts of a view."""
    intervals = _intervals(report)
    currency = overview_volume.charted_currency(report, query.volume)
    return Charts(
        success=_success(report, intervals, query),
        volume=overview_volume.chart(report, query.moment, currency, intervals),
        currency=currency,
        currencies=[(v.currency, v.currency.upper()) for v in report.figures.volumes],
        reasons=_reasons(report),
        three_d_secure=_funnel(report.figures),
        split=[
            (label_of(AUTHENTICATION, name), number, report.figures.three_d_secure_paid[name])
            for name, number in report.figures.three_d_secure_split.items()
        ],
        times=_times(report.figures),
        heat=_heat(report.hours or Figures({}), query.heat),
    )


def _intervals(report: Report) -> list[tuple[PeriodLabel, Span]]:
    """Label and span of each interval; those at the ends are cut to the range."""
    span, starts = report.query.span, [start for start, _ in report.series]
    labels = period_labels(starts, report.query.granularity.value)
    edges = [max(start.astimezone(UTC), span.start) for start in starts] + [span.end]
    spans = [Span(first, after, span.zone) for first, after in pairwise(edges)]
    return list(zip(labels, spans, strict=True))


def _success(report: Report, intervals: Sequence[tuple[PeriodLabel, Span]], query: OverviewQuery) -> Markup:
    spans, choice = [span for _, span in intervals], report.query.choice
    hrefs = links.payments_links(spans, choice, figure=FigureFilter.DECIDED)
    points = [
        _band_point(figures.success_rate, label, href)
        for (label, _), (_, figures), href in zip(intervals, report.series, hrefs, strict=True)
    ]
    return line_with_band(
        points,
        "Success rate over time",
        previous=[before.success_rate.value if before else None for before in previous_intervals(report, query.moment)],
        previous_label=COMPARE[query.compare],
        what="Success rate",
        key="success",
    )


def _band_point(ratio: Ratio, label: PeriodLabel, href: str) -> BandPoint:
    low, high = ratio.interval or (None, None)
    return BandPoint(label.short, ratio.value, low, high, ratio.n, ratio.total, href=href, full=label.full)


def _reasons(report: Report) -> Markup:
    span, choice = report.query.span, report.query.choice
    reasons = [
        Reason(
            r.reason.code,
            r.reason.group.value,
            r.reason.meaning,
            r.ratio.n,
            href=links.payments_link(span, choice, reason=r.reason.code),
            payments=r.payments,
            name=humanize(r.reason.code),
        )
        for r in report.figures.failure_reasons
    ]
    return grouped_bars(reasons, "Why attempts failed", subtitle="failed attempts by reason", key="reasons")


def _funnel(figures: Figures) -> Markup:
    return funnel(
        three_d_secure_steps(figures.three_d_secure_funnel),
        "3-D Secure, step by step",
        subtitle="attempts",
        note=DEFINITIONS["three_d_secure_funnel"],
        key="three-d-secure",
    )


def three_d_secure_steps(counts: ThreeDSecureFunnel) -> list[FunnelStep]:
    """The steps of the funnel.

    Requests in no branch of the second step (exempted, or failed before a challenge) are the difference to the first.
    """
    branches = [
        FunnelPart("Challenged", counts.challenged, "challenged", "The bank asked the customer to confirm."),
        FunnelPart("Frictionless", counts.frictionless, "frictionless", "The bank approved without a challenge."),
    ]
    if counts.unknown:
        meaning = "Authenticated; Stripe does not state whether the customer was challenged."
        branches.append(FunnelPart("Unknown flow", counts.unknown, "unknown", meaning))
    return [
        FunnelStep("3DS requested", (FunnelPart("3DS requested", counts.requested),)),
        FunnelStep("Challenged or frictionless", tuple(branches)),
        FunnelStep("Authenticated", (FunnelPart("Authenticated", counts.authenticated),)),
        FunnelStep("Paid", (FunnelPart("Paid", counts.paid),)),
    ]


def _times(figures: Figures) -> Markup:
    buckets = [Bucket(*time_class) for time_class in figures.time_classes]
    used = max((index for index, bucket in enumerate(buckets) if bucket.count), default=0)
    return histogram(
        buckets[: used + 1],
        "Processing time",
        p50=figures.percentile_seconds(_P50),
        p95=figures.percentile_seconds(_P95),
        mean=figures.mean_seconds,
        subtitle="from created to completed",
        key="times",
    )


def _heat(hours: Figures, values: str) -> Markup:
    title = f"{HEAT[values]} by weekday and hour"
    places = [(day, hour) for day in range(len(DAYS)) for hour in range(HOURS)]
    if values == "success":
        ratios = [(day, hour, hours.success_rate_of(day, hour)) for day, hour in places]
        cells = [HeatCell(day, hour, ratio.value, ratio.total) for day, hour, ratio in ratios]
        return heat_map(cells, title, what=HEAT[values], text=percent, from_zero=False, key="heat")
    numbers = [(day, hour, hours.hour(day, hour, "created")) for day, hour in places]
    if not any(number for _, _, number in numbers):
        return heat_map([], title, key="heat")
    return heat_map([HeatCell(day, hour, number, number) for day, hour, number in numbers], title, key="heat")
