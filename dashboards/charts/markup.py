"""SVG and HTML elements as text, with everything escaped and no attribute that a strict CSP refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from markupsafe import Markup, escape

Attribute = str | int | float | None
# Control characters, surrogates and noncharacters of Unicode.
_BROKEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
# Cached texts and coordinates, a few megabytes at most: the texts are the application's own and short.
_KEPT = 8192
Attributes = dict[str, Attribute]
_NO_TAB = ' tabindex="-1"'


def el(name: str, attributes: Mapping[str, Attribute] | None = None, *children: str) -> Markup:
    """An element. Attributes that are ``None`` are left out; children that are not ``Markup`` are escaped."""
    # Joined as plain text for speed, because a page has thousands of these; every part is escaped right here.
    text = f"<{name}"
    if attributes:
        for key, value in attributes.items():
            if isinstance(value, str):
                text += f' {key}="{escaped(value)}"'
            elif value is not None:
                text += f' {key}="{num(value)}"'
    inside = "".join([child if isinstance(child, Markup) else escaped(child) for child in children])
    return Markup(f"{text}>{inside}</{name}>")  # noqa: S704


def join(parts: Iterable[Markup]) -> Markup:
    """Elements one after another."""
    return Markup("".join(parts))  # noqa: S704


@lru_cache(maxsize=_KEPT)
def num(value: float) -> str:
    """A coordinate with at most two decimals: ``12.5``, ``3``."""
    if isinstance(value, int):
        return str(value)
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


@lru_cache(maxsize=_KEPT)
def pct(fraction: float) -> str:
    """A fraction of the width as an SVG coordinate: 0.125 is ``12.5%``."""
    return f"{fraction * 100:.3f}".rstrip("0").rstrip(".") + "%"


def slug(text: str) -> str:
    """A text as part of an ``id``."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "chart"


def local(href: str | None) -> str | None:
    """An address within the application, or None: a chart never links to another origin or a script."""
    # Browsers remove tabs and line ends from an address, so "/\t/host" would be another host.
    if href and href.isprintable() and href[0] in "/?#" and href[:2] not in {"//", "/\\"}:
        return href
    return None


def mark(title: str, href: str | None, *children: Markup, css: str = "", tab: bool = True) -> Markup:
    """A mark of a chart with a tooltip; a link if ``href`` is an address within the application."""
    css = f"chart-mark {css}".strip()
    inside = f"<title>{escaped(title)}</title>{join(children)}"
    if (address := local(href)) is None:
        return Markup(f'<g class="{escaped(css)}">{inside}</g>')  # noqa: S704
    # A page has hundreds of these; all their texts are escaped here.
    return Markup(  # noqa: S704
        f'<a class="{escaped(css)}" href="{escaped(address)}"{"" if tab else _NO_TAB}>{inside}</a>'
    )


@lru_cache(maxsize=_KEPT)
def escaped(text: str) -> str:
    """A text escaped for element content and attributes. Cached, because a page repeats classes, names and dates."""
    return str(escape(_printable(text)))


def _printable(text: str) -> str:
    """The text without control characters that XML forbids even when escaped."""
    return text if text.isprintable() else _BROKEN.sub("\N{REPLACEMENT CHARACTER}", text)
