"""The money of the overview: a row per currency, never added together, and the chart of one currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from markupsafe import Markup

from app.domain.figures.figures import Figures, RefundedShare, Volume
from app.domain.figures.periods import Span, whole_intervals
from app.domain.money import CURRENCIES, Money
from app.models.figures.rollups import Choice
from app.models.listing.payments import FigureFilter
from app.services.figures.report import Report
from dashboards.charts import PeriodLabel, VolumePoint, columns, sparkline
from dashboards.lists import links
from dashboards.lists.formats import amount_in, compact, count, percent
from dashboards.overview.cards import Part
from dashboards.overview.changes import Delta, of_volumes

_MANY = 1_000_000


@dataclass(frozen=True, slots=True)
class VolumeRow:
    """The money of one currency. ``refund_rate`` is the refunded share of the money captured from the payments created
    in the range, and ``refund_basis`` these two amounts, each with a link to its payments.
    """

    currency: str
    gross: str
    captures: Part
    refunded: str
    refunds: Part
    refund_failures: Part | None
    net: str
    spark: Markup
    change: Delta | None
    refund_rate: str
    refund_basis: tuple[Part, Part] | None


def rows(report: Report, moment: datetime) -> list[VolumeRow]:
    """Each currency in which money moved or payments were captured, in alphabetical order, as of ``moment``."""
    shares = {share.currency: share for share in report.figures.refunded_amounts}
    volumes = {volume.currency: volume for volume in report.figures.volumes}
    return [
        _row(report, moment, volumes.get(c) or report.figures.volume(c), shares.get(c))
        for c in sorted({*volumes, *shares})
    ]


def charted_currency(report: Report, requested: str | None) -> str | None:
    """The currency of the chart: the one filtered by, else the requested one, else the one with most payments."""
    if (only := report.query.choice.currency or requested) is not None:
        return only
    largest = max(report.figures.volumes, key=lambda v: (v.captures, v.gross_minor), default=None)
    return largest.currency if largest else None


def chart(
    report: Report, moment: datetime, currency: str | None, intervals: Sequence[tuple[PeriodLabel, Span]]
) -> Markup:
    """The volume of a currency over time; intervals after ``moment`` are gaps, not zeros."""
    if currency is None or currency not in {v.currency for v in report.figures.volumes}:
        return columns([], "Volume", unit="", key="volume")
    choice, code = _of(report, currency), currency.upper()
    hrefs = links.payments_links([span for _, span in intervals], choice, figure=FigureFilter.CAPTURED)
    points = [
        _point(figures.volume(currency) if at <= moment else None, label, href)
        for (label, _), (at, figures), href in zip(intervals, report.series, hrefs, strict=True)
    ]
    unit = code if currency in CURRENCIES else f"minor units {code}"
    subtitle = "on the day the money moved"
    return columns(points, f"Volume in {code}", unit=unit, subtitle=subtitle, key="volume")


def _row(report: Report, moment: datetime, volume: Volume, refunded: RefundedShare | None) -> VolumeRow:
    currency, choice = volume.currency, _of(report, volume.currency)
    span = report.query.span
    net = [figures.net(currency) for at, figures in report.series if at <= moment]
    # Exact enough for a line without an axis. Scaled from many units, because one may have too few decimals.
    unit = float(_major(_MANY, currency)) / _MANY
    return VolumeRow(
        currency=currency,
        gross=_bare(volume.gross_minor, currency),
        captures=Part(count(volume.captures), links.payments_link(span, choice, figure=FigureFilter.CAPTURED)),
        refunded=_bare(volume.refunded_minor, currency),
        refunds=Part(count(volume.refunds), links.refunds_link(span, choice)),
        refund_failures=Part(_bare(volume.refund_failures_minor, currency), links.refund_failures_link(span, choice))
        if volume.failed_refunds
        else None,
        net=_bare(volume.net_minor, currency),
        spark=sparkline(
            [unit * amount for amount in net], label=f"Net volume in {currency.upper()} by interval", text=compact
        ),
        change=_change(report, moment, currency),
        refund_rate=percent(refunded.ratio.value if refunded else None),
        refund_basis=(
            Part(_bare(refunded.ratio.n, currency), links.payments_link(span, choice, figure=FigureFilter.REFUNDED)),
            Part(
                _bare(refunded.ratio.total, currency), links.payments_link(span, choice, figure=FigureFilter.COMPLETED)
            ),
        )
        if refunded
        else None,
    )


def _change(report: Report, moment: datetime, currency: str) -> Delta | None:
    """The change of all that moved. Its significance follows from whole intervals, because partial ones are smaller.

    None without a comparison, and for a currency with unknown decimals.
    """
    span, before = report.query.span, report.previous_span
    if before is None or report.previous is None or currency not in CURRENCIES:
        return None
    over = Span(span.start, min(span.end, moment), span.zone)
    intervals = (
        _whole_intervals(report, over, report.series, currency),
        _whole_intervals(report, before, report.previous_series, currency),
    )
    return of_volumes(currency, report.figures.net(currency), report.previous.net(currency), intervals)


def _whole_intervals(
    report: Report, span: Span, series: Sequence[tuple[datetime, Figures]], currency: str
) -> list[int]:
    """The net volume of each interval that lies entirely in the span."""
    whole = set(whole_intervals(span, report.query.granularity))
    return [figures.net(currency) for at, figures in series if at.astimezone(UTC) in whole]


def _of(report: Report, currency: str) -> Choice:
    choice = report.query.choice
    return Choice(currency=currency, brand=choice.brand, country=choice.country, three_d_secure=choice.three_d_secure)


def _point(volume: Volume | None, label: PeriodLabel, href: str) -> VolumePoint:
    if volume is None:
        return VolumePoint(label.short, None, None, None, full=label.full)
    minor = (volume.gross_minor, volume.refunded_minor, volume.net_minor)
    gross, refunded, net = (_major(amount, volume.currency) for amount in minor)
    return VolumePoint(label.short, gross, refunded, net, href=href, full=label.full)


def _major(minor: int, currency: str) -> Decimal:
    """Major units; minor units for a currency with unknown decimals."""
    major = Money(minor, currency).to_major_if_known()
    return Decimal(minor) if major is None else major


def _bare(minor: int, currency: str) -> str:
    """An amount without its currency, which stands beside it; minor units are labelled."""
    amount = amount_in(_major(minor, currency), "")
    return amount if currency in CURRENCIES else f"{amount} minor units"
