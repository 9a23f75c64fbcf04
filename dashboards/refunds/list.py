"""The list of refunds: those that need somebody first."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.extensions import services
from app.services.listing import MOST_COUNTED, MOST_URGENT
from dashboards.lists import cursors
from dashboards.lists.labels import amount, words
from dashboards.lists.query import PRESETS, card_options
from dashboards.refunds.filters import read_refunds
from dashboards.web.auth import current_account, guard

NAME = "refunds"
STATUS = [
    ("pending", "Pending"),
    ("requires_action", "Needs action"),
    ("succeeded", "Succeeded"),
    ("failed", "Failed"),
    ("canceled", "Canceled"),
]


def add_routes(pages: Blueprint) -> None:
    """Add the list, and the note that a failed refund needs nobody any more."""
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
        words=words,
        amount=amount,
    )


@guard("finance")
def settle(payment_id: str, refund_id: str) -> Response:
    """Note that the money of a failed refund went back in another way."""
    services.refund_desk.settle(payment_id, refund_id, actor=current_account().email)
    flash("Noted: the money went back in another way. Nothing was refunded here.", "success")
    return redirect(url_for("dashboards.refunds"), HTTPStatus.SEE_OTHER)
