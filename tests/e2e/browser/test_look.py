"""Themes, paper, the keyboard, and pages without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from pymongo.database import Database

from app.domain.permissions import Role
from tests.conftest import ROOT
from tests.e2e.browser import seeing
from tests.e2e.browser.browser import PHONE, Visitor
from tests.integration.dashboards import browsing
from tests.support import stored

Mongo = Database[dict[str, Any]]
Visit = Callable[..., Visitor]
LIST = "/dashboard/payments"
MARCH = "/dashboard?from=2026-03-01&to=2026-03-31"
PICTURES = ROOT / "artifacts" / "screenshots"
# What is seen of the page's ground: the sum of red, green and blue, of 765.
_GROUND = """getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3)
  .reduce((sum, part) => sum + Number(part), 0)"""
# What is hard to read on white paper, with its contrast or size: text on the page's ground and in the charts. Text that
# stands on a dark bar or cell is left out, and so is what only a screen reader reads.
_FAINT = """() => {
  const light = (part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const contrast = (color) => {
    const [red, green, blue] = color.match(/[\\d.]+/g).map((part) => light(Number(part) / 255));
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
  };
  const written = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  const left = ".visually-hidden, [class*='heat'], .on-challenged, .on-frictionless, .on-unknown, .on-plain";
  return [...document.querySelectorAll("main *")]
    .filter((one) => written(one) && one.getBoundingClientRect().width > 1 && !one.closest(left))
    .map((one) => {
      const style = getComputedStyle(one), svg = one.ownerSVGElement;
      const drawn = svg ? one.getBoundingClientRect().height : parseFloat(style.fontSize);
      return [one.textContent.trim().slice(0, 30), contrast(svg ? style.fill : style.color), drawn];
    })
    .filter(([, dark, drawn]) => dark < 4.5 || drawn < 6.5);
}"""
_FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  const visible = box.width > 0 && box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight;
  const ringed = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return {name: one.localName + " " + (one.id || one.textContent.trim().slice(0, 30)), visible, ringed};
}"""


@pytest.fixture
def mixed(app: Flask, database: Mongo) -> None:
    browsing.add(app, Role.FINANCE)
    database["payments"].insert_many(stored.mixed(60))


def expect_theme(page: Page, theme: str) -> None:
    """Wait until the page is drawn in a theme; a test that waits in vain fails."""
    # Each of red, green and blue below 100, or from 200. (A function to wait for would be a string that the page
    # evaluates again and again, which its Content-Security-Policy forbids.)
    part = r"\d{1,2}" if theme == "dark" else r"2\d\d"
    expect(page.locator("body")).to_have_css("background-color", re.compile(rf"^rgb\({part}, {part}, {part}\)$"))


def test_the_theme_follows_the_system_until_one_is_chosen(visit: Visit, mixed: None) -> None:
    visitor = visit(color_scheme="dark")
    page = visitor.enter(Role.FINANCE, then=LIST)
    expect_theme(page, "dark")
    page.emulate_media(color_scheme="light")
    expect_theme(page, "light")
    page.get_by_role("button", name="Use the dark theme").click()
    expect_theme(page, "dark")
    page.goto("/dashboard/refunds")
    expect_theme(page, "dark")
    other = visitor.context.new_page()
    other.emulate_media(color_scheme="light")
    other.goto(LIST)
    expect_theme(other, "dark")
    other.get_by_role("button", name="Use the light theme").click()
    expect_theme(other, "light")
    # The tab beside it follows.
    expect_theme(page, "light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_scripts_the_theme_is_the_system_s(visit: Visit, mixed: None, scheme: str) -> None:
    page = visit(color_scheme=scheme, java_script_enabled=False).enter(Role.FINANCE, then=LIST)
    assert (page.evaluate(_GROUND) < 200) == (scheme == "dark")
    # A button that could do nothing is not shown.
    expect(page.locator("[data-theme-toggle]")).to_be_hidden()


@pytest.mark.parametrize(
    ("name", "address"), [("payments", LIST), ("overview", MARCH), ("overview-rates", f"{MARCH}&heat=success")]
)
def test_a_page_is_printed_black_on_white_and_without_controls(
    visit: Visit, mixed: None, name: str, address: str
) -> None:
    page = visit(color_scheme="dark").enter(Role.FINANCE)
    page.goto(address)
    # As wide as A4 between its margins.
    page.set_viewport_size({"width": 703, "height": 1000})
    page.emulate_media(media="print")
    assert page.evaluate(_GROUND) == 765
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for control in ("header.bar", "main form", "nav.ranges", ".pager ul"):
        for one in page.locator(control).all():
            expect(one).to_be_hidden()
    assert seeing.barriers(page) + seeing.overflow(page) == []
    assert page.evaluate(_FAINT) == []
    for chart in page.locator("main .chart-svg").all():
        expect(chart).to_be_visible()
    seeing.keep(page, PICTURES / "print" / f"{name}.png")
    paper = page.pdf(path=PICTURES / "print" / f"{name}.pdf", format="A4")
    assert paper.startswith(b"%PDF")


def test_paper_says_when_it_was_printed_in_the_dashboard_s_zone(visit: Visit, mixed: None) -> None:
    page = visit(timezone_id="Asia/Tokyo").enter(Role.FINANCE, then=MARCH)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    printed = page.locator("time[data-printed]").text_content() or ""
    assert printed.endswith("UTC")
    assert f"{datetime.now(UTC):%Y}" in printed


@pytest.mark.parametrize("address", [LIST, MARCH, "/dashboard/refunds"])
def test_every_control_is_reached_by_tab_and_visible(visit: Visit, mixed: None, address: str) -> None:
    page = visit().enter(Role.FINANCE)
    page.goto(address)
    reached: list[dict[str, Any]] = []
    while len(reached) < 45:
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        if focused["name"].startswith("body "):
            # Past the last control, Chromium leaves the page.
            break
        reached.append(focused)
    assert [one["name"] for one in reached if not (one["visible"] and one["ringed"])] == []
    assert reached[0]["name"].startswith("a Skip to content")
    assert len({one["name"] for one in reached}) > 15


def test_the_content_is_reached_past_the_bar(visit: Visit, mixed: None) -> None:
    page = visit().enter(Role.FINANCE)
    page.goto(LIST)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_menus_open_and_close_by_keyboard(visit: Visit, mixed: None) -> None:
    page = visit(viewport=PHONE).enter(Role.FINANCE)
    menu = page.locator("summary", has_text="Menu")
    menu.focus()
    page.keyboard.press("Enter")
    links = page.get_by_role("navigation", name="Pages, folded")
    expect(links).to_be_visible()
    page.keyboard.press("Escape")
    expect(links).to_be_hidden()
    expect(menu).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_title(re.compile("Payments|Overview"))
    expect(links).to_be_hidden()


def test_without_scripts_lists_forms_and_signing_out_work(visit: Visit, mixed: None) -> None:
    page = visit(java_script_enabled=False).enter(Role.FINANCE, then=LIST)
    page.get_by_label("Status", exact=True).select_option("failed")
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile("status=failed"))
    page.locator("table.payments .row-link").first.click()
    expect(page.get_by_role("heading", name="Payment attempts")).to_be_visible()
    page.locator(".account summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
