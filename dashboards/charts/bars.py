"""Failure reasons: one bar each, grouped by who can act on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import shorten

from markupsafe import Markup

from dashboards.charts.figure import Cell, Frame, Table, empty, figure
from dashboards.charts.markup import Attributes, el, join, mark, pct, slug
from dashboards.lists.formats import count, share

_GROUPS = {
    "issuer": "Issuer",
    "funds": "Funds",
    "card_data": "Card data",
    "fraud": "Fraud",
    "authentication": "Authentication",
    "processing": "Processing",
}
_GROUP_HEIGHT = 30
_ROW_HEIGHT = 54
_BAR = 6
# Characters of the meaning that fit on one line of a wide and of a narrow screen.
_WIDE = 84
_NARROW = 50


@dataclass(frozen=True)
class Reason:
    """A failure reason: Stripe's code, its group, its meaning in plain words, and ``count`` failed attempts.

    ``href`` links to the ``payments`` of these attempts, which may be fewer. ``name`` is the code in words for the bar;
    the table has the code itself.
    """

    code: str
    group: str
    meaning: str
    count: int
    href: str | None = None
    payments: int | None = None
    name: str = ""


def grouped_bars(
    reasons: Sequence[Reason], title: str, *, total: int | None = None, subtitle: str = "", key: str = ""
) -> Markup:
    """Failed attempts by reason, the largest group first. Shares are of ``total`` failed attempts (default: their sum).

    A bar's length is its share of ``total``, so bars compare across groups.
    """
    frame = Frame("bars", title, subtitle, key)
    whole = sum(reason.count for reason in reasons) if total is None else total
    if not reasons or whole <= 0:
        return empty(frame, "No failed attempts in this range")
    groups = _grouped(reasons)
    y = 0
    parts = []
    for group, members in groups:
        parts.append(_heading(group, sum(reason.count for reason in members), whole, y))
        y += _GROUP_HEIGHT
        for reason in members:
            parts.append(_bar(reason, whole, y))
            y += _ROW_HEIGHT
        y += 8
    rows: list[list[str | Cell]] = [
        [
            Cell(reason.code, reason.href),
            _name(group),
            reason.meaning,
            count(reason.count),
            share(reason.count, whole),
            *([Cell(count(reason.payments), reason.href)] if reason.payments is not None else []),
        ]
        for group, members in groups
        for reason in members
    ]
    heads = ["Code", "Group", "Meaning", "Failed attempts", "Share"]
    if any(reason.payments is not None for reason in reasons):
        heads.append("Payments")
    table = Table(heads, rows, frozenset({1, 2}))
    return figure(frame, join(parts), table, height=y, describe=_describe(groups, whole))


def _grouped(reasons: Sequence[Reason]) -> list[tuple[str, list[Reason]]]:
    groups: dict[str, list[Reason]] = {}
    for reason in sorted(reasons, key=lambda reason: (-reason.count, reason.code)):
        groups.setdefault(reason.group, []).append(reason)
    return sorted(groups.items(), key=lambda item: -sum(reason.count for reason in item[1]))


def _name(group: str) -> str:
    return _GROUPS.get(group, group.replace("_", " ").capitalize())


def _css(group: str) -> str:
    return f"group-{slug(group)}" if group in _GROUPS else "group-other"


def _heading(group: str, number: int, whole: int, y: int) -> Markup:
    return el(
        "g",
        {"class": "bar-group"},
        el("rect", {"class": _css(group), "x": 0, "y": y + 8, "width": 10, "height": 10, "rx": 2}),
        el("text", {"class": "bar-heading", "x": 18, "y": y + 17}, _name(group)),
        el(
            "text",
            {"class": "bar-heading", "x": "100%", "y": y + 17, "text-anchor": "end"},
            f"{count(number)} · {share(number, whole)}",
        ),
        el("line", {"class": "chart-grid", "x1": 0, "x2": "100%", "y1": y + 25, "y2": y + 25}),
    )


def _bar(reason: Reason, whole: int, y: int) -> Markup:
    part = min(1.0, max(0.0, reason.count / whole))
    title = reason.name or reason.code
    tooltip = f"{title}\n{count(reason.count)} of {count(whole)} failed attempts ({share(reason.count, whole)})\n"
    if reason.payments is not None:
        tooltip += f"in {count(reason.payments)} payment{'' if reason.payments == 1 else 's'}\n"
    name = el("text", {"class": "bar-code", "x": 0, "y": y + 16}, title)
    number = el(
        "text",
        {"class": "bar-count", "x": "100%", "y": y + 16, "text-anchor": "end"},
        f"{count(reason.count)} · {share(reason.count, whole)}",
    )
    shape: Attributes = {"x": 0, "y": y + 22, "height": _BAR, "rx": _BAR / 2}
    shapes = [
        el("rect", {"class": "chart-hit", "x": 0, "y": y, "width": "100%", "height": _ROW_HEIGHT}),
        name,
        number,
        el("rect", {"class": "bar-track", "width": "100%", **shape}),
        _meaning(reason.meaning, y, _WIDE, "chart-wide"),
        _meaning(reason.meaning, y, _NARROW, "chart-narrow"),
        el("rect", {"class": f"bar {_css(reason.group)}", "width": pct(part), **shape}),
    ]
    return mark(tooltip + reason.meaning, reason.href, *shapes, css="mark-row")


def _meaning(meaning: str, y: int, most: int, css: str) -> Markup:
    text = shorten(meaning, most, placeholder=" …")
    return el("text", {"class": f"bar-meaning {css}", "x": 0, "y": y + 43, "aria-hidden": "true"}, text)


def _describe(groups: Sequence[tuple[str, list[Reason]]], whole: int) -> str:
    shares = ", ".join(
        f"{_name(group)} {share(sum(reason.count for reason in members), whole)}" for group, members in groups
    )
    return f"{count(whole)} failed attempts by group: {shares}. The table below has every number."
