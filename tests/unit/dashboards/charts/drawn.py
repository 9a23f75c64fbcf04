"""Reading charts back: what was drawn is parsed as XML, so broken or unescaped markup fails by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from markupsafe import Markup


@dataclass(frozen=True)
class Drawn:
    """A chart as a tree of elements."""

    root: ET.Element

    def of_class(self, css: str) -> list[ET.Element]:
        """Elements with a class, in document order."""
        return [node for node in self.root.iter() if css in (node.get("class") or "").split()]

    def marks(self) -> list[ET.Element]:
        return self.of_class("chart-mark")

    def titles(self) -> list[str]:
        return [mark.findtext("title") for mark in self.marks()]

    def rows(self) -> list[list[str]]:
        """The body of the table."""
        return [["".join(cell.itertext()) for cell in row] for row in self.root.iterfind(".//tbody/tr")]

    def links(self) -> list[str]:
        """Where the marks lead."""
        return [mark.get("href") for mark in self.marks() if mark.tag == "a"]

    def table_links(self) -> list[str]:
        return [link.get("href") for link in self.root.iterfind(".//table//a")]


def drawn(chart: Markup) -> Drawn:
    """Parse a chart and check what holds for each of them."""
    assert isinstance(chart, Markup)
    root = ET.fromstring(chart)  # noqa: S314 - our own drawing
    for node in root.iter():
        assert node.tag not in {"style", "script"}
        assert "style" not in node.attrib and not [name for name in node.attrib if name.startswith("on")]
        for name, value in node.attrib.items():
            assert "nan" not in re.split(r"[ ,%]", value) and "inf" not in re.split(r"[ ,%]", value), (name, value)
        if node.tag == "rect":
            assert float((node.get("width") or "0").rstrip("%")) >= 0 and float(node.get("height") or 0) >= 0
    found = Drawn(root)
    if root.tag == "figure":
        _check_figure(found)
    return found


def _check_figure(chart: Drawn) -> None:
    root = chart.root
    if chart.of_class("chart-nothing"):
        assert root.find(".//svg") is None and root.find(".//table") is None
        return
    svg = next(node for node in root if node.tag == "svg")
    assert svg.get("role") == ("group" if chart.links() else "img")
    ids = [node.get("id") for node in root.iter() if node.get("id")]
    assert len(ids) == len(set(ids))
    assert set(svg.get("aria-labelledby").split()) <= set(ids)
    assert svg.findtext("title") and svg.findtext("desc")
    assert root.find(".//details/div/table/caption") is not None
    assert all(node.get("scope") == "col" for node in root.iterfind(".//thead/tr/th"))
    assert all(row[0].get("scope") == "row" for row in root.iterfind(".//tbody/tr"))
    heads = len(root.findall(".//thead/tr/th"))
    assert all(len(row) == heads for row in chart.rows())


def number(node: ET.Element, name: str) -> float:
    """A coordinate, in pixels or percent."""
    return float(node.get(name).rstrip("%"))


NASTY = "</title></svg><script>alert('1')</script>\" onload=\"x & \x00 {{ 7*7 }} \ud800"
