from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database

from app.cursors import Cursor, Cursors
from app.domain.money import Money
from app.domain.permissions import Role
from app.extensions import services
from app.services import audit
from app.services.audit import Action
from app.services.payments.opening import NewPayment
from dashboards.audit import PAGE_SIZE
from tests.integration.dashboards.browsing import add, email_of, send, sign_in
from tests.support.sandbox import SandboxProcess

PAGE = "/dashboard/audit"
ADMIN = email_of(Role.ADMIN)
DAY = datetime(2026, 3, 10, 12, tzinfo=UTC)
Mongo = Database[dict[str, Any]]


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    add(app, Role.ADMIN)
    return sign_in(app, ADMIN)


def numbers(page: str) -> list[int]:
    return [int(text) for text in re.findall(r'data-label="Entry">(\d+)<', page)]


def link(page: str, rel: str) -> str | None:
    match = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    return unescape(match[1]) if match else None


def write(actor: str = "ada@example.com", target: str | None = None, action: Action = Action.USER_CREATED) -> None:
    audit.append(action, actor=actor, target=target)


def test_entries_are_shown_newest_first(admin: FlaskClient) -> None:
    write(target="<b>bob</b>")
    page = admin.get(PAGE).text
    assert numbers(page) == [3, 2, 1]
    assert "&lt;b&gt;bob" in page
    assert "Signed in" in page


def test_details_are_written_for_people(admin: FlaskClient) -> None:
    details = {"amount": 1999, "currency": "usd", "reason": None, "events": ["evt_1", "evt_2"]}
    audit.append(Action.REFUND_ANSWERED, actor="ada@example.com", target="payment-1", details=details)
    page = admin.get(PAGE).text
    assert '<span class="quiet">Amount</span> 19.99 USD · <span class="quiet">Events</span> evt_1, evt_2' in page
    assert "Reason" not in page


def test_pages_follow_each_other_without_gap_or_repeat_in_both_directions(admin: FlaskClient) -> None:
    """All in one millisecond: the number tells them apart."""
    with time_machine.travel(DAY, tick=False):
        for _ in range(PAGE_SIZE * 2):
            write()
    seen, address, pages = [], f"{PAGE}?to=2026-03-10", []
    while address:
        text = admin.get(address).text
        pages.append(numbers(text))
        seen += pages[-1]
        last, address = text, link(text, "next")
    assert [len(page) for page in pages] == [PAGE_SIZE, PAGE_SIZE]
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == PAGE_SIZE * 2
    back = admin.get(link(last, "prev")).text
    assert numbers(back) == pages[0]
    assert "to=2026-03-10" in link(back, "next")
    assert link(back, "prev") is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("actor=ada@example.com", [5, 4, 3]),
        ("target=bob@example.com", [6, 4]),
        ("action=user.disabled", [6, 5]),
        ("actor=ada@example.com&action=user.disabled", [5]),
        ("target=bob@example.com&action=user.created", [4]),
        ("target=bob@example.com&actor=ada@example.com", [4]),
        ("target=bob@example.com&actor=ada@example.com&action=user.disabled", []),
        ("actor=nobody", []),
        ("actor=%20ada@example.com%20", [5, 4, 3]),
    ],
)
def test_filters(admin: FlaskClient, query: str, expected: list[int]) -> None:
    write()
    write(target="bob@example.com")
    write(action=Action.USER_DISABLED)
    write("eve@example.com", "bob@example.com", Action.USER_DISABLED)
    assert numbers(admin.get(f"{PAGE}?{query}").text) == expected


def test_days_are_in_the_dashboard_s_zone_and_the_last_is_included(app: Flask, admin: FlaskClient) -> None:
    for moment in (DAY - timedelta(days=1), DAY, DAY + timedelta(hours=11, minutes=59), DAY + timedelta(days=1)):
        with time_machine.travel(moment):
            write()
    assert numbers(admin.get(f"{PAGE}?from=2026-03-10&to=2026-03-10").text) == [5, 4]
    assert numbers(admin.get(f"{PAGE}?to=2026-03-09").text) == [3]
    assert numbers(admin.get(f"{PAGE}?from=2026-03-11").text)[-1] in {1, 2, 6}


@pytest.mark.parametrize("name", ["before", "after"])
def test_page_links_of_earlier_releases_show_the_newest_entries(admin: FlaskClient, name: str) -> None:
    assert numbers(admin.get(f"{PAGE}?{name}=1-1").text) == [2, 1]


def test_a_page_beyond_the_end_has_an_empty_state(app: Flask, admin: FlaskClient) -> None:
    cursor = Cursors(str(app.secret_key), "audit").write(Cursor(1, 1))
    assert "No entries match" in admin.get(f"{PAGE}?cursor={cursor}").text


def test_an_intact_log_is_verified(admin: FlaskClient) -> None:
    page = send(admin, f"{PAGE}/verify", page=PAGE).text
    assert "The log is intact" in page
    assert audit.log_head()[1] in page


@pytest.mark.parametrize("harm", ["change", "drop"])
def test_a_changed_or_deleted_entry_is_detected(admin: FlaskClient, database: Mongo, harm: str) -> None:
    for _ in range(3):
        write()
    if harm == "change":
        database.audit_entries.update_one({"_id": 3}, {"$set": {"actor": "nobody@example.com"}})
    else:
        database.audit_entries.delete_one({"_id": 3})
    page = send(admin, f"{PAGE}/verify", page=PAGE).text
    assert "was changed after the fact" in page
    assert "entry 3" in page


def test_the_newest_payments_are_verified_too(
    app: Flask, admin: FlaskClient, database: Mongo, sandbox: SandboxProcess
) -> None:
    assert "no payments to verify yet" in send(admin, f"{PAGE}/verify", page=PAGE).text
    with app.app_context():
        for number in range(2):
            order = NewPayment(order_id=f"order-{number}", customer_id="customer-1", money=Money(1999, "usd"))
            opened = services.payments.open(order, caller="test", key=None)
    assert "newest 2 payments are intact" in send(admin, f"{PAGE}/verify", page=PAGE).text
    changed = database["payments"].update_one({"order_id": "order-1"}, {"$set": {"amount": 1}})
    assert changed.modified_count == 1
    page = unescape(send(admin, f"{PAGE}/verify", page=PAGE).text)
    assert "Payments were changed after the fact" in page
    assert f"payment {opened.payment_id}: amount is 1, but the evidence says 1999" in page
    assert "The log is intact" in page, "the audit log itself is"


def test_only_the_newest_entries_are_verified_and_the_page_says_so(
    admin: FlaskClient, database: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.audit.VERIFIED", 2)
    for _ in range(3):
        write()
    database.audit_entries.update_one({"_id": 1}, {"$set": {"actor": "nobody@example.com"}})
    page = send(admin, f"{PAGE}/verify", page=PAGE).text
    assert "entries 4 to 5 are as they were written" in page
    assert "flask audit verify" in page
    database.audit_entries.update_one({"_id": 3}, {"$set": {"hash": "0" * 64}})
    assert "entry 4 does not follow" in send(admin, f"{PAGE}/verify", page=PAGE).text
