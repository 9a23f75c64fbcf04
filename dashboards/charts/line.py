"""A rate over time, with its confidence band and the previous period."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dashboards.charts.axis import Scale, finite, percent_scale
from dashboards.charts.figure import Cell, Frame, Table, empty, figure
from dashboards.charts.markup import Attributes, el, join, mark, num, pct
from dashboards.charts.plot import (
    ACROSS,
    BOTTOM,
    MOST_TAB_STOPS,
    grid,
    hit,
    lines,
    period_axis,
    plane,
    runs,
    slot,
    stretched,
)
from dashboards.lists.formats import NO_DATA, count, percent

TOP = 16
HEIGHT = 200
_FEW = 45


@dataclass(frozen=True)
class BandPoint:
    """A period's rate as a fraction (0.93 is 93%), ``None`` without data, with its 95% confidence bounds.

    ``label`` is for the axis, ``full`` for tooltip and table. The rate is ``n`` of ``total``.
    """

    label: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    total: int
    href: str | None = None
    full: str = ""


def line_with_band(
    points: Sequence[BandPoint],
    title: str,
    *,
    subtitle: str = "",
    previous: Sequence[float | None] = (),
    previous_label: str = "Previous period",
    what: str = "Rate",
    key: str = "",
) -> Markup:
    """A rate (fractions of 1) per period, oldest first, with its 95% band and, dashed, the ``previous`` rates.

    ``previous`` goes with ``points`` one to one; missing values are gaps. ``what`` names the rate in the table.
    """
    frame = Frame("line", title, subtitle, key)
    values = [_known(point.value) for point in points]
    before = [_known(value) for value in (*previous, *[None] * len(points))[: len(points)]]
    if not finite(values) and not finite(before):
        return empty(frame)
    bands = [_band(point) for point in points]
    drawn = finite([*values, *before, *(end for band in bands if band for end in band)])
    scale = percent_scale(min(drawn), max(drawn))
    digits = 0 if scale.step >= 0.00999 else 1 if scale.step >= 0.00099 else 2
    marks = [_mark(index, points, values, before, scale) for index in range(len(points))]
    area = stretched(
        HEIGHT,
        *_areas(bands, scale),
        *lines(before, "line-previous", scale, HEIGHT),
        *lines(values, "line-value", scale, HEIGHT),
    )
    drawing = plane(
        TOP,
        grid(scale, HEIGHT, lambda tick: percent(tick, digits)),
        period_axis([point.label for point in points], HEIGHT),
        area,
        join([_whisker(index, band, len(bands), scale) for index, band in _lone(bands)]),
        join(marks),
        _last(values, scale),
    )
    legend = [("line-value", what)]
    if any(bands):
        legend.append(("area-band", "95% confidence"))
    if finite(before):
        legend.append(("line-previous", previous_label))
    notes = [f"The axis starts at {percent(scale.low, digits)}, not at 0."] if scale.low > 0 else []
    if None in values:
        notes.append("Gaps: periods without data.")
    return figure(
        frame,
        drawing,
        _table(points, before, what, previous_label),
        height=TOP + HEIGHT + BOTTOM,
        describe=_describe(points, values, what),
        legend=legend,
        note=" ".join(notes),
    )


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _band(point: BandPoint) -> tuple[float, float] | None:
    low, high = _known(point.low), _known(point.high)
    if low is None or high is None or _known(point.value) is None:
        return None
    return min(low, high), max(low, high)


def _areas(bands: Sequence[tuple[float, float] | None], scale: Scale) -> list[Markup]:
    found = []
    for run in runs([None if band is None else index for index, band in enumerate(bands)]):
        if len(run) < 2:
            continue
        there = [_corner(index, bands, 1, scale) for index, _ in run]
        back = [_corner(index, bands, 0, scale) for index, _ in reversed(run)]
        found.append(el("polygon", {"class": "area-band", "points": " ".join(there + back)}))
    return found


def _corner(index: int, bands: Sequence[tuple[float, float] | None], end: int, scale: Scale) -> str:
    band = bands[index] or (0.0, 0.0)
    y = HEIGHT * (1 - scale.at(band[end]))
    return f"{num(slot(index, len(bands)) * ACROSS)},{num(y)}"


def _lone(bands: Sequence[tuple[float, float] | None]) -> list[tuple[int, tuple[float, float]]]:
    """Bands without a neighbour, which have no area to draw."""
    alone = []
    for index, band in enumerate(bands):
        left = bands[index - 1] if index else None
        right = bands[index + 1] if index + 1 < len(bands) else None
        if band is not None and left is None and right is None:
            alone.append((index, band))
    return alone


def _whisker(index: int, band: tuple[float, float], number: int, scale: Scale) -> Markup:
    x = pct(slot(index, number))
    y1, y2 = (HEIGHT * (1 - scale.at(end)) for end in band)
    return el("line", {"class": "line-whisker", "x1": x, "x2": x, "y1": y1, "y2": y2})


def _mark(
    index: int,
    points: Sequence[BandPoint],
    values: Sequence[float | None],
    before: Sequence[float | None],
    scale: Scale,
) -> Markup:
    point, value, number = points[index], values[index], len(points)
    said = [point.full or point.label, f"{percent(value)} ({count(point.n)} of {count(point.total)})"]
    if band := _band(point):
        said.append(f"95% confidence {percent(band[0])} to {percent(band[1])}")
    if before[index] is not None:
        said.append(f"Previous: {percent(before[index])}")
    shapes = [hit(index, number, HEIGHT)]
    if value is not None:
        neighbours = (values[max(0, index - 1)], values[min(number - 1, index + 1)])
        shown = number == 1 or (index > 0 and neighbours[0] is None) or neighbours[1] is None
        alone = (index == 0 or neighbours[0] is None) and (index + 1 == number or neighbours[1] is None)
        css = "dot dot-shown" if alone or (shown and number <= _FEW) else "dot"
        y = HEIGHT * (1 - scale.at(value))
        shapes.append(el("circle", {"class": css, "cx": pct(slot(index, number)), "cy": y, "r": 3.5}))
    return mark("\n".join(said), point.href, *shapes, tab=number <= MOST_TAB_STOPS)


def _last(values: Sequence[float | None], scale: Scale) -> Markup:
    """The latest value, as a label at its point."""
    known = [(index, value) for index, value in enumerate(values) if value is not None]
    if not known:
        return Markup("")
    index, value = known[-1]
    x, y = slot(index, len(values)), HEIGHT * (1 - scale.at(value))
    anchor = "end" if x > 0.9 else "middle"
    label: Attributes = {
        "class": "chart-direct",
        "x": pct(x),
        "dx": 6 if anchor == "end" else 0,
        "y": y - 9,
        "text-anchor": anchor,
    }
    return join(
        [el("circle", {"class": "dot-last", "cx": pct(x), "cy": y, "r": 3.5}), el("text", label, percent(value))]
    )


def _table(points: Sequence[BandPoint], before: Sequence[float | None], what: str, previous_label: str) -> Table:
    compared = any(value is not None for value in before)
    heads = ["Period", what, "Count", "Total", "95% from", "95% to", *([previous_label] if compared else [])]
    rows: list[list[str | Cell]] = []
    for index, point in enumerate(points):
        band = _band(point)
        ends = [percent(band[0]), percent(band[1])] if band else ["–", "–"]
        row: list[str | Cell] = [Cell(point.full or point.label, point.href), percent(_known(point.value))]
        row += [count(point.n), count(point.total), *ends]
        rows.append(row + ([percent(before[index])] if compared else []))
    return Table(heads, rows)


def _describe(points: Sequence[BandPoint], values: Sequence[float | None], what: str) -> str:
    known = [(value, point) for value, point in zip(values, points, strict=True) if value is not None]
    if not known:
        return f"{what}: {NO_DATA} in this range, only in the previous one. The table below has every number."
    (low, worst), (high, best) = min(known, key=lambda item: item[0]), max(known, key=lambda item: item[0])
    return (
        f"{what} over {len(points)} periods, from {points[0].full or points[0].label} to "
        f"{points[-1].full or points[-1].label}. Lowest {percent(low)} ({worst.full or worst.label}), highest "
        f"{percent(high)} ({best.full or best.label}), latest {percent(known[-1][0])}. "
        "The table below has every number."
    )
