"""The options that the overview marks as selected are the ones that it shows."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database

from app.domain.permissions import Role
from tests.integration.dashboards.pages import enter
from tests.integration.dashboards.test_overview import show
from tests.support import stored


@pytest.fixture
def finance(app: Flask, database: Database[dict[str, Any]]) -> FlaskClient:
    database.payments.insert_many(stored.mixed(20))
    return enter(app, Role.FINANCE)


def current(page: str) -> list[str]:
    """The presets that are marked."""
    ranges = re.search(r'<nav class="ranges".*?</nav>', page, re.DOTALL)
    assert ranges
    return re.findall(r'aria-current="true">([^<]+)<', ranges[0])


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ({}, ["30 days"]),
        ({"range": "7d"}, ["7 days"]),
        ({"to": "2026-03-03"}, []),
        ({"from": "2026-03-01"}, []),
        ({"from": "2026-03-01", "to": "2026-03-03", "range": "7d"}, []),
    ],
)
def test_a_preset_is_marked_only_where_it_is_shown(
    finance: FlaskClient, query: dict[str, str], marked: list[str]
) -> None:
    assert current(show(finance, **query)) == marked


def test_a_range_that_was_cut_has_the_label_of_what_is_shown(finance: FlaskClient) -> None:
    page = show(finance, **{"from": "2016-03-03", "to": "2026-03-03"})
    assert "at most 732 days" in page
    assert "2016-03-03 – " not in page
    assert 'value="2024-03-02"' in page and 'value="2026-03-03"' in page
    assert page.count("2 Mar 2024 – 3 Mar 2026") >= 2  # the heading and the chip


def test_the_export_links_are_refreshed_with_the_figures(finance: FlaskClient) -> None:
    files = re.search(r'<ul data-live="files">.*?</ul>', show(finance), re.DOTALL)
    assert files
    addresses = [html.unescape(address) for address in re.findall(r'href="([^"]+)"', files[0])]
    assert len(addresses) == 7 and all("from=" in a and "to=" in a for a in addresses)
