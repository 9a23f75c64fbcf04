"""Money per period: gross above the line, refunds below it, and net as a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from dashboards.charts.axis import Scale, linear_scale
from dashboards.charts.figure import Cell, Frame, Table, empty, figure
from dashboards.charts.markup import el, join, mark, num, pct
from dashboards.charts.plot import BOTTOM, MOST_TAB_STOPS, grid, hit, lines, period_axis, plane, slot, stretched
from dashboards.lists.formats import amount_in, compact

TOP = 12
HEIGHT = 200
# The minimum height in pixels of a column with a value, so that small values stay visible.
_LEAST = 1.0
# Up to so many points the net line has a dot at each.
_FEW = 45
# Up to so many columns have gaps between them and a net line with a halo.
MOST_WIDE = 62


@dataclass(frozen=True)
class VolumePoint:
    """A period's money in one unit, usually a major unit; ``refunded`` is positive, ``None`` is no data."""

    label: str
    gross: Decimal | None
    refunded: Decimal | None
    net: Decimal | None
    href: str | None = None
    full: str = ""


def columns(points: Sequence[VolumePoint], title: str, *, unit: str, subtitle: str = "", key: str = "") -> Markup:
    """Volume per period, oldest first: gross up, refunded down, net a line. ``unit`` labels the amounts: ``USD``."""
    frame = Frame("columns", title, subtitle, key)
    tops = [_number(point.gross) for point in points]
    backs = [_down(point.refunded) for point in points]
    nets = [_number(point.net) for point in points]
    known = [value for value in (*tops, *backs, *nets) if value is not None]
    if not known:
        return empty(frame)
    scale = linear_scale(min(known), max(known))
    number = len(points)
    marks = []
    for index, point in enumerate(points):
        shapes = [hit(index, number, HEIGHT)]
        shapes += _column("column-gross", tops[index], index, number, scale)
        shapes += _column("column-refunded", backs[index], index, number, scale)
        marks.append(mark(_tooltip(point, unit), point.href, *shapes, css="mark-column", tab=number <= MOST_TAB_STOPS))
    drawing = plane(
        TOP,
        grid(scale, HEIGHT, compact),
        period_axis([point.label for point in points], HEIGHT),
        join(marks),
        stretched(HEIGHT, *_net(nets, scale)),
        join(_dots(nets, scale)),
    )
    return figure(
        frame,
        drawing,
        _table(points, unit),
        height=TOP + HEIGHT + BOTTOM,
        describe=_describe(points, unit),
        legend=[("column-gross", f"Gross ({unit})"), ("column-refunded", "Refunded"), ("line-net", "Net")],
    )


def _number(amount: Decimal | None) -> float | None:
    return None if amount is None or not amount.is_finite() else float(amount)


def _down(amount: Decimal | None) -> float | None:
    return None if (value := _number(amount)) is None else -value


def _column(css: str, value: float | None, index: int, number: int, scale: Scale) -> list[Markup]:
    if not value:
        return []
    zero, end = (HEIGHT * (1 - scale.at(at)) for at in (0.0, value))
    tall = max(abs(end - zero), _LEAST)
    # Few columns get wide gaps, so that they do not become walls; hundreds leave no space for gaps.
    gap = max(0.3, 1 - number * 0.1) if number <= MOST_WIDE else 0.12
    y, width = zero - tall if value > 0 else zero, pct((1 - gap) / number)
    place = f'x="{pct((index + gap / 2) / number)}" y="{num(y)}" width="{width}" height="{num(tall)}"'
    return [Markup(f'<rect class="{css}" {place}></rect>')]  # noqa: S704


def _net(nets: Sequence[float | None], scale: Scale) -> list[Markup]:
    """The net line; a thin one over hundreds of columns, which it would otherwise hide."""
    if len(nets) > MOST_WIDE:
        return lines(nets, "line-net line-thin", scale, HEIGHT)
    return lines(nets, "line-under", scale, HEIGHT) + lines(nets, "line-net", scale, HEIGHT)


def _dots(nets: Sequence[float | None], scale: Scale) -> list[Markup]:
    number = len(nets)
    found = []
    for index, value in enumerate(nets):
        alone = (index == 0 or nets[index - 1] is None) and (index + 1 == number or nets[index + 1] is None)
        if value is not None and (alone or number <= _FEW):
            y = HEIGHT * (1 - scale.at(value))
            dot = el("circle", {"class": "dot-net", "cx": pct(slot(index, number)), "cy": y, "r": 2.5})
            found.append(dot)
    return found


def _tooltip(point: VolumePoint, unit: str) -> str:
    return (
        f"{point.full or point.label}\nGross {amount_in(point.gross, unit)}\n"
        f"Refunded {amount_in(point.refunded, unit)}\nNet {amount_in(point.net, unit)}"
    )


def _table(points: Sequence[VolumePoint], unit: str) -> Table:
    rows: list[list[str | Cell]] = [
        [
            Cell(point.full or point.label, point.href),
            *(amount_in(amount, "") for amount in (point.gross, point.refunded, point.net)),
        ]
        for point in points
    ]
    return Table(["Period", f"Gross, {unit}", f"Refunded, {unit}", f"Net, {unit}"], rows)


def _describe(points: Sequence[VolumePoint], unit: str) -> str:
    gross, refunded, net = (
        sum((amount for amount in amounts if amount is not None), Decimal(0))
        for amounts in zip(*((point.gross, point.refunded, point.net) for point in points), strict=True)
    )
    return (
        f"Volume over {len(points)} periods, from {points[0].full or points[0].label} to "
        f"{points[-1].full or points[-1].label}: gross {amount_in(gross, unit)}, refunded "
        f"{amount_in(refunded, unit)}, net {amount_in(net, unit)}. The table below has every number."
    )
