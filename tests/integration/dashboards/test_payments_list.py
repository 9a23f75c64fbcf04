"""The list of payments: its filters, sort orders and pages, and what it says to an invalid address."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database

from app.domain.permissions import Role
from app.models.listing.payment_summary import row_of
from tests.integration.dashboards.pages import enter
from tests.support import stored

PATH = "/dashboard/payments"


@pytest.fixture
def viewer(app: Flask) -> FlaskClient:
    return enter(app, Role.VIEWER)


@pytest.fixture
def payments(database: Database[dict[str, Any]]) -> list[dict[str, Any]]:
    made = stored.mixed(180)
    database.payments.insert_many(made)
    return made


def ids(page: str) -> list[str]:
    return re.findall(r'class="row-link" href="/dashboard/payments/([0-9a-f]{24})"', page.split('id="rows"')[1])


def link(page: str, words: str) -> str | None:
    match = re.search(rf'<a [^>]*href="([^"]+)">{re.escape(words)}</a>', page)
    return html.unescape(match[1]) if match else None


def walk(client: FlaskClient, **query: str) -> list[str]:
    """The ids of all pages, by following Next."""
    address, rows = f"{PATH}?{urlencode(query)}", []
    while address:
        answer = client.get(address)
        assert answer.status_code == 200
        rows += ids(answer.text)
        address = link(answer.text, "Next →")
    return rows


def test_an_empty_database_has_a_friendly_page(viewer: FlaskClient) -> None:
    page = viewer.get(PATH)
    assert page.status_code == 200
    assert "No payments yet" in page.text


def has_three_d_secure(p: dict[str, Any]) -> bool:
    return any(a["three_d_secure"]["attempted"] for a in p["attempts"])


def reasons(p: dict[str, Any]) -> list[str]:
    return [a["failure"]["reason"] for a in p["attempts"] if a["failure"]]


def is_urgent(p: dict[str, Any]) -> bool:
    """A fraud warning that a refund may still answer."""
    warned = any(warning["actionable"] for warning in p.get("fraud_warnings", ()))
    return warned and p["amount_refundable"] > 0 and not p["disputed"]


FILTERS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "": lambda p: p is not None,
    "status=failed": lambda p: p["status"] == "failed",
    "currency=JPY": lambda p: p["currency"] == "jpy",
    "brand=visa&country=de": lambda p: (p["card"]["brand"], p["card"]["country"]) == ("visa", "DE"),
    "refund_status=partial": lambda p: p["refund_status"] == "partial",
    "disputed=yes&currency=usd": lambda p: p["disputed"] and p["currency"] == "usd",
    "three_d_secure=true": has_three_d_secure,
    "reason=do_not_honor": lambda p: "do_not_honor" in reasons(p),
    "fraud=fraud_warning_open": is_urgent,
    "fraud=fraud_warning&currency=eur": lambda p: bool(p.get("fraud_warnings")) and p["currency"] == "eur",
    "fraud=review_open": lambda p: any(review["is_open"] for review in p.get("reviews", ())),
    "fraud=risk_elevated&status=completed": (
        lambda p: p.get("risk", {}).get("level") == "elevated" and p["status"] == "completed"
    ),
    "fraud=risk_highest&reason=insufficient_funds": (
        lambda p: p.get("risk", {}).get("level") == "highest" and "insufficient_funds" in reasons(p)
    ),
    "fraud=risk_elevated&q=customer-2": (
        lambda p: p.get("risk", {}).get("level") == "elevated" and p["customer_id"] == "customer-2"
    ),
    "counts=decided&country=US": (lambda p: p["status"] in ("completed", "failed") and p["card"]["country"] == "US"),
    "customer=customer-3": lambda p: p["customer_id"] == "customer-3",
    "q=customer-3&status=completed": (lambda p: p["customer_id"] == "customer-3" and p["status"] == "completed"),
    "q=order-17": lambda p: p["order_id"] == "order-17",
    "q=pi_0042": lambda p: p["payment_intent_id"] == "pi_0042",
}


@pytest.mark.parametrize("text", FILTERS)
def test_each_filter_lists_what_matches(viewer: FlaskClient, payments: list[dict[str, Any]], text: str) -> None:
    takes, query = FILTERS[text], dict(parse_qsl(text))
    expected = [str(p["_id"]) for p in sorted(payments, key=lambda p: p["created_at"], reverse=True) if takes(p)]
    assert expected
    assert walk(viewer, **query) == expected
    assert walk(viewer, **query, sort="oldest") == expected[::-1]
    assert f'<h2 id="rows">{len(expected)} payment' in viewer.get(PATH, query_string=query).text


def test_amounts_are_sorted_within_one_currency(viewer: FlaskClient, payments: list[dict[str, Any]]) -> None:
    mine = [p for p in payments if p["currency"] == "eur"]
    expected = [str(p["_id"]) for p in sorted(mine, key=lambda p: (p["amount"], p["_id"]))]
    assert walk(viewer, currency="eur", sort="smallest") == expected
    assert walk(viewer, currency="eur", sort="largest") == expected[::-1]
    page = viewer.get(f"{PATH}?sort=largest").text
    assert "Sorting by amount needs a currency" in page
    assert ids(page) == ids(viewer.get(PATH).text)


def test_pages_link_forward_and_back(viewer: FlaskClient, payments: list[dict[str, Any]]) -> None:
    del payments
    first = viewer.get(f"{PATH}?country=DE").text
    second = viewer.get(link(first, "Next →")).text
    assert len(ids(first)) == 50 and not set(ids(first)) & set(ids(second))
    assert link(first, "← Previous") is None
    assert ids(viewer.get(link(second, "← Previous")).text) == ids(first)
    assert link(second, "First page") == f"{PATH}?country=DE"


def test_a_common_amount_is_paged_without_loss(viewer: FlaskClient, database: Database[dict[str, Any]]) -> None:
    database.payments.insert_many([stored.payment(n, amount=999) for n in range(120)])
    rows = walk(viewer, currency="usd", sort="largest")
    assert len(rows) == len(set(rows)) == 120


def test_a_payment_id_finds_its_payment_and_an_unknown_one_offers_other_searches(
    viewer: FlaskClient, payments: list[dict[str, Any]]
) -> None:
    wanted = str(payments[5]["_id"])
    page = viewer.get(PATH, query_string={"q": wanted.upper()}).text
    assert ids(page) == [wanted] and "the payment with this ID" in page
    page = viewer.get(PATH, query_string={"q": "0" * 24}).text
    assert "Search orders" in page


def test_a_cursor_of_another_filter_is_refused(viewer: FlaskClient, payments: list[dict[str, Any]]) -> None:
    del payments
    address = link(viewer.get(f"{PATH}?country=DE").text, "Next →")
    for other in (address.replace("country=DE", "country=US"), f"{address}&sort=oldest"):
        page = viewer.get(other)
        assert page.status_code == 200
        assert "belongs to another filter or sort order" in page.text
    tampered = viewer.get(address.replace("cursor=", "cursor=x"))
    assert "This page link is invalid." in tampered.text and len(ids(tampered.text)) == 50


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"counts": "nonsense"}, "is not a figure. Showing every payment."),
        ({"currency": "dollars"}, "is not a currency like usd. Showing every currency."),
        ({"currency": "xyz"}, "No payments match"),
        ({"currency[$ne]": "usd"}, "2 payments"),
        ({"currency": "$ne"}, "is not a currency like usd"),
        ({"status": '{"$gt": ""}'}, "is not a status. Showing every status."),
        ({"q": '{"$gt": ""}'}, "No payments match"),
        ({"q": "a\0b"}, "is not a text of at most 255 characters"),
        ({"customer": "$where"}, "No payments match"),
        ({"order": "x" * 5000}, "is not a text of at most 255 characters"),
        ({"reason": "a b"}, "is not a failure reason like insufficient_funds"),
        ({"disputed": "maybe"}, "is neither yes nor no"),
        ({"from": "2026-04-01", "to": "2026-02-01"}, "Showing 2026-02-01 to 2026-04-01."),
        ({"from": "2016-01-01", "to": "2026-12-31"}, "2 payments"),
        ({"from": "0001-01-01"}, "The date range is invalid"),
        ({"to": "9999-12-31"}, "The date range is invalid"),
        ({"from": "yesterday"}, "Showing every date."),
        ({"range": "eternity"}, "is not a range such as today"),
        ({"range": "7d"}, "No payments match"),
        ({"sort": "price"}, "is not a sort order. Showing the newest payments first."),
        ({"sort": "largest", "currency": "usd", "q": "order-1"}, "cannot be sorted by amount"),
        ({"cursor": "9" * 10_000}, "This page link is invalid. Showing the newest entries."),
        ({"cursor": "\0"}, "This page link is invalid."),
        ({"country": "٣٣"}, "is not a card country like US"),
    ],
    ids=lambda v: repr(v)[:60],
)
def test_an_invalid_filter_is_named_and_the_nearest_view_is_shown(
    viewer: FlaskClient, database: Database[dict[str, Any]], query: dict[str, str], message: str
) -> None:
    database.payments.insert_many([stored.payment(1), stored.payment(2)])
    page = viewer.get(PATH, query_string=query)
    assert page.status_code == 200
    assert message in page.text


def test_markup_is_escaped_and_each_currency_has_its_decimals(
    viewer: FlaskClient, database: Database[dict[str, Any]]
) -> None:
    words = (
        "aed aud brl cad chf clp cny czk dkk eur gbp hkd huf idr ils inr isk "
        "jpy krw kwd mxn myr nok nzd php pln sek sgd thb usd"
    )
    database.payments.insert_many(
        [
            stored.payment(n, currency=c, amount=123450, order_id="<i>o</i>", description="<script>x</script>")
            for n, c in enumerate(words.split())
        ]
    )
    page = viewer.get(PATH).text
    assert "<script>x" not in page and "<i>o" not in page
    for shown in ("1,234.50 USD", "123,450 JPY", "123.450 KWD", "1,234 ISK"):
        assert shown in page


def test_a_figure_is_named_by_a_chip_that_removes_it(viewer: FlaskClient, payments: list[dict[str, Any]]) -> None:
    del payments
    page = viewer.get(f"{PATH}?counts=completed&currency=usd").text
    assert "Payments counted as</span> completed · success rate" in page
    assert 'href="/dashboard/payments?currency=usd" aria-label="Remove Payments counted as' in page


def test_a_long_list_says_more_than_ten_thousand(viewer: FlaskClient, database: Database[dict[str, Any]]) -> None:
    viewer.get(PATH)  # builds the figures of nothing, so that the rows put beside them stay
    database.payment_rows.insert_many([row_of(stored.payment(n)) for n in range(10_001)])
    assert "More than 10,000 payments" in viewer.get(PATH).text
    assert "More than 10,000 payments" in viewer.get(f"{PATH}?currency=usd&sort=largest").text


def test_open_fraud_warnings_come_first(viewer: FlaskClient, payments: list[dict[str, Any]]) -> None:
    urgent = [str(p["_id"]) for p in sorted(payments, key=lambda p: p["created_at"], reverse=True) if is_urgent(p)]
    page = viewer.get(PATH).text
    section = page[page.index('id="urgent"') : page.index('id="rows"')]
    assert "Needs attention" in section
    assert re.findall(r'class="row-link" href="/dashboard/payments/([0-9a-f]{24})"', section) == urgent[:50]
    assert section.count("Fraud warning: refund advised") == len(urgent[:50])
    assert 'id="urgent"' not in viewer.get(f"{PATH}?currency=usd").text
    assert 'id="urgent"' not in viewer.get(link(page, "Next →") or "").text
