"""Every list answers an invalid filter with a sentence that names it and with the nearest view."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database

from app.cursors import Cursor, Cursors
from app.domain.permissions import Role
from tests.integration.dashboards.pages import enter
from tests.support import stored

TEMPLATES = Path(__file__).parents[3] / "templates"
OPERATOR = '{"$gt": ""}'
SECOND = timedelta(seconds=1)
REPORTED = datetime(2026, 3, 1, tzinfo=UTC)
OTHER = "This page link belongs to another filter or sort order."
INVALID = "This page link is invalid."


@dataclass(frozen=True, slots=True)
class List:
    """A list: its page, a valid filter, and what it says to an invalid value of each parameter."""

    path: str
    valid: dict[str, str]
    faults: dict[str, str]
    cursor: Cursor


CARD = {
    "currency": "is not a currency like usd. Showing every currency.",
    "brand": "is not a card brand like visa. Showing every card brand.",
    "country": "is not a card country like US. Showing every card country.",
    "three_d_secure": "is neither yes nor no. The filter “3-D Secure” is not applied.",
}
DATES = {"from": "The date range is invalid. “from”: Use a date (2025-01-31)", "to": "Showing every date."}
STATUS = {"status": "is not a status. Showing every status."}
TIME = Cursor(stored.EPOCH + timedelta(minutes=9), "0" * 24)
LISTS = {
    "payments": List(
        "/dashboard/payments",
        {"currency": "usd"},
        {
            **CARD,
            **DATES,
            **STATUS,
            "range": "is not a range such as today",
            "refund_status": "is not a refund status. Showing every refund status.",
            "counts": "is not a figure. Showing every payment.",
            "disputed": "is neither yes nor no. The filter “Disputed” is not applied.",
            "reason": "is not a failure reason like insufficient_funds. Showing every failure reason.",
            "sort": "is not a sort order. Showing the newest payments first.",
        },
        TIME,
    ),
    "refunds": List(
        "/dashboard/refunds",
        {"currency": "usd"},
        {**CARD, **DATES, **STATUS, "counts": "is not a figure. Showing every refund."},
        TIME,
    ),
    "disputes": List(
        "/dashboard/disputes",
        {"currency": "usd"},
        {**CARD, **DATES, **STATUS, "kind": "is not a kind of dispute. Showing every kind of dispute."},
        TIME,
    ),
    "webhooks": List(
        "/dashboard/webhooks",
        {"type": "charge.succeeded"},
        {
            "state": "is not a status. Showing every status.",
            "type": "is not a type of event like charge.succeeded. Showing every type of event.",
        },
        Cursor(1_790_000_000 - 9, "evt_9"),
    ),
    "reconciliation": List("/dashboard/reconciliation", {}, {}, Cursor(REPORTED + 3 * SECOND, "3" * 24)),
    "audit": List(
        "/dashboard/audit",
        {"actor": "admin@example.com"},
        {**DATES, "action": "is not an action. Showing every action."},
        Cursor(1_790_000_000_009, 9),
    ),
}
BAD_VALUES = ("nonsense!", OPERATOR, "<script>alert(1)</script>", "१-१", "x" * 200)


@pytest.fixture(scope="module")
def rows() -> dict[str, list[dict[str, Any]]]:
    payments = stored.mixed(120)
    for number, payment in enumerate(payments[:40]):
        payment["refunds"] = [stored.refund(number, currency=payment["currency"])]
        payment["disputes"] = [stored.dispute(number, "lost", currency=payment["currency"])]
    return {
        "payments": payments,
        "webhook_events": [
            {
                "_id": f"evt_{number}",
                "type": ("charge.succeeded", "charge.failed")[number % 2],
                "created": 1_790_000_000 - number,
                "state": "applied",
                "payload": {},
                "delivery_count": 1,
                "attempts": 1,
                "first_delivery_at": stored.EPOCH,
                "last_delivery_at": stored.EPOCH,
                "livemode": False,
            }
            for number in range(20)
        ],
        "reconciliation_reports": [
            {
                "_id": f"{number:024x}",
                "started_at": REPORTED + number * SECOND,
                "state": "finished",
                "counts": {},
                "drift": [],
                "drift_total": 0,
                "repair": False,
            }
            for number in range(5)
        ],
        "audit_entries": [
            {
                "_id": number,
                "at": 1_790_000_000_000 + number,
                "actor": ("admin@example.com", "viewer@example.com")[number % 2],
                "action": "login.succeeded",
                "target": None,
                "details": {},
                "previous_hash": "0" * 64,
                "hash": "0" * 64,
            }
            for number in range(1, 20)
        ],
    }


@pytest.fixture
def admin(app: Flask, database: Database[dict[str, Any]], rows: dict[str, Any]) -> FlaskClient:
    for name, documents in rows.items():
        database[name].insert_many(documents)
    return enter(app, Role.ADMIN)


def view(page: str) -> list[str]:
    """The rows of every table on a page, without the tokens of their forms."""
    rows = re.findall(r"<tr>.*?</tr>", page.split("<main", 1)[1], flags=re.DOTALL)
    return [re.sub(r'name="csrf_token" value="[^"]+"', "", row) for row in rows]


def alerts(page: str) -> list[str]:
    return [html.unescape(text) for text in re.findall(r'<p class="notice wait" role="alert">(.*?)</p>', page)]


def invalid(name: str) -> Iterator[tuple[dict[str, str], str]]:
    """Each parameter with two of the bad values, in turn."""
    values = cycle(BAD_VALUES)
    for parameter, message in LISTS[name].faults.items():
        for value in islice(values, 2):
            yield {parameter: value}, message


def test_every_page_with_page_links_is_walked() -> None:
    pages = {path.parent.name for path in TEMPLATES.rglob("*.html") if "{{ page_links(" in path.read_text("utf-8")}
    assert pages == set(LISTS)


@pytest.mark.parametrize("name", LISTS)
def test_an_invalid_filter_is_named_and_not_applied(admin: FlaskClient, name: str) -> None:
    one = LISTS[name]
    expected = view(admin.get(one.path).text), view(admin.get(one.path, query_string=one.valid).text)
    assert min(len(rows) for rows in expected) > 2, "an empty list proves nothing"
    for query, message in invalid(name):
        kept = {} if query.keys() & one.valid.keys() else one.valid
        answer = admin.get(one.path, query_string={**kept, **query})
        assert answer.status_code == 200, query
        assert view(answer.text) == expected[bool(kept)], query
        (alert,) = alerts(answer.text)
        assert message in alert, (query, alert)
        assert "<script>alert" not in answer.text


@pytest.mark.parametrize("name", LISTS)
def test_too_long_a_text_is_named_and_not_applied(admin: FlaskClient, name: str) -> None:
    one = LISTS[name]
    for parameter in one.faults:
        for value in ("x" * 5_000, "a\0b"):
            answer = admin.get(one.path, query_string={parameter: value})
            assert answer.status_code == 200
            assert "is not a text of at most 255 characters. It is ignored." in alerts(answer.text)[0]


@pytest.mark.parametrize("name", LISTS)
def test_an_invalid_cursor_is_named_and_the_newest_entries_are_shown(app: Flask, admin: FlaskClient, name: str) -> None:
    one = LISTS[name]
    expected = view(admin.get(one.path, query_string=one.valid).text)
    mine = Cursors(str(app.secret_key), name, one.valid)
    cursors = {
        "x": INVALID,
        OPERATOR: INVALID,
        "9" * 10_000: INVALID,
        str(mine.write(one.cursor))[:-3]: INVALID,
        str(Cursors("another key", name, one.valid).write(one.cursor)): INVALID,
        str(Cursors(str(app.secret_key), name, {"other": "filter"}).write(one.cursor)): OTHER,
        str(Cursors(str(app.secret_key), "another list", one.valid).write(one.cursor)): OTHER,
    }
    for cursor, message in cursors.items():
        answer = admin.get(one.path, query_string={**one.valid, "cursor": cursor})
        assert answer.status_code == 200
        assert alerts(answer.text) == [f"{message} Showing the newest entries."], cursor
        assert view(answer.text) == expected
    page = admin.get(one.path, query_string={**one.valid, "cursor": mine.write(one.cursor)}).text
    assert alerts(page) == [] and view(page) != expected


@pytest.mark.parametrize("name", ["payments", "refunds", "disputes", "audit"])
def test_days_in_the_wrong_order_are_exchanged(admin: FlaskClient, name: str) -> None:
    path = LISTS[name].path
    right = admin.get(path, query_string={"from": "2026-03-01", "to": "2026-03-02"}).text
    wrong = admin.get(path, query_string={"from": "2026-03-02", "to": "2026-03-01"}).text
    assert view(wrong) == view(right)
    assert alerts(wrong) == ["The last day is before the first. Showing 2026-03-01 to 2026-03-02."]


def test_an_invalid_page_of_a_report_is_named_and_the_first_is_shown(admin: FlaskClient) -> None:
    path = f"{LISTS['reconciliation'].path}/{0:024x}"
    answer = admin.get(path, query_string={"page": "second"})
    assert answer.status_code == 200
    assert alerts(answer.text) == ["“second” is not a number of a page. Showing the first differences."]
