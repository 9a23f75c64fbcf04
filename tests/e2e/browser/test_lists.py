"""The list of payments in a browser: ranges and filters stand in the address, and files hold what is shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from pymongo.database import Database

from app.domain.permissions import Role
from tests.e2e.browser.browser import Visitor
from tests.integration.dashboards import browsing
from tests.support import stored
from tests.support.spreadsheets import rows_of, sheet

Mongo = Database[dict[str, Any]]
Visit = Callable[..., Visitor]
LIST = "/dashboard/payments"


@pytest.fixture
def ages(app: Flask, database: Mongo) -> list[int]:
    """Somebody who may export, and a payment so many days old for each number here; every third one has failed."""
    browsing.add(app, Role.FINANCE)
    now = datetime.now(UTC)
    days = [0, 1, 2, 5, 6, 8, 20, 28, 31, 60, 88, 100, 400]
    made = [
        stored.payment(n, created_at=now - timedelta(days=age), **({} if n % 3 else {"status": "failed"}))
        for n, age in enumerate(days)
    ]
    # What a spreadsheet would take for a formula, and a page for markup.
    made[1] |= {"order_id": "=1+1", "description": '<b>bold</b>, "quoted"'}
    database["payments"].insert_many(made)
    return days


def shown(page: Page) -> list[str]:
    """The orders of the list, from top to bottom."""
    return page.locator("table.payments .row-link").all_inner_texts()


def test_a_range_is_chosen_by_a_link_and_kept_with_other_filters(visit: Visit, ages: list[int]) -> None:
    page = visit().enter(Role.FINANCE, then=LIST)
    ranges = page.get_by_role("navigation", name="Range")
    expect(page.get_by_role("heading", name=f"{len(ages)} payments")).to_be_visible()
    for label, days in (("7 days", 7), ("30 days", 30), ("90 days", 90)):
        ranges.get_by_role("link", name=label, exact=True).click()
        expected = sum(age < days for age in ages)
        expect(page.get_by_role("heading", name=f"{expected} payments")).to_be_visible()
        expect(ranges.get_by_role("link", name=label, exact=True)).to_have_attribute("aria-current", "true")
        assert len(shown(page)) == expected
    page.get_by_label("Status", exact=True).select_option("failed")
    page.get_by_role("button", name="Apply").click()
    failed = sum(age < 90 for age in ages[::3])
    expect(page.get_by_role("heading", name=f"{failed} payments")).to_be_visible()
    assert "range=90d" in page.url
    assert "status=failed" in page.url
    ranges.get_by_role("link", name="7 days", exact=True).click()
    expect(page.get_by_label("Status", exact=True)).to_have_value("failed")
    # The address is the whole view: another browser sees the same.
    other = visit().enter(Role.FINANCE)
    other.goto(page.url)
    assert shown(other) == shown(page)
    page.get_by_role("link", name="Clear all").click()
    expect(page.get_by_role("heading", name=f"{len(ages)} payments")).to_be_visible()


def test_custom_days_are_a_range(visit: Visit, ages: list[int]) -> None:
    page = visit().enter(Role.FINANCE, then=LIST)
    today = datetime.now(UTC).date()
    page.get_by_label("From", exact=True).fill((today - timedelta(days=31)).isoformat())
    page.get_by_label("To", exact=True).fill((today - timedelta(days=5)).isoformat())
    page.get_by_role("button", name="Apply").click()
    expected = sum(5 <= age <= 31 for age in ages)
    expect(page.get_by_role("heading", name=f"{expected} payments")).to_be_visible()
    # Dates in the wrong order are exchanged, and a message says so.
    first = today - timedelta(days=5)
    page.get_by_label("From", exact=True).fill(today.isoformat())
    page.get_by_role("button", name="Apply").click()
    sentence = f"The last day is before the first. Showing {first} to {today}."
    expect(page.get_by_role("alert").filter(has_text=sentence)).to_be_visible()
    expect(page.get_by_label("From", exact=True)).to_have_value(first.isoformat())
    expect(page.get_by_label("To", exact=True)).to_have_value(today.isoformat())
    expected = sum(age <= 5 for age in ages)
    expect(page.get_by_role("heading", name=f"{expected} payments")).to_be_visible()


def test_a_row_leads_to_its_payment_and_back_to_the_same_list(visit: Visit, ages: list[int]) -> None:
    page = visit().enter(Role.FINANCE, then=f"{LIST}?status=failed")
    first = shown(page)[0]
    # The whole row can be clicked, and not only the words of the link.
    page.locator("table.payments tbody tr").first.locator("td").last.click(force=True)
    expect(page.get_by_text(f"Order {first}", exact=True)).to_be_visible()
    page.go_back()
    assert "status=failed" in page.url
    assert shown(page)[0] == first


def test_the_files_hold_what_the_list_shows(visit: Visit, ages: list[int], tmp_path: Path) -> None:
    page = visit().enter(Role.FINANCE, then=f"{LIST}?range=90d&sort=oldest")
    orders = shown(page)
    assert "=1+1" in orders

    csv_file = download(page, "CSV", tmp_path)
    assert csv_file.name.endswith(".csv")
    rows = rows_of(csv_file.read_text("utf-8"))
    # A spreadsheet would calculate what begins like a formula, so there is an apostrophe before it.
    assert [row["order_id"] for row in rows] == ["'=1+1" if order == "=1+1" else order for order in orders]
    assert {row["description"] for row in rows} == {"", '<b>bold</b>, "quoted"'}

    excel_file = download(page, "Excel", tmp_path)
    assert excel_file.name.endswith(".xlsx")
    header, *cells = sheet(excel_file.read_bytes())
    column = next(letter for letter, (_, name) in header.items() if name == "order_id")
    # Here a text is marked as one.
    assert [row[column] for row in cells] == [("inlineStr", order) for order in orders]
    # Looking and loading left the page as it was.
    assert shown(page) == orders


def download(page: Page, link: str, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("link", name=link, exact=True).click()
    file = folder / waiting.value.suggested_filename
    waiting.value.save_as(file)
    return file
