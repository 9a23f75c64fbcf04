"""A small line next to a figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from dashboards.charts.axis import Scale, finite
from dashboards.charts.markup import Attributes, el, num, pct
from dashboards.charts.plot import ACROSS, points, runs, slot, stretched
from dashboards.lists.formats import compact

HEIGHT = 32
_PAD = 4.0


def sparkline(
    values: Sequence[float | None], *, label: str = "Trend", text: Callable[[float], str] = compact
) -> Markup:
    """The trend of a figure, oldest first, in any unit; ``None`` is a gap and the last value is marked.

    ``text`` formats a value for the description, for example ``formats.percent``. The scale is the range of the values,
    so it shows a trend and no size; a chart with axis and table is on the same page where the numbers matter.
    """
    drawable = [value if value is not None and finite([value]) else None for value in values]
    known = finite(drawable)
    attributes: Attributes = {"class": "sparkline", "role": "img", "width": "100%", "height": HEIGHT}
    if not known:
        line = el("line", {"class": "spark-none", "x1": 0, "x2": "100%", "y1": HEIGHT / 2, "y2": HEIGHT / 2})
        return el("svg", attributes | {"aria-label": f"{label}: no data"}, line)
    low, high = min(known), max(known)
    # A constant value runs through the middle.
    scale = Scale(low, high, ()) if high > low else Scale(low - (abs(low) or 1), high + (abs(high) or 1), ())
    tall = HEIGHT - 2 * _PAD
    shapes, dots = [], []
    number = len(drawable)
    for run in runs(drawable):
        if len(run) > 1:
            corners = points(run, number, scale, tall)
            first, last = (num(slot(run[end][0], number) * ACROSS) for end in (0, -1))
            shapes.append(
                el("polygon", {"class": "spark-area", "points": f"{first},{HEIGHT} {corners} {last},{HEIGHT}"})
            )
            shapes.append(el("polyline", {"class": "spark-line", "points": corners}))
        else:
            dots.append(_dot("spark-alone", run[0], number, scale, tall))
    if drawable[-1] is not None:
        dots.append(_dot("spark-last", (number - 1, drawable[-1]), number, scale, tall))
        latest = f"latest {text(drawable[-1])}"
    else:
        latest = "latest no data"
    said = f"{label}: {latest}, lowest {text(low)}, highest {text(high)}, {len(known)} of {number} periods"
    place: Attributes = {"y": _PAD, "width": "100%", "height": tall}
    body = el("svg", {**place, "overflow": "visible"}, stretched(int(tall), *shapes), *dots)
    return el("svg", attributes | {"aria-label": said}, body)


def _dot(css: str, point: tuple[int, float], number: int, scale: Scale, tall: float) -> Markup:
    index, value = point
    r = 2.5 if css == "spark-last" else 1.5
    return el("circle", {"class": css, "cx": pct(slot(index, number)), "cy": tall * (1 - scale.at(value)), "r": r})
