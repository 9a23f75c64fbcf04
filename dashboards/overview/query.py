"""Reads the view of the overview from its address; invalid parameters become the nearest sensible view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.figures import periods
from app.domain.figures.periods import Compare, Granularity, Span
from app.models.figures.rollups import Choice
from app.services.figures.report import MOST_DAYS, MOST_DAYS_BY_HOUR, FiguresQuery
from dashboards.lists.formats import span_words
from dashboards.lists.links import span_parameters
from dashboards.lists.query import CURRENCY, Chip, Problem, Reader, preset_span

DEFAULT_RANGE = "30d"
NOTHING = "none"
COMPARE: Mapping[str, str] = {
    Compare.PREVIOUS.value: "Previous period",
    Compare.YEAR.value: "Year before",
    NOTHING: "Nothing",
}
INTERVALS: Mapping[str, str] = {
    Granularity.HOUR.value: "Hours",
    Granularity.DAY.value: "Days",
    Granularity.WEEK.value: "Weeks",
    Granularity.MONTH.value: "Months",
}
HEAT: Mapping[str, str] = {"created": "Payments created", "success": "Success rate"}
_DEFAULT_DAYS = 30
_SHOWING_DEFAULT = f"Showing the last {_DEFAULT_DAYS} days."
# Filters that appear as chips; heading and form show the range, the interval and the comparison.
_FILTERS = frozenset({"currency", "brand", "country", "three_d_secure", "from"})
# The interval for ranges up to so many days, which gives a line of a few dozen points.
_INTERVAL_UP_TO = ((2, Granularity.HOUR), (92, Granularity.DAY), (400, Granularity.WEEK))


@dataclass(frozen=True, slots=True)
class OverviewQuery:
    """A view of the figures. ``volume`` is the requested currency of the volume chart, ``heat`` the values of the heat
    map; ``moment`` is the present.
    """

    figures: FiguresQuery
    parameters: dict[str, str]
    chips: list[Chip]
    problems: list[Problem]
    volume: str | None
    heat: str
    moment: datetime

    @property
    def is_live(self) -> bool:
        """True while the range is not over, so its figures may still change."""
        return self.figures.span.start <= self.moment < self.figures.span.end

    @property
    def preset(self) -> str | None:
        """The selected preset; None for custom dates."""
        return None if self.parameters.keys() & {"from", "to"} else self.parameters.get("range", DEFAULT_RANGE)

    @property
    def compare(self) -> str:
        """The selected option of the comparison."""
        return self.figures.compare.value if self.figures.compare else NOTHING


def read(arguments: Mapping[str, str], zone: ZoneInfo, moment: datetime) -> OverviewQuery:
    """The view of an address at ``moment``; ``problems`` names what it could not use."""
    reader = Reader(arguments, zone)
    start, end = reader.range(fallback=_SHOWING_DEFAULT)
    span = _span(start, end, preset_span(DEFAULT_RANGE, moment, zone), reader)
    choice = Choice(**reader.shared_filters())
    compare = (
        reader.option("compare", "Comparison", COMPARE, fallback="Comparing with the previous period.")
        or Compare.PREVIOUS.value
    )
    figures = FiguresQuery(
        span=span,
        choice=choice,
        granularity=_granularity(span, reader),
        compare=None if compare == NOTHING else Compare(compare),
        monthly=reader.parameters.get("range") == "month",
        by_hour=True,
    )
    volume = reader.pattern("volume", "Currency of the volume", CURRENCY, "usd", fold=str.lower)
    heat = reader.option("heat", "Heat map", HEAT, fallback="Showing the payments created.") or next(iter(HEAT))
    chips = [chip for chip in reader.chips if chip.names[0] in _FILTERS]
    return OverviewQuery(figures, reader.parameters, chips, reader.problems, volume, heat, moment)


def _span(start: datetime | None, end: datetime | None, default: Span, reader: Reader) -> Span:
    """The requested range within bounds; ``default`` without one."""
    if start is None and end is None:
        return default
    zone = default.zone
    end = end or default.end
    first = end.astimezone(zone).date() - timedelta(days=_DEFAULT_DAYS)
    span = Span(start or periods.day_start(first, zone), end, zone)
    if span.end <= span.start:
        reader.refuse("This range is empty.", _SHOWING_DEFAULT)
        reader.leave_out("range", "from", "to")
        return default
    if span.days > MOST_DAYS:
        reader.refuse(f"A range has at most {MOST_DAYS} days (two years).", "Showing the last of them.")
        first = span.last_day - timedelta(days=MOST_DAYS - 1)
        span = Span(periods.day_start(first, zone), span.end, zone)
        # Form and chip state the range that is shown.
        reader.leave_out("from", "to")
        reader.parameters |= span_parameters(span)
        reader.chips.append(Chip("Date", span_words(span), ("from", "to")))
    return span


def _granularity(span: Span, reader: Reader) -> Granularity:
    requested = reader.option("granularity", "Interval", INTERVALS, fallback="Showing the usual interval.")
    if requested == Granularity.HOUR and span.days > MOST_DAYS_BY_HOUR:
        reader.refuse(f"Hours can be shown for at most {MOST_DAYS_BY_HOUR} days.", "Showing longer intervals.")
        reader.leave_out("granularity")
        requested = None
    if requested:
        return Granularity(requested)
    return next((interval for most, interval in _INTERVAL_UP_TO if span.days <= most), Granularity.MONTH)
