"""Comparisons with Stripe: the latest runs, what differed, and one payment checked or repaired at once.

A run over a range reads thousands of objects at Stripe and may take minutes or hours, so no request starts one. The
worker runs one on its own schedule and takes no requests: a button that only stored a request would look broken
whenever no worker is up. The page therefore names the command for a range, which shows its progress and can be resumed.
One payment takes a handful of calls; that is done here, always as a check before a repair.

Uses lists, payments, web.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.errors import DatabaseUnavailable, NotFound, Unavailable
from app.extensions import services, settings
from app.services.reconciliation.admin import MOST_OPEN
from dashboards.lists import cursors
from dashboards.lists.query import Reader
from dashboards.payments.changes import drift_lines
from dashboards.web.auth import current_account, guard

_PATH = "/dashboard/reconciliation"
_NAME = "reconciliation"
_MOST_PAGES = 1000


def add_routes(pages: Blueprint) -> None:
    """Add the list of reports, a report, and the check and the repair of one payment."""
    pages.add_url_rule(_PATH, "reconciliation", index, methods=["GET"])
    pages.add_url_rule(f"{_PATH}/<report_id>", "reconciliation_report", report, methods=["GET"])
    pages.add_url_rule(f"{_PATH}/check", "reconciliation_check", check, methods=["POST"])
    pages.add_url_rule(f"{_PATH}/repair", "reconciliation_repair", repair, methods=["POST"])


@guard("admin")
def index() -> str:
    """Open differences, the latest runs, and how to start one."""
    query = Reader(request.args, services.listings.zone).query(None)
    cursor = cursors.read(request.args, _NAME, query)
    reports = services.reconciliation_admin.reports(cursor=cursor)
    return render_template(
        "reconciliation/index.html",
        problems=query.problems,
        reports=reports.page.rows,
        open=reports.open,
        most_open=MOST_OPEN,
        every=settings.reconcile_interval_minutes,
        turn=cursors.turn(reports.page, cursor, _NAME, query.parameters),
    )


@guard("admin")
def report(report_id: str) -> str:
    """One run and its differences, unrepaired ones first."""
    reader = Reader(request.args, services.listings.zone)
    number = reader.number("page", 1, _MOST_PAGES, fallback="Showing the first differences.")
    detail = services.reconciliation_admin.report(report_id, page=number)
    drift = [(row, drift_lines(row.fields, row.currency)) for row in detail.drift]
    return render_template(
        "reconciliation/report.html", problems=reader.problems, report=detail.report, detail=detail, drift=drift
    )


@guard("admin")
def check() -> Response:
    """Compare one payment with Stripe, change nothing, and show the report."""
    return _report_of(services.reconciliation_admin.check)


@guard("admin")
def repair() -> Response:
    """Apply Stripe's values to one payment; offered on a check that found a difference."""
    return _report_of(services.reconciliation_admin.repair)


def _report_of(work: Callable[..., str]) -> Response:
    """Show the report that ``work`` wrote on the payment of the form, or why there is none."""
    payment_id = request.form.get("payment_id", "").strip()
    try:
        report_id = work(payment_id, actor=current_account().email)
    except NotFound:
        flash("No payment has this ID. An ID has 24 characters, 0 to 9 and a to f.", "error")
        return redirect(url_for("dashboards.reconciliation"), HTTPStatus.SEE_OTHER)
    except DatabaseUnavailable:
        raise
    except Unavailable as error:
        flash(f"The payment could not be compared. {error.message}", "error")
        return redirect(url_for("dashboards.payment", payment_id=payment_id), HTTPStatus.SEE_OTHER)
    return redirect(url_for("dashboards.reconciliation_report", report_id=report_id), HTTPStatus.SEE_OTHER)
