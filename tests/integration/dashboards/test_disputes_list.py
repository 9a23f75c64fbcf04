"""The list of disputes: deadlines in words, inquiries named, sums by the dispute's currency."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database

from app.domain.permissions import Role
from tests.integration.dashboards.pages import enter
from tests.integration.dashboards.test_refunds_list import orders
from tests.support import stored

PATH = "/dashboard/disputes"
NOW = datetime(2026, 3, 10, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def viewer(app: Flask) -> FlaskClient:
    return enter(app, Role.VIEWER)


def put(database: Database[dict[str, Any]], *disputes: dict[str, Any]) -> None:
    database.payments.insert_many(
        [stored.payment(n, disputes=[dispute], disputed=True) for n, dispute in enumerate(disputes)]
    )


def test_an_empty_database_has_a_friendly_page(viewer: FlaskClient) -> None:
    assert "No disputes yet" in viewer.get(PATH).text


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (timedelta(days=7), "7 days left"),
        (timedelta(hours=10), "Due tomorrow"),
        (timedelta(hours=8, minutes=30), "Due today, 8 hours left"),
        (timedelta(minutes=30), "Due within two hours"),
        (timedelta(hours=-1), "Overdue since earlier today"),
        (timedelta(days=-1), "Overdue by 1 day"),
        (timedelta(days=-3), "Overdue by 3 days"),
    ],
)
def test_deadlines_are_in_words(
    viewer: FlaskClient, database: Database[dict[str, Any]], due: timedelta, words: str
) -> None:
    put(database, stored.dispute(1, evidence_due_by=NOW + due))
    page = viewer.get(PATH).text
    assert f">{words}</span>" in page
    assert ('class="due late"' in page) == (due < timedelta())
    # The payment's own page says the same.
    payment = database["payments"].find_one()["_id"]
    assert f"<strong>{words}</strong>" in viewer.get(f"/dashboard/payments/{payment}").text


def test_disputes_with_a_response_due_come_first_by_deadline(
    viewer: FlaskClient, database: Database[dict[str, Any]]
) -> None:
    put(
        database,
        stored.dispute(1, "needs_response", evidence_due_by=NOW + timedelta(days=9)),
        stored.dispute(2, "won"),
        stored.dispute(3, "warning_needs_response", evidence_due_by=NOW + timedelta(days=2)),
        stored.dispute(4, "lost", currency="jpy"),
        stored.dispute(5, "appeal_needs_response", evidence_due_by=NOW + timedelta(days=1)),
    )
    page = viewer.get(PATH).text
    urgent, rest = page.split('id="rows"')
    assert orders(urgent) == ["order-4", "order-2", "order-0"]
    assert orders(rest) == ["order-4", "order-3", "order-2", "order-1", "order-0"]
    assert "Inquiry: needs response" in page and "Not a chargeback" in page
    assert "40.00 USD" in rest and "1,000 JPY" in rest


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("kind=chargeback", "2 disputes"),
        ("kind=inquiry", "1 dispute<"),
        ("status=appeal_needs_response", "No disputes match"),
        ("kind=both", "is not a kind of dispute. Showing every kind of dispute."),
        ("status=needs_response", "1 dispute<"),
        ("currency=usd&from=2026-03-01&to=2026-03-01", "3 disputes"),
        ("range=today", "No disputes match"),
        ("cursor=abc", "This page link is invalid. Showing the newest entries."),
    ],
)
def test_filters(viewer: FlaskClient, database: Database[dict[str, Any]], query: str, message: str) -> None:
    put(database, stored.dispute(1), stored.dispute(2, "lost"), stored.dispute(3, "warning_under_review"))
    page = viewer.get(f"{PATH}?{query}")
    assert page.status_code == 200
    assert message in page.text


def test_the_files_of_a_filtered_list_are_offered(app: Flask, database: Database[dict[str, Any]]) -> None:
    put(database, stored.dispute(1))
    page = enter(app, Role.FINANCE).get(f"{PATH}?kind=chargeback").text
    assert 'href="/dashboard/disputes.csv?kind=chargeback"' in page
