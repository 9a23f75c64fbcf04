"""Activity by weekday and hour, in seven steps of colour."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dashboards.charts.figure import Cell, Frame, Table, empty, figure
from dashboards.charts.markup import Attributes, el, escaped, join, mark, pct, slug
from dashboards.charts.plot import plane
from dashboards.lists.formats import NO_DATA, compact, count

STEPS = 7
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = 24
_ROW = 26
_TOP = 4
_LEGEND = 48


@dataclass(frozen=True)
class HeatCell:
    """An hour of the week: ``weekday`` 0 (Monday) to 6, ``hour`` 0 to 23, its value, and ``n`` behind the value."""

    weekday: int
    hour: int
    value: float | None
    n: int
    href: str | None = None


def heat_map(
    cells: Sequence[HeatCell],
    title: str,
    *,
    what: str = "Payments created",
    text: Callable[[float], str] = compact,
    from_zero: bool = True,
    subtitle: str = "",
    key: str = "",
) -> Markup:
    """Weekday × hour. ``text`` formats a value (``formats.percent`` for fractions); hours without a value are hatched.

    Colours run in seven equal steps from 0, or for rates (``from_zero=False``) from the lowest, to the highest value.
    """
    frame = Frame("heat", title, subtitle, key)
    by_place = {(cell.weekday, cell.hour): cell for cell in cells}
    values = [value for cell in by_place.values() if (value := _known(cell)) is not None]
    if not values:
        return empty(frame)
    low, high = min(0.0, *values) if from_zero else min(values), max(values)
    hatch = f"{frame.ident}-{slug('hatch')}"
    rows = []
    for day in range(len(DAYS)):
        y = day * _ROW
        label: Attributes = {"class": "chart-tick", "x": -8, "y": y + _ROW / 2, "dy": "0.32em", "text-anchor": "end"}
        rows.append(el("text", label, DAYS[day][:3]))
        rows += [
            _cell(by_place.get((day, hour), HeatCell(day, hour, None, 0)), (low, high), (what, text), hatch)
            for hour in range(HOURS)
        ]
    height = len(DAYS) * _ROW
    drawing = join(
        [_hatch(hatch), plane(_TOP, join(rows), _hours(height), _legend((low, high), text, height + 34, hatch))]
    )
    return figure(
        frame,
        drawing,
        _table(by_place, text),
        height=_TOP + height + 26 + _LEGEND,
        describe=_describe(by_place, what, text),
    )


def step_of(value: float, low: float, high: float) -> int:
    """The step of colour, 0 to 6, of a value between ``low`` and ``high``."""
    # Halves keep the difference of two huge numbers finite; the difference of the smallest becomes 0.
    if (spread := high / 2 - low / 2) <= 0:
        return STEPS - 1 if value > 0 else 0
    part = (value / 2 - low / 2) / spread
    return min(STEPS - 1, max(0, int(part * STEPS)))


def _cell(cell: HeatCell, ends: tuple[float, float], words: tuple[str, Callable[[float], str]], hatch: str) -> Markup:
    what, text = words
    when = f"{DAYS[cell.weekday]}, {cell.hour:02}:00 to {cell.hour:02}:59"
    if (value := _known(cell)) is None:
        css, fill, said = "heat heat-none", f' fill="url(#{escaped(hatch)})"', f"{when}\n{what}: {NO_DATA}"
    else:
        css, fill, written = f"heat heat-{step_of(value, *ends)}", "", text(value)
        counted = f" (n = {count(cell.n)})" if written != count(cell.n) else ""
        said = f"{when}\n{what}: {written}{counted}"
    place = f'x="{pct(cell.hour / HOURS)}" y="{cell.weekday * _ROW}" width="{pct(1 / HOURS)}" height="{_ROW}"'
    # Most marks of a page are these, so they are written directly for speed.
    shape = Markup(f'<rect class="{css}"{fill} {place}></rect>')  # noqa: S704
    return mark(said, cell.href, shape, css="mark-cell", tab=False)


def _known(cell: HeatCell | None) -> float | None:
    return None if cell is None or cell.value is None or not math.isfinite(cell.value) else cell.value


def _hatch(ident: str) -> Markup:
    pattern: Attributes = {
        "id": ident,
        "width": 6,
        "height": 6,
        "patternUnits": "userSpaceOnUse",
        "patternTransform": "rotate(45)",
    }
    stroke = el("line", {"class": "heat-hatch", "x1": 0, "x2": 0, "y1": 0, "y2": 6})
    return el("defs", None, el("pattern", pattern, stroke))


def _hours(height: int) -> Markup:
    parts = []
    for hour in range(0, HOURS, 3):
        attributes: Attributes = {
            "class": "chart-tick" + (" chart-wide" if hour % 6 else ""),
            "x": pct((hour + 0.5) / HOURS),
            "y": height + 17,
            "text-anchor": "middle",
        }
        parts.append(el("text", attributes, f"{hour:02}:00"))
    return join(parts)


def _legend(ends: tuple[float, float], text: Callable[[float], str], y: int, hatch: str) -> Markup:
    low, high = ends
    parts = [
        el("rect", {"class": f"heat heat-{step}", "x": step * 22, "y": y, "width": 22, "height": 12})
        for step in range(STEPS)
    ]
    wide = STEPS * 22
    parts.append(el("text", {"class": "chart-tick", "x": 0, "y": y + 27}, text(low)))
    parts.append(el("text", {"class": "chart-tick", "x": wide, "y": y + 27, "text-anchor": "end"}, text(high)))
    none: Attributes = {"x": wide + 20, "y": y, "width": 22, "height": 12}
    parts.append(el("rect", {"class": "heat heat-none", "fill": f"url(#{hatch})", **none}))
    parts.append(el("text", {"class": "chart-tick", "x": wide + 48, "y": y + 10}, NO_DATA))
    return el("g", {"class": "heat-legend"}, *parts)


def _table(by_place: dict[tuple[int, int], HeatCell], text: Callable[[float], str]) -> Table:
    rows: list[list[str | Cell]] = []
    for day, name in enumerate(DAYS):
        row: list[str | Cell] = [name]
        for hour in range(HOURS):
            cell = by_place.get((day, hour))
            value = _known(cell)
            if cell is None or value is None:
                row.append("–")
            else:
                written = text(value)
                counted = "" if written == count(cell.n) else f" (n = {count(cell.n)})"
                row.append(Cell(written + counted, cell.href))
        rows.append(row)
    return Table(["Day", *(f"{hour:02}:00" for hour in range(HOURS))], rows)


def _describe(by_place: dict[tuple[int, int], HeatCell], what: str, text: Callable[[float], str]) -> str:
    known = [(value, place) for place, cell in by_place.items() if (value := _known(cell)) is not None]
    (high, most), (low, least) = max(known), min(known)
    return (
        f"{what} by weekday and hour. Highest {text(high)} on {DAYS[most[0]]} at {most[1]:02}:00, lowest {text(low)} "
        f"on {DAYS[least[0]]} at {least[1]:02}:00. The table below has every number."
    )
