"""The list of disputes: those with a response due first, by their deadline.

Uses lists, refunds, web.
"""

from __future__ import annotations

from flask import Blueprint, render_template, request

from app.clock import now
from app.domain.payments.states import NEEDS_RESPONSE
from app.extensions import services
from app.services.listing import MOST_COUNTED, MOST_URGENT
from dashboards.lists import cursors
from dashboards.lists.formats import time_left
from dashboards.lists.labels import DISPUTE, options
from dashboards.lists.query import PRESETS, card_options
from dashboards.refunds.filters import KINDS, read_disputes
from dashboards.web.auth import guard

NAME = "disputes"
STATUS = options(DISPUTE)


def add_routes(pages: Blueprint) -> None:
    pages.add_url_rule("/dashboard/disputes", "disputes", index)


@guard("viewer")
def index() -> str:
    """A page of the list that the address describes."""
    query = read_disputes(request.args, services.listings.zone, STATUS)
    cursor = cursors.read(request.args, NAME, query)
    listing = services.listings.children(query.where, cursor)
    return render_template(
        "disputes/index.html",
        query=query,
        listing=listing,
        turn=cursors.turn(listing.page, cursor, NAME, query.parameters),
        most=MOST_COUNTED,
        most_urgent=MOST_URGENT,
        options={
            **card_options(services.listings.options(), query.where),
            "status": STATUS,
            "kind": list(KINDS.items()),
        },
        presets=PRESETS,
        time_left=lambda moment: time_left(moment, now(), services.listings.zone),
        is_late=lambda moment: moment is not None and moment < now(),
        answerable=NEEDS_RESPONSE,
    )
