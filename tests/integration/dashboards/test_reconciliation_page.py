"""Comparisons with Stripe on pages: the runs, their differences, and one payment checked and then repaired."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database

from app.domain.permissions import Role
from app.extensions import services
from app.factory import create_app
from app.ids import new_id
from app.models import connection
from app.services.reconciliation.admin import DRIFT_PAGE, PAGE
from config import Settings
from tests.integration.dashboards.pages import enter, opened, paid, post
from tests.support.ownership import our_metadata
from tests.support.sandbox import SandboxProcess

Mongo = Database[dict[str, Any]]
RUNS = "/dashboard/reconciliation"
NONSENSE = ["", "\0", "x", "0", "-1", "1-", "9" * 40, '{"$gt": ""}', "1-" + "g" * 24, "99999999999999-" + "0" * 24, "²"]


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    return enter(app, Role.ADMIN)


@pytest.fixture(autouse=True)
def _held(sandbox: SandboxProcess) -> None:
    """Nothing is delivered, so that there is something to find."""
    sandbox.hold_webhooks()


def test_the_page_says_how_to_start_the_first_run(admin: FlaskClient) -> None:
    page = admin.get(RUNS).text
    assert "No comparison yet" in page
    assert "flask stripe reconcile --since 3d" in page


def test_a_payment_is_checked_before_it_is_repaired(
    app: Flask, admin: FlaskClient, sandbox: SandboxProcess, database: Mongo
) -> None:
    payment = opened(app)
    sandbox.pay(payment.payment_intent_id)
    page = admin.get(f"/dashboard/payments/{payment.payment_id}").text
    answer = post(admin, f"{RUNS}/check", page, payment_id=payment.payment_id)
    assert answer.status_code == 303
    checked = admin.get(answer.location).text
    for expected in (
        "Differences",
        "Nothing was changed.",
        "Succeeded",
        "Pending",
        "Completed",
        "0.00 USD",
        "19.99 USD",
    ):
        assert expected in checked, expected
    assert database["payments"].find_one()["status"] == "pending"
    assert database["audit_entries"].count_documents({"action": "reconciliation.repaired"}) == 0
    answer = post(admin, f"{RUNS}/repair", checked, payment_id=payment.payment_id)
    repaired = admin.get(answer.location).text
    assert "All repaired" in repaired
    assert "Repair: apply" not in repaired
    stored = database["payments"].find_one()
    assert (stored["status"], stored["history"][-1]["actor"]) == ("completed", "admin@example.com")
    (entry,) = database["audit_entries"].find({"action": "reconciliation.repaired"})
    assert (entry["actor"], entry["target"]) == ("admin@example.com", payment.payment_id)
    again = post(admin, f"{RUNS}/check", repaired, payment_id=payment.payment_id)
    assert "Stripe and Paydesk agree." in admin.get(again.location).text
    assert admin.get(RUNS).text.count("One payment") == 3


def test_a_run_over_a_range_links_to_its_payments(app: Flask, admin: FlaskClient, sandbox: SandboxProcess) -> None:
    payment = opened(app, "<b>order</b>")
    sandbox.pay(payment.payment_intent_id)
    params = {"amount": 500, "currency": "usd", **our_metadata("unknown")}
    sandbox.stripe("POST", "/v1/payment_intents", params)
    with app.app_context():
        since = datetime.now(UTC) - timedelta(days=3)
        run = services.reconciliation.run(since=since, actor="worker")
    listed = admin.get(RUNS).text
    assert f"{RUNS}/{run.report_id}" in listed
    assert "worker" in listed
    page = admin.get(f"{RUNS}/{run.report_id}").text
    for expected in ("Missing in Paydesk", "Different", f"/dashboard/payments/{payment.payment_id}", "Check again"):
        assert expected in page, expected
    assert "<b>order" not in page


def test_open_differences_come_before_the_runs(
    app: Flask, admin: FlaskClient, sandbox: SandboxProcess, database: Mongo
) -> None:
    payment = opened(app)
    sandbox.pay(payment.payment_intent_id)
    item = {"currency": "usd", "amount": 500, "fields": {}}
    missing = {**item, "kind": "missing_there", "payment_id": new_id(), "intent_id": "pi_there"}
    unknown = {**item, "kind": "missing_here", "payment_id": None, "intent_id": "pi_here"}
    with app.app_context():
        since = datetime.now(UTC) - timedelta(days=3)
        services.reconciliation.run(since=since, actor="worker")
    first = database["reconciliation_reports"].find_one()
    database["reconciliation_reports"].update_one(
        {"_id": first["_id"]}, {"$push": {"drift": {"$each": [missing, unknown]}}, "$inc": {"drift_total": 2}}
    )
    quiet = {**first, "drift": [], "drift_total": 0, "counts": {"compared": 1}}
    later = [{**quiet, "_id": new_id(), "started_at": datetime.now(UTC)} for _ in range(PAGE)]
    database["reconciliation_reports"].insert_many(later)

    def still() -> list[str]:
        page = admin.get(RUNS).text
        if 'id="open"' not in page:
            return []
        section = page.split('id="open"')[1].split('id="runs"', maxsplit=1)[0]
        return sorted(i for i in (payment.payment_intent_id, "pi_there", "pi_here") if i in section)

    # The run itself is on the second page by now.
    assert first["_id"] not in admin.get(RUNS).text.split('id="runs"')[1]
    assert still() == sorted([payment.payment_intent_id, "pi_there", "pi_here"])
    page = admin.get(RUNS).text
    checked = post(admin, f"{RUNS}/check", page, payment_id=payment.payment_id)
    assert payment.payment_intent_id in still()
    post(admin, f"{RUNS}/repair", admin.get(checked.location).text, payment_id=payment.payment_id)
    assert still() == ["pi_here", "pi_there"]
    # A run that repairs, and a check that finds no difference any more.
    repaired = {**quiet, "_id": new_id(), "drift": [unknown | {"repaired": True}], "drift_total": 1}
    equal = {**quiet, "_id": new_id(), "payment_id": missing["payment_id"], "state": "finished"}
    for run in (repaired, equal):
        database["reconciliation_reports"].insert_one({**run, "started_at": datetime.now(UTC)})
    assert still() == []


def test_the_page_says_how_often_the_worker_compares(settings: Settings, app: Flask) -> None:
    del app
    for minutes, expected in ((15, "every 15 minutes"), (0, "Automatic comparisons are turned off")):
        client = enter(create_app(replace(settings, reconcile_interval_minutes=minutes)), Role.ADMIN)
        assert expected in client.get(RUNS).text


def test_unrepaired_differences_come_first_page_by_page(admin: FlaskClient, database: Mongo) -> None:
    row = {"kind": "different", "currency": "usd", "amount": 100, "intent_id": "pi_1", "fields": {}}
    drift = [
        {**row, "payment_id": f"{n:024x}", "repaired": n < DRIFT_PAGE, "fields": {"<b>odd</b>": [None, {"a": [1]}]}}
        for n in range(DRIFT_PAGE + 50)
    ]
    report = new_id()
    now = datetime.now(UTC)
    database["reconciliation_reports"].insert_one(
        {
            "_id": report,
            "state": "running",
            "started_at": now,
            "since": now - timedelta(days=3),
            "repair": True,
            "actor": None,
            "payment_id": None,
            "drift": drift,
            "drift_total": 5000,
            "counts": {"compared": 9, "repaired": DRIFT_PAGE, "different": 5000},
            "amounts": {"zzz": {"captured": 5}},
        }
    )
    first = admin.get(f"{RUNS}/{report}").text
    assert first.index(f"{DRIFT_PAGE:024x}") < first.index(f"{0:024x}")
    assert "The run is in progress, or its process ended." in first
    assert "The report keeps the first 150 of 5,000." in first
    assert "<b>odd" not in first
    assert f"{RUNS}/{report}?page=2" in first
    assert f"{DRIFT_PAGE - 1:024x}" in admin.get(f"{RUNS}/{report}?page=2").text


def test_pages_of_runs_follow_each_other_without_gap(admin: FlaskClient, database: Mongo) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    bare = {"state": "finished", "since": now, "repair": False, "drift": [], "drift_total": 0, "counts": {}}
    # Three at each moment, so that the order within one matters as well.
    rows = [{**bare, "_id": new_id(), "started_at": now - timedelta(seconds=n // 3)} for n in range(2 * PAGE + 3)]
    database["reconciliation_reports"].insert_many(rows)
    seen: list[str] = []
    address: str | None = RUNS
    while address and len(seen) <= len(rows):
        page = admin.get(address).text
        seen += [part.split('"')[0] for part in page.split(f'<td><a href="{RUNS}/')[1:]]
        _, _, rest = page.partition('rel="next" href="')
        address = rest.split('"')[0] if rest else None
    assert len(seen) == len(rows)
    assert set(seen) == {row["_id"] for row in rows}


def test_a_stripe_outage_is_reported(app: Flask, admin: FlaskClient, sandbox: SandboxProcess) -> None:
    payment = paid(app, sandbox)
    page = admin.get(RUNS).text
    sandbox.fault(effect="503", match={"path": "^/v1/"})
    answer = post(admin, f"{RUNS}/check", page, payment_id=payment.payment_id)
    assert answer.status_code == 303
    assert "The payment could not be compared. Stripe cannot be reached" in admin.get(answer.location).text
    assert "Interrupted" in admin.get(RUNS).text


@pytest.mark.parametrize("payment_id", ["0" * 24, "nonsense", "", "\0", '{"$ne": 1}'])
def test_an_unknown_payment_is_reported(admin: FlaskClient, database: Mongo, payment_id: str) -> None:
    page = admin.get(RUNS).text
    for step in ("check", "repair"):
        answer = post(admin, f"{RUNS}/{step}", page, payment_id=payment_id)
        assert (answer.status_code, answer.location) == (303, RUNS)
        assert "No payment has this ID." in admin.get(RUNS).text
    assert database["reconciliation_reports"].count_documents({}) == 0
    assert database["audit_entries"].count_documents({"action": "reconciliation.repaired"}) == 0


@pytest.mark.parametrize("value", NONSENSE)
def test_nonsense_in_the_address_is_the_nearest_sensible_view(
    app: Flask, admin: FlaskClient, sandbox: SandboxProcess, value: str
) -> None:
    payment = paid(app, sandbox)
    with app.app_context():
        report = services.reconciliation.payment(payment.payment_id).report_id
    assert admin.get(RUNS, query_string={"cursor": value}).status_code == 200
    assert admin.get(f"{RUNS}/{report}", query_string={"page": value}).status_code == 200


@pytest.mark.parametrize("report_id", ["0" * 24, "check", "%00", "%7B%22$ne%22:1%7D", "x" * 3000])
def test_an_unknown_report_is_not_found(admin: FlaskClient, report_id: str) -> None:
    answer = admin.get(f"{RUNS}/{report_id}")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.FINANCE])
def test_only_admins_reconcile(app: Flask, role: Role) -> None:
    client = enter(app, role)
    assert client.get(RUNS).status_code == client.get(f"{RUNS}/x").status_code == 403
    page = client.get("/", follow_redirects=True).text
    for step in ("check", "repair"):
        assert post(client, f"{RUNS}/{step}", page, payment_id="0" * 24).status_code == 403


def test_a_form_without_csrf_token_does_nothing(admin: FlaskClient, database: Mongo) -> None:
    for step in ("check", "repair"):
        assert admin.post(f"{RUNS}/{step}", data={"payment_id": "0" * 24}).status_code == 400
    assert database["reconciliation_reports"].count_documents({}) == 0


def test_a_database_outage_shows_a_page(settings: Settings, admin: FlaskClient) -> None:
    connection.connect("mongodb://127.0.0.1:1/paydesk")
    try:
        answer = admin.get(RUNS)
    finally:
        connection.connect(settings.mongodb_uri)
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
