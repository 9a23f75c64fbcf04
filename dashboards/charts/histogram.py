"""Payments by processing time, on an axis with space for short and long times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dashboards.charts.axis import DurationScale, linear_scale
from dashboards.charts.figure import Cell, Frame, Table, empty, figure
from dashboards.charts.markup import Attributes, el, join, mark, num, pct
from dashboards.charts.plot import BOTTOM, MOST_TAB_STOPS, grid, plane
from dashboards.lists.formats import compact, count, duration, share

HEIGHT = 170
_ROW = 16
# The minimum distance between labels of durations, as a fraction of the width.
_APART = 0.09


@dataclass(frozen=True)
class Bucket:
    """``count`` payments that took from ``start`` up to ``end`` seconds; ``end`` is ``None`` for the open last one."""

    start: float
    end: float | None
    count: int
    href: str | None = None


def histogram(
    buckets: Sequence[Bucket],
    title: str,
    *,
    p50: float | None = None,
    p95: float | None = None,
    mean: float | None = None,
    subtitle: str = "",
    key: str = "",
) -> Markup:
    """Payments by processing time; buckets, ``p50``, ``p95`` and ``mean`` in seconds. Buckets are in order."""
    frame = Frame("histogram", title, subtitle, key)
    total = sum(bucket.count for bucket in buckets)
    if total <= 0:
        return empty(frame)
    scale = _scale(buckets, [value for value in (p50, p95, mean) if value is not None and math.isfinite(value)])
    upright = linear_scale(0, max(bucket.count for bucket in buckets), whole=True)
    markers = sorted(
        (value, name, css)
        for value, name, css in ((p50, "p50", "median"), (p95, "p95", "p95"), (mean, "mean", "mean"))
        if value is not None and math.isfinite(value)
    )
    top = 10 + _ROW * len(markers)
    bars = [_bar(bucket, scale, upright.at(bucket.count), total, len(buckets)) for bucket in buckets]
    drawing = plane(
        top,
        grid(upright, HEIGHT, compact),
        _axis(scale),
        join(bars),
        join([_marker(*marker, scale, row - len(markers)) for row, marker in enumerate(markers)]),
    )
    figures = ", ".join(f"{name} {duration(value)}" for value, name, _ in markers) or "no percentiles"
    return figure(
        frame,
        drawing,
        _table(buckets, total),
        height=top + HEIGHT + BOTTOM,
        describe=f"{count(total)} payments by processing time: {figures}. The table below has every number.",
        note="The time axis is compressed: equal distances are equal factors, not equal differences.",
    )


def _end(bucket: Bucket) -> float:
    """The end of a bucket on the axis; the open one is drawn as wide as its start and labelled as open."""
    return bucket.end if bucket.end is not None else max(bucket.start * 2, bucket.start + 1)


def _scale(buckets: Sequence[Bucket], values: Sequence[float]) -> DurationScale:
    used = [bucket for bucket in buckets if bucket.count > 0]
    high = max(*(_end(bucket) for bucket in used), *values, 1.0)
    starts = [bucket.start for bucket in used if bucket.start > 0]
    return DurationScale(knee=min(max(min(starts, default=1.0), 0.1), high), high=high)


def _axis(scale: DurationScale) -> Markup:
    parts = []
    for place, seconds in enumerate(scale.ticks(_APART)):
        attributes: Attributes = {
            "class": "chart-tick" + (" chart-wide" if place % 2 else ""),
            "x": pct(scale.at(seconds)),
            "y": HEIGHT + 18,
            "text-anchor": "middle",
        }
        parts.append(el("text", attributes, duration(seconds)))
    return join(parts)


def _range(bucket: Bucket) -> str:
    if bucket.end is None:
        return f"{duration(bucket.start)} and longer"
    return f"{duration(bucket.start)} to {duration(bucket.end)}"


def _bar(bucket: Bucket, scale: DurationScale, part: float, total: int, number: int) -> Markup:
    left, right = scale.at(bucket.start), scale.at(_end(bucket))
    said = f"{_range(bucket)}\n{count(bucket.count)} payments ({share(bucket.count, total)})"
    tall = max(part * HEIGHT, 1.0 if bucket.count > 0 else 0.0)
    width = max(right - left, 0.0)
    place = {"x": pct(left), "width": pct(width)}
    shapes = [
        el("rect", {"class": "chart-hit", "y": 0, "height": HEIGHT, **place}),
        el("rect", {"class": "bar column-time", "y": HEIGHT - tall, "height": num(tall), **place}),
    ]
    return mark(said, bucket.href, *shapes, css="mark-column", tab=number <= MOST_TAB_STOPS)


def _marker(value: float, name: str, css: str, scale: DurationScale, row: int) -> Markup:
    """A line down from its label; each label has its own row, so that none covers another."""
    x, y = scale.at(value), row * _ROW
    to_left = x > 0.7
    text: Attributes = {
        "class": f"chart-direct text-{css}",
        "x": pct(x),
        "dx": -6 if to_left else 6,
        "y": y + 9,
        "text-anchor": "end" if to_left else "start",
    }
    line: Attributes = {"class": f"marker marker-{css}", "x1": pct(x), "x2": pct(x), "y1": y, "y2": HEIGHT}
    return el("g", {"class": "chart-marker"}, el("line", line), el("text", text, f"{name} {duration(value)}"))


def _table(buckets: Sequence[Bucket], total: int) -> Table:
    rows: list[list[str | Cell]] = []
    passed = 0
    for bucket in buckets:
        passed += bucket.count
        rows.append(
            [Cell(_range(bucket), bucket.href), count(bucket.count), share(bucket.count, total), share(passed, total)]
        )
    return Table(["Time", "Payments", "Share", "Cumulative"], rows)
