"""The list of disputes: those with a response due first, by their deadline.

Uses lists, refunds, web.
"""

from __future__ import annotations

from flask import Blueprint, render_template, request

from app.clock import now
from app.domain.payments.states import NEEDS_RESPONSE
from app.extensions import services
from dashboards.lists.formats import time_left
from dashboards.lists.labels import DISPUTE, options
from dashboards.refunds.filters import KINDS, list_page, read_disputes
from dashboards.web.auth import guard

STATUS = options(DISPUTE)


def add_routes(pages: Blueprint) -> None:
    pages.add_url_rule("/dashboard/disputes", "disputes", index)


@guard("viewer")
def index() -> str:
    """A page of the list that the address describes."""
    query = read_disputes(request.args, services.listings.zone, STATUS)
    page = list_page("disputes", query, STATUS)
    page["options"]["kind"] = list(KINDS.items())
    return render_template(
        "disputes/index.html",
        **page,
        time_left=lambda moment: time_left(moment, now(), services.listings.zone),
        is_late=lambda moment: moment is not None and moment < now(),
        answerable=NEEDS_RESPONSE,
    )
