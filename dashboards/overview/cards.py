"""The cards of the overview: each figure with its counts, its trend, its change and links to its payments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.domain.figures.contributions import Outcome
from app.domain.figures.figures import DEFINITIONS, Figures
from app.domain.figures.statistics import Ratio
from app.models.listing.payments import FigureFilter
from app.services.figures.report import Report
from dashboards.charts import sparkline
from dashboards.lists import links
from dashboards.lists.formats import NO_DATA, count, duration, percent, share
from dashboards.overview.changes import Delta, of_counts, of_ratios, of_times

_P50, _P95 = 0.5, 0.95


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a sentence; one with ``href`` is a number and links to that many payments, refunds or disputes."""

    text: str
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A figure. ``basis`` is the sentence about the counts behind it; ``notes`` are further sentences."""

    key: str
    title: str
    definition: str
    value: str
    basis: tuple[Part, ...]
    spark: Markup
    change: Delta | None = None
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[Part, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class StatusShare:
    """The payments with one outcome; ``start`` and ``width`` are percentages of all, for the bar."""

    name: str
    label: str
    meaning: str
    count: int
    share: str
    href: str
    start: float
    width: float


_STATUSES = {
    Outcome.COMPLETED: ("Completed", "The money was captured."),
    Outcome.FAILED: ("Failed", "At least one attempt failed and none succeeded, including canceled payments."),
    Outcome.CANCELED: ("Canceled", "Canceled without a failed attempt."),
    Outcome.OPEN: ("Open", "Attempted, but neither completed nor failed yet."),
    Outcome.ABANDONED: ("Never attempted", "Created, but no payment was attempted."),
}


def created(report: Report) -> tuple[Part, Delta | None]:
    """The number of payments created, and its change."""
    query, before = report.query, report.previous
    number = report.figures.count("created")
    href = links.payments_link(query.span, query.choice)
    return Part(count(number), href), of_counts(number, before.count("created")) if before else None


def status_breakdown(report: Report) -> list[StatusShare]:
    """The created payments by outcome; the numbers add up to all of them."""
    figures, total, start = report.figures, report.figures.count("created"), 0
    breakdown = []
    for outcome, (label, meaning) in _STATUSES.items():
        number = figures.count(outcome.value)
        href = _list(report, FigureFilter(outcome.value))
        place = [100 * value / total if total else 0.0 for value in (start, number)]
        breakdown.append(StatusShare(outcome.value, label, meaning, number, share(number, total), href, *place))
        start += number
    return breakdown


def cards(report: Report) -> list[Card]:
    """Every figure except money."""
    return [
        _ratio(report, "success_rate", "Success rate", _success, (FigureFilter.COMPLETED, FigureFilter.DECIDED), 1),
        _ratio(
            report,
            "first_attempt_success",
            "First-attempt success",
            lambda figures: figures.first_attempt_success,
            (FigureFilter.FIRST_SUCCEEDED, FigureFilter.WITH_OUTCOME),
            1,
        ),
        _times(report),
        _three_d_secure(report),
        _ratio(report, "refund_rate", "Refund rate", _refunded, (FigureFilter.REFUNDED, FigureFilter.COMPLETED), -1),
        _disputes(report),
    ]


def _success(figures: Figures) -> Ratio:
    return figures.success_rate


def _refunded(figures: Figures) -> Ratio:
    return figures.refund_rate


def _disputed(figures: Figures) -> Ratio:
    return figures.dispute_rate


def _requested(figures: Figures) -> Ratio:
    return figures.three_d_secure_rate


def _ratio(
    report: Report,
    key: str,
    title: str,
    read: Callable[[Figures], Ratio],
    counts: tuple[FigureFilter, FigureFilter],
    better: int,
    notes: tuple[tuple[Part, ...], ...] = (),
) -> Card:
    ratio = read(report.figures)
    number, total = (_list(report, one) for one in counts)
    return Card(
        key=key,
        title=title,
        definition=DEFINITIONS[key],
        value=percent(ratio.value),
        basis=(Part(count(ratio.n), number), Part("of"), Part(count(ratio.total), total), Part("payments")),
        spark=_spark(title, [read(step).value for _, step in report.series], percent),
        change=of_ratios(ratio, read(report.previous), better=better) if report.previous else None,
        notes=notes,
    )


def _three_d_secure(report: Report) -> Card:
    """The rate counts attempts and its list has payments, so the card states both."""
    ratio, title = report.figures.three_d_secure_rate, "3-D Secure rate"
    payments = report.figures.count("3ds_payments")
    return Card(
        key="three_d_secure",
        title=title,
        definition=DEFINITIONS["three_d_secure"],
        value=percent(ratio.value),
        basis=(Part(f"{count(ratio.n)} of {count(ratio.total)} attempts"),),
        spark=_spark(title, [_requested(step).value for _, step in report.series], percent),
        change=of_ratios(ratio, _requested(report.previous)) if report.previous else None,
        notes=(
            (
                Part("Requested in"),
                Part(count(payments), _list(report, FigureFilter.THREE_D_SECURE)),
                Part("of"),
                created(report)[0],
                Part("payments"),
            ),
        ),
    )


def _times(report: Report) -> Card:
    figures, title = report.figures, "Processing time"
    median, slow = (figures.percentile_seconds(part) for part in (_P50, _P95))
    return Card(
        key="processing_time",
        title=title,
        definition=DEFINITIONS["processing_time"],
        value=_seconds(figures.mean_seconds),
        basis=(Part("mean of"), Part(count(figures.timed), _list(report, FigureFilter.COMPLETED)), Part("payments")),
        spark=_spark(title, [step.mean_seconds for _, step in report.series], duration),
        change=of_times(figures, report.previous) if report.previous else None,
        facts=(("Median (p50)", _seconds(median)), ("p95", _seconds(slow))),
    )


def _disputes(report: Report) -> Card:
    query, opened = report.query, report.figures.disputes_opened
    href = links.disputes_link(query.span, query.choice)
    text = "dispute was opened in this range" if opened == 1 else "disputes were opened in this range"
    note = (Part(count(opened), href), Part(text))
    counts = (FigureFilter.DISPUTED, FigureFilter.COMPLETED)
    return _ratio(report, "dispute_rate", "Dispute rate", _disputed, counts, -1, (note,))


def _list(report: Report, figure: FigureFilter) -> str:
    return links.payments_link(report.query.span, report.query.choice, figure=figure)


def _spark(title: str, values: Sequence[float | None], text: Callable[[float], str]) -> Markup:
    return sparkline(values, label=f"{title} by interval", text=text)


def _seconds(value: float | None) -> str:
    return NO_DATA if value is None else duration(value)
