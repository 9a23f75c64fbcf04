"""The list of refunds: those that need attention first."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.domain.payments.states import RefundState
from app.extensions import services
from dashboards.lists.labels import REFUND, options
from dashboards.refunds.filters import list_page, read_refunds
from dashboards.web.auth import current_account, guard

STATUS = options(REFUND)


def add_routes(pages: Blueprint) -> None:
    """Add the list, and the record that a failed refund was refunded outside Stripe."""
    pages.add_url_rule("/dashboard/refunds", "refunds", index)
    path = "/dashboard/payments/<payment_id>/refunds/<refund_id>/settle"
    pages.add_url_rule(path, "refund_settle", settle, methods=["POST"])


@guard("viewer")
def index() -> str:
    """A page of the list that the address describes."""
    query = read_refunds(request.args, services.listings.zone, STATUS)
    page = list_page("refunds", query, STATUS)
    return render_template("refunds/list.html", **page, settleable=RefundState.FAILED)


@guard("finance")
def settle(payment_id: str, refund_id: str) -> Response:
    """Record that the money of a failed refund was paid back outside Stripe."""
    services.refunds_from_dashboard.settle(payment_id, refund_id, actor=current_account().email)
    flash("Recorded: refunded outside Stripe. No money was moved here.", "success")
    return redirect(url_for("dashboards.refunds"), HTTPStatus.SEE_OTHER)
