"""A state has one word: the filter, the chip and the badge of every row say the same; files keep the API's words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from pymongo.database import Database

from app.domain.permissions import Role
from dashboards.lists import labels
from dashboards.lists.labels import Table
from tests.integration.dashboards.pages import enter
from tests.support import stored
from tests.support.spreadsheets import rows_of


def with_refund(number: int, status: str) -> dict[str, Any]:
    return stored.payment(number, refunds=[stored.refund(number, status)])


def with_dispute(number: int, status: str) -> dict[str, Any]:
    return stored.payment(number, disputes=[stored.dispute(number, status)])


LISTS = [
    ("payments", "status", labels.PAYMENT, lambda n, state: stored.payment(n, status=state)),
    ("payments", "refund_status", labels.REFUNDED, lambda n, state: stored.payment(n, refund_status=state)),
    ("refunds", "status", labels.REFUND, with_refund),
    ("disputes", "status", labels.DISPUTE, with_dispute),
]


@pytest.mark.parametrize(
    ("name", "parameter", "table", "payment"), LISTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_filter_chip_badge_and_file_of_each_state(
    app: Flask, database: Database[dict[str, Any]], name: str, parameter: str, table: Table, payment: Any
) -> None:
    database.payments.insert_many([payment(n, str(state)) for n, state in enumerate(table)])
    client = enter(app, Role.FINANCE)
    for state, label in table.items():
        address = f"/dashboard/{name}?{parameter}={state}"
        page = client.get(address).text
        select = re.search(rf'<select id="{parameter}".*?</select>', page, re.DOTALL)
        assert select
        words = dict(re.findall(r'<option value="(\w+)"[^>]*>([^<]+)</option>', select[0]))
        assert words == dict(labels.options(table))
        assert f"</span> {label.word}<a" in page, "the chip of the filter"
        badges = re.findall(r'<span class="badge-state (\w+)">([^<]+)</span>', page.split('id="rows"')[1])
        if (name, str(state)) != ("payments", "none"):
            assert (label.tone, label.word) in badges
        (row,) = rows_of(client.get(address.replace("?", ".csv?")).text)
        assert row[parameter] == str(state)
