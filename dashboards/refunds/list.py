"""The list of refunds: those that need attention first."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.domain.payments.states import RefundState
from app.extensions import services
from app.services.listing import MOST_COUNTED, MOST_URGENT
from dashboards.lists import cursors
from dashboards.lists.labels import REFUND, options
from dashboards.lists.query import PRESETS, card_options
from dashboards.refunds.filters import read_refunds
from dashboards.web.auth import current_account, guard

NAME = "refunds"
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
    cursor = cursors.read(request.args, NAME, query)
    listing = services.listings.children(query.where, cursor)
    return render_template(
        "refunds/list.html",
        query=query,
        listing=listing,
        turn=cursors.turn(listing.page, cursor, NAME, query.parameters),
        most=MOST_COUNTED,
        most_urgent=MOST_URGENT,
        options={**card_options(services.listings.options(), query.where), "status": STATUS},
        presets=PRESETS,
        settleable=RefundState.FAILED,
    )


@guard("finance")
def settle(payment_id: str, refund_id: str) -> Response:
    """Record that the money of a failed refund was paid back outside Stripe."""
    services.refunds_from_dashboard.settle(payment_id, refund_id, actor=current_account().email)
    flash("Recorded: refunded outside Stripe. No money was moved here.", "success")
    return redirect(url_for("dashboards.refunds"), HTTPStatus.SEE_OTHER)
