"""A funnel: counts from step to step, with the branches of a step side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dashboards.charts.figure import Cell, Frame, Table, empty, figure
from dashboards.charts.markup import Attributes, el, join, mark, num, pct
from dashboards.charts.plot import ACROSS, stretched
from dashboards.lists.formats import count, share

_TEXT = 22
_BAR = 26
_GAP = 22
_STEP = _TEXT + _BAR + _GAP


@dataclass(frozen=True)
class FunnelPart:
    """A branch of a step; ``css`` is one of ``challenged``, ``frictionless``, ``unknown``, ``plain``."""

    label: str
    count: int
    css: str = "plain"
    meaning: str = ""


@dataclass(frozen=True)
class FunnelStep:
    """A step and its branches, which lie side by side; its count is their sum."""

    label: str
    parts: tuple[FunnelPart, ...]

    @property
    def count(self) -> int:
        """How many took the step."""
        return sum(part.count for part in self.parts)


def funnel(
    steps: Sequence[FunnelStep],
    title: str,
    *,
    unit: str = "attempts",
    subtitle: str = "",
    note: str = "",
    key: str = "",
) -> Markup:
    """Counts of ``unit`` from step to step, with each one's share of the first and of the previous step."""
    frame = Frame("funnel", title, subtitle, key)
    most = max((step.count for step in steps), default=0)
    if most <= 0:
        return empty(frame)
    height = len(steps) * _STEP - _GAP + 4
    flows, marks = [], []
    for index, step in enumerate(steps):
        y = index * _STEP
        if index:
            flows.append(_flow(steps[index - 1].count / most, step.count / most, y))
        marks.append(_texts(steps, index, y))
        left = 0.0
        for part in step.parts:
            width = max(0, part.count) / most
            marks.append(_part(part, steps, index, (left, width), unit))
            left += width
    legend = [(f"funnel-{part.css}", part.label) for step in steps if len(step.parts) > 1 for part in step.parts]
    drawing = join([stretched(height, *flows), *marks])
    return figure(
        frame, drawing, _table(steps), height=height, describe=_describe(steps, unit), legend=legend, note=note
    )


def _flow(above: float, below: float, y: int) -> Markup:
    """The area that narrows from one bar to the next."""
    top, bottom = num(y - _GAP + 0.0), num(y + _TEXT + 0.0)
    corners = f"0,{top} {num(above * ACROSS)},{top} {num(below * ACROSS)},{bottom} 0,{bottom}"
    return el("polygon", {"class": "funnel-flow", "points": corners})


def _texts(steps: Sequence[FunnelStep], index: int, y: int) -> Markup:
    step = steps[index]
    share_of_first = el("tspan", {"class": "funnel-share", "dx": 8}, share(step.count, steps[0].count)) if index else ""
    before = Markup("")
    if index:
        before = el(
            "text",
            {"class": "funnel-before chart-wide", "x": "100%", "y": y + 15, "text-anchor": "end"},
            f"{share(step.count, steps[index - 1].count)} of the previous step",
        )
    label = el(
        "text",
        {"class": "funnel-label", "x": 0, "y": y + 15},
        f"{step.label} ",
        el("tspan", {"class": "funnel-count", "dx": 4}, count(step.count)),
        share_of_first,
    )
    return join([label, before])


def _part(part: FunnelPart, steps: Sequence[FunnelStep], index: int, place: tuple[float, float], unit: str) -> Markup:
    tooltip = [f"{part.label}: {count(part.count)} {unit}"]
    if index:
        tooltip.append(f"{share(part.count, steps[0].count)} of {steps[0].label.lower()}")
        tooltip.append(f"{share(part.count, steps[index - 1].count)} of the previous step")
    if part.meaning:
        tooltip.append(part.meaning)
    left, width = place
    y = index * _STEP + _TEXT
    bar: Attributes = {"class": f"bar funnel-{part.css}", "x": pct(left), "y": y, "width": pct(width), "height": _BAR}
    shapes = [el("rect", bar)]
    if len(steps[index].parts) > 1 and width > 0.12:
        text: Attributes = {
            "class": f"on-{part.css}" + ("" if width > 0.3 else " chart-wide"),
            "x": pct(left),
            "dx": 8,
            "y": y + _BAR / 2,
            "dy": "0.35em",
        }
        shapes.append(el("text", text, f"{part.label} {count(part.count)}"))
    return mark("\n".join(tooltip), None, *shapes, css="mark-part")


def _table(steps: Sequence[FunnelStep]) -> Table:
    rows: list[list[str | Cell]] = []
    for index, step in enumerate(steps):
        entries = [(step.label, step.count)]
        if len(step.parts) > 1:
            entries += [(f"of these {part.label.lower()}", part.count) for part in step.parts]
        for label, number in entries:
            before = share(number, steps[index - 1].count) if index else "–"
            rows.append([label, count(number), share(number, steps[0].count), before])
    return Table(["Step", "Count", f"Of {steps[0].label}", "Of the previous step"], rows)


def _describe(steps: Sequence[FunnelStep], unit: str) -> str:
    counts = ", ".join(f"{step.label} {count(step.count)}" for step in steps)
    return f"{unit.capitalize()} by step: {counts}. The table below has every number."
