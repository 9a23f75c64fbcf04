"""What a browser reveals about a page: barriers and overflow."""

from __future__ import annotations

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_WIDER = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  const end = (one) => Math.round(one.getBoundingClientRect().right);
  return [...document.querySelectorAll("main *, header *")]
    .filter((one) => end(one) > room + 1 && !one.closest(".scroll, .chart-scroll, .content"))
    .slice(0, 3)
    .map((one) => `${one.localName}.${one.className} ends at ${end(one)} of ${room}`)
    .concat(`the page is ${document.documentElement.scrollWidth} wide on a screen of ${room}`);
}"""
# Only what is told leaves the browser: the whole answer is large, and playwright checks every part of it.
_BARRIERS = """() => axe.run(document, {resultTypes: ["violations"]}).then((result) => {
  const first = (one) => one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ");
  return result.violations
    .filter((one) => one.impact === "serious" || one.impact === "critical")
    .map((one) => `${one.id}: ${one.help}: ${first(one)}`);
})"""
_AXE: str = Axe().axe_script


def barriers(page: Page) -> list[str]:
    """What axe finds serious or critical: the rule, and the first elements that break it."""
    page.evaluate(_AXE)
    problems: list[str] = page.evaluate(_BARRIERS)
    return problems


def overflow(page: Page) -> list[str]:
    """What makes the page wider than its screen; nothing when it need not be scrolled sideways."""
    problems: list[str] = page.evaluate(_WIDER)
    return problems


def keep(page: Page, file: Path) -> None:
    """Keep a picture of the whole page, for people to judge."""
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file, full_page=True, animations="disabled")
