"""The list of payments: search, filters, sort orders and pages, all in the address."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from app.domain.declines import explain
from app.extensions import services
from app.services.listing import MOST_COUNTED
from dashboards.lists import cursors
from dashboards.lists.labels import humanize
from dashboards.lists.query import PRESETS, card_options, options_of
from dashboards.payments import filters
from dashboards.payments.filters import PaymentQuery
from dashboards.web.auth import guard

_NAME = "payments"


def add_routes(pages: Blueprint) -> None:
    pages.add_url_rule("/dashboard/payments", "payments", index)


@guard("viewer")
def index() -> str:
    """A page of the list that the address describes."""
    query = filters.read(request.args, services.listings.zone)
    cursor = cursors.read(request.args, _NAME, query, query.order.value)
    listing = services.listings.payments(query.where, query.order, cursor)
    is_start = cursor is None and not query.parameters
    return render_template(
        "payments/list.html",
        query=query,
        listing=listing,
        urgent=services.listings.open_fraud_warnings() if is_start else None,
        turn=cursors.turn(listing.page, cursor, _NAME, query.parameters),
        most=MOST_COUNTED,
        options=_options(query),
        presets=PRESETS,
        explain=lambda code: explain(None, code).meaning,
    )


def _options(query: PaymentQuery) -> dict[str, list[tuple[str, str]]]:
    """What each select of the form offers."""
    options, where = services.listings.options(), query.where
    return {
        **card_options(options, where),
        "status": list(filters.STATUS.items()),
        "refund_status": list(filters.REFUND_STATUS.items()),
        "fraud": list(filters.FRAUD.items()),
        "method": list(filters.METHOD.items()),
        "sort": list(filters.SORT.items()),
        "reason": options_of(options.reason, humanize, where.reason),
    }
