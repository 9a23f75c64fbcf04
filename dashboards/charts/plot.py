"""The plane of charts with axes. Horizontal positions are percentages, so that it fits any screen while its text keeps
its size; vertical positions are pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from markupsafe import Markup

from dashboards.charts.axis import Scale, label_step
from dashboards.charts.markup import Attributes, el, join, num, pct

BOTTOM = 26
MOST_LABELS = 8
# With more marks than this, tabbing through them takes too long; the table has the same links.
MOST_TAB_STOPS = 31
# The width of the plane in which lines are drawn before they are stretched to the screen.
ACROSS = 1000.0


def slot(index: int, number: int) -> float:
    """The middle of a period's slot, as a fraction of the width."""
    return (index + 0.5) / number


def plane(top: int, *layers: Markup) -> Markup:
    """The area beside the y axis, from ``top`` pixels down; the style sheet gives the drawing its margins."""
    return el("g", {"class": "chart-plane", "transform": f"translate(0 {top})"}, *layers)


def stretched(height: int, *shapes: Markup) -> Markup:
    """Lines and areas in a plane ``ACROSS`` wide that stretches to its container; strokes keep their width."""
    place: Attributes = {
        "class": "chart-stretch",
        "viewBox": f"0 0 {num(ACROSS)} {height}",
        "preserveAspectRatio": "none",
        "width": "100%",
        "height": height,
        "overflow": "visible",
    }
    return el("svg", place, *shapes)


def grid(scale: Scale, height: int, text: Callable[[float], str]) -> Markup:
    """A fine line and a label for each tick; the zero line is stronger."""
    parts = []
    for tick in scale.ticks:
        y = height * (1 - scale.at(tick))
        css = "chart-grid chart-zero" if tick == 0 else "chart-grid"
        parts.append(el("line", {"class": css, "x1": 0, "x2": "100%", "y1": y, "y2": y}))
        parts.append(
            el("text", {"class": "chart-tick", "x": -8, "y": y, "dy": "0.32em", "text-anchor": "end"}, text(tick))
        )
    return join(parts)


def period_axis(labels: Sequence[str], height: int) -> Markup:
    """Labels of periods below the plane, as many as fit; a narrow screen hides every second one."""
    step = label_step(len(labels), MOST_LABELS)
    parts = []
    for place, index in enumerate(range(0, len(labels), step)):
        narrow = "" if place % 2 == 0 else " chart-wide"
        attributes: Attributes = {
            "class": f"chart-tick{narrow}",
            "x": pct(slot(index, len(labels))),
            "y": height + 18,
            "text-anchor": "middle",
        }
        parts.append(el("text", attributes, labels[index]))
    return join(parts)


def hit(index: int, number: int, height: int) -> Markup:
    """The full height of a period as a target, so that a thin mark is easy to point at."""
    x, width = pct(index / number), pct(1 / number)
    return Markup(f'<rect class="chart-hit" x="{x}" y="0" width="{width}" height="{height}"></rect>')  # noqa: S704


def runs(values: Sequence[float | None]) -> Iterator[list[tuple[int, float]]]:
    """Runs without a gap, as (index, value)."""
    run: list[tuple[int, float]] = []
    for index, value in enumerate(values):
        if value is not None:
            run.append((index, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def points(run: Sequence[tuple[int, float]], number: int, scale: Scale, height: float) -> str:
    """The points of a line in the stretched plane."""
    return " ".join(
        f"{num(slot(index, number) * ACROSS)},{num(height * (1 - scale.at(value)))}" for index, value in run
    )


def lines(values: Sequence[float | None], css: str, scale: Scale, height: int) -> list[Markup]:
    """One line for each run of two or more values."""
    return [
        el("polyline", {"class": css, "points": points(run, len(values), scale, height)})
        for run in runs(values)
        if len(run) > 1
    ]
