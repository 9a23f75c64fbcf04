"""The overview in a browser: a range is chosen, each card leads to what it counts, and the page keeps itself fresh."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from pymongo.database import Database

from app.domain.permissions import Role
from tests.conftest import ROOT
from tests.e2e.browser import seeing
from tests.e2e.browser.browser import Visitor
from tests.integration.dashboards import browsing
from tests.support import stored
from tests.support.spreadsheets import rows_of, sheet

Mongo = Database[dict[str, Any]]
Visit = Callable[..., Visitor]
OVERVIEW = "/dashboard"
# All that stored.mixed makes, with the refunds and disputes of later days.
MARCH = f"{OVERVIEW}?from=2026-03-01&to=2026-03-31"
NUMBER = re.compile(r"^[\d,]+$")


@pytest.fixture
def mixed(app: Flask, database: Mongo) -> None:
    browsing.add(app, Role.FINANCE)
    database["payments"].insert_many(stored.mixed(300))


@pytest.fixture
def ages(app: Flask, database: Mongo) -> list[int]:
    """A payment so many days old for each number here."""
    browsing.add(app, Role.FINANCE)
    days = [0, 1, 2, 5, 6, 8, 20, 28, 31, 60, 88, 100]
    for number, age in enumerate(days):
        database["payments"].insert_one(aged(number, age))
    return days


def aged(number: int, days: int) -> dict[str, Any]:
    return stored.payment(number, created_at=datetime.now(UTC) - timedelta(days=days, seconds=30))


def created(page: Page) -> Any:
    """The number of payments created."""
    return page.locator("#card-payments .value a")


def test_the_range_is_chosen_by_a_link_and_kept_in_the_address(visit: Visit, ages: list[int]) -> None:
    page = visit().enter(Role.FINANCE)
    expect(page).to_have_title("Overview · Paydesk")
    ranges = page.get_by_role("navigation", name="Range")
    expect(ranges.get_by_role("link", name="30 days")).to_have_attribute("aria-current", "true")
    for label, days in (("7 days", 7), ("90 days", 90), ("30 days", 30)):
        ranges.get_by_role("link", name=label, exact=True).click()
        expect(ranges.get_by_role("link", name=label, exact=True)).to_have_attribute("aria-current", "true")
        expect(created(page)).to_have_text(str(sum(age < days for age in ages)))
    today = datetime.now(UTC).date()
    page.get_by_label("From", exact=True).fill((today - timedelta(days=31)).isoformat())
    page.get_by_label("To", exact=True).fill((today - timedelta(days=5)).isoformat())
    page.get_by_label("Compare with").select_option("year")
    page.get_by_role("button", name="Apply").click()
    expect(created(page)).to_have_text(str(sum(5 <= age <= 31 for age in ages)))
    assert "compare=year" in page.url
    other = visit().enter(Role.FINANCE)
    other.goto(page.url)
    expect(created(other)).to_have_text(created(page).inner_text())


def test_each_card_links_to_as_many_payments_as_it_counts(visit: Visit, mixed: None) -> None:
    page = visit().enter(Role.FINANCE, then=MARCH)
    cards = [str(one.get_attribute("id")) for one in page.locator("[id^=card-], [id^=status-], [id^=volume-]").all()]
    assert len(cards) > 12
    followed = 0
    for card in cards:
        numbers = page.locator(f"#{card} a").filter(has_text=NUMBER)
        if not numbers.count():
            continue
        printed = numbers.first.inner_text()
        numbers.first.click()
        expect(page.locator("#rows")).to_have_text(re.compile(rf"^{printed} (payment|refund|dispute)s?$"))
        page.go_back()
        expect(page).to_have_title("Overview · Paydesk")
        followed += 1
    assert followed > 12


def test_a_reason_of_failure_leads_to_its_payments(visit: Visit, mixed: None, database: Mongo) -> None:
    page = visit().enter(Role.FINANCE, then=MARCH)
    bar = page.locator("[data-live=chart-reasons] a.chart-mark").first
    reason = re.search(r"reason=(\w+)", str(bar.get_attribute("href")))
    assert reason
    bar.click()
    expected = database["payments"].count_documents({"attempts.failure.reason": reason[1]})
    expect(page.locator("#rows")).to_have_text(f"{expected} payments")


def test_figures_refresh_without_a_reload(visit: Visit, ages: list[int], database: Mongo) -> None:
    visitor = visit()
    page = visitor.page
    page.clock.install()
    visitor.enter(Role.FINANCE)
    page.evaluate("window.isTheSamePage = true")
    before = sum(age < 30 for age in ages)
    expect(created(page)).to_have_text(str(before))
    table = page.locator("[data-live=chart-success] details")
    table.locator("summary").click()
    page.get_by_label("Currency", exact=True).select_option("usd")
    database["payments"].insert_one(aged(100, 1))
    page.clock.fast_forward(61_000)
    expect(created(page)).to_have_text(str(before + 1))
    # What somebody has opened and begun to choose is as it was.
    expect(table).to_have_attribute("open", "")
    expect(page.get_by_label("Currency", exact=True)).to_have_value("usd")
    page.get_by_role("button", name="Pause").click()
    database["payments"].insert_one(aged(101, 1))
    page.clock.fast_forward(180_000)
    expect(page.locator("[data-refresh-status]")).to_contain_text("Paused")
    expect(created(page)).to_have_text(str(before + 1))
    page.get_by_role("link", name="Refresh").click()
    expect(created(page)).to_have_text(str(before + 2))
    assert page.evaluate("window.isTheSamePage") is True


def test_an_ended_session_is_reported_and_the_figures_stay(visit: Visit, ages: list[int]) -> None:
    visitor = visit()
    page = visitor.page
    page.clock.install()
    visitor.enter(Role.FINANCE)
    visitor.context.clear_cookies()
    page.clock.fast_forward(61_000)
    expect(page.get_by_role("alert")).to_contain_text("Your session has ended")
    expect(created(page)).to_have_text(str(sum(age < 30 for age in ages)))


def test_files_hold_the_figures_of_the_page(visit: Visit, mixed: None, tmp_path: Path) -> None:
    page = visit().enter(Role.FINANCE, then=MARCH)
    printed = int(created(page).inner_text())

    def download(link: str) -> Path:
        page.get_by_text("Export", exact=True).click()
        with page.expect_download() as waiting:
            page.get_by_role("link", name=link).click()
        page.keyboard.press("Escape")
        waiting.value.save_as(tmp_path / waiting.value.suggested_filename)
        return tmp_path / waiting.value.suggested_filename

    rows = rows_of(download("Figures by interval, CSV").read_text("utf-8"))
    assert sum(int(row["created"]) for row in rows) == printed
    header, *cells = sheet(download("All of these, Excel").read_bytes())
    column = next(letter for letter, (_, name) in header.items() if name == "created")
    assert sum(int(float(row[column][1])) for row in cells) == printed


def test_a_definition_is_shown_on_focus_and_put_away_by_escape(visit: Visit, mixed: None) -> None:
    page = visit().enter(Role.FINANCE, then=MARCH)
    button = page.get_by_role("button", name="What is Success rate?")
    button.focus()
    tip = page.locator(f"#{button.get_attribute('aria-describedby')}")
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("completed")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    expect(button).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_before_the_first_payment_the_page_is_friendly(app: Flask, visit: Visit, scheme: str) -> None:
    browsing.add(app, Role.VIEWER)
    page = visit(color_scheme=scheme).enter(Role.VIEWER)
    expect(page.get_by_role("heading", name="No payments yet")).to_be_visible()
    seeing.keep(page, ROOT / "artifacts" / "screenshots" / scheme / "overview-first.png")
    assert seeing.barriers(page) + seeing.overflow(page) == []


def test_without_scripts_the_charts_are_drawn_and_their_tables_open(visit: Visit, mixed: None) -> None:
    page = visit(java_script_enabled=False).enter(Role.FINANCE, then=MARCH)
    charts = page.locator("figure.chart")
    assert charts.count() == 6
    for chart in charts.all():
        expect(chart.locator("svg.chart-svg").first).to_be_visible()
        chart.locator("details summary").click()
        expect(chart.locator("details table")).to_be_visible()
    page.get_by_role("navigation", name="Range").get_by_role("link", name="7 days").click()
    expect(page).to_have_url(re.compile("range=7d"))
    page.get_by_role("link", name="Refresh").click()
    expect(page).to_have_title("Overview · Paydesk")
