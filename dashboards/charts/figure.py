"""The frame of every chart: caption, legend, note and the table with the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dashboards.charts.markup import Attributes, el, escaped, join, local, slug

EMPTY = "No data in this range"
_NUMBER = "number text-end"


@dataclass(frozen=True)
class Frame:
    """A chart's identity on its page. ``key`` is the base of its ids and unique among the charts of a page."""

    kind: str
    title: str
    subtitle: str = ""
    key: str = ""

    @property
    def ident(self) -> str:
        """The id of the figure, the base of all other ids."""
        return f"chart-{slug(self.key or self.title)}"


@dataclass(frozen=True)
class Cell:
    """A cell of a table; one with ``href`` links to what it counts."""

    text: str
    href: str | None = None


@dataclass(frozen=True)
class Table:
    """The numbers of a chart. The first cell of a row names it; all others are numbers unless in ``texts``."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    texts: frozenset[int] = frozenset()


def figure(
    frame: Frame,
    drawing: Markup,
    table: Table,
    *,
    height: int,
    describe: str,
    legend: Sequence[tuple[str, str]] = (),
    note: str = "",
) -> Markup:
    """A chart: caption, legend of (class, text), the drawing of ``height`` pixels, a note, and the table."""
    ident = frame.ident
    # Assistive technology hides the content of an image, so a drawing with links is a group instead.
    role = "group" if "<a " in drawing else "img"
    attributes: Attributes = {
        "class": "chart-svg chart-plotted" if "chart-plane" in drawing else "chart-svg",
        "role": role,
        "aria-labelledby": f"{ident}-title {ident}-desc",
        "width": "100%",
        "height": height,
    }
    svg = el(
        "svg",
        attributes,
        el("title", {"id": f"{ident}-title"}, frame.title),
        el("desc", {"id": f"{ident}-desc"}, describe),
        drawing,
    )
    keys = [el("li", None, _swatch(css), el("span", None, text)) for css, text in legend]
    return el(
        "figure",
        {"class": f"chart chart-{frame.kind}", "id": ident},
        _caption(frame),
        el("ul", {"class": "chart-legend"}, *keys) if keys else Markup(""),
        svg,
        el("p", {"class": "chart-note"}, note) if note else Markup(""),
        _details(frame, table),
    )


def empty(frame: Frame, message: str = EMPTY) -> Markup:
    """The figure for a chart without data."""
    return el(
        "figure",
        {"class": f"chart chart-{frame.kind} chart-empty", "id": frame.ident},
        _caption(frame),
        el("p", {"class": "chart-nothing"}, message),
    )


def _caption(frame: Frame) -> Markup:
    parts = [el("span", {"class": "chart-title"}, frame.title)]
    if frame.subtitle:
        parts.append(el("span", {"class": "chart-subtitle"}, frame.subtitle))
    return el("figcaption", {"class": "chart-caption"}, *parts)


def _swatch(css: str) -> Markup:
    shape: Attributes
    if css.startswith("line-"):
        shape = {"class": css, "x1": 0, "x2": 16, "y1": 6, "y2": 6}
        inside = el("line", shape)
    else:
        shape = {"class": css, "x": 2, "y": 0, "width": 12, "height": 12, "rx": 2}
        inside = el("rect", shape)
    return el("svg", {"class": "chart-swatch", "width": 16, "height": 12, "aria-hidden": "true"}, inside)


def _details(frame: Frame, table: Table) -> Markup:
    head = el("tr", None, *(_head(text, index, table) for index, text in enumerate(table.heads)))
    rows = [el("tr", None, *(_cell(cell, index, table) for index, cell in enumerate(row))) for row in table.rows]
    grid = el(
        "table",
        {"class": "table table-sm"},
        el("caption", {"class": "chart-table-caption"}, frame.title),
        el("thead", None, head),
        el("tbody", None, join(rows)),
    )
    # A scrollable region must take the focus, or a keyboard cannot scroll it.
    region: Attributes = {
        "class": "chart-scroll",
        "tabindex": 0,
        "role": "region",
        "aria-label": f"Table: {frame.title}",
    }
    return el(
        "details",
        {"class": "chart-data"},
        el("summary", {"aria-label": f"Table of {frame.title}"}, "Table"),
        el("div", region, grid),
    )


def _number(index: int, table: Table) -> str | None:
    return _NUMBER if index and index not in table.texts else None


def _head(text: str, index: int, table: Table) -> Markup:
    return el("th", {"scope": "col", "class": _number(index, table)}, text)


def _cell(cell: str | Cell, index: int, table: Table) -> Markup:
    text, href = (cell.text, local(cell.href)) if isinstance(cell, Cell) else (cell, None)
    inside = el("a", {"href": href}, text) if href else escaped(text)
    # Most elements of a page are cells, so they are written directly for speed.
    if index == 0:
        return Markup(f'<th scope="row">{inside}</th>')  # noqa: S704
    if index in table.texts:
        return Markup(f"<td>{inside}</td>")  # noqa: S704
    return Markup(f'<td class="{_NUMBER}">{inside}</td>')  # noqa: S704
