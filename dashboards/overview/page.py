"""The overview: how payments are doing, each number with its definition and a link to exactly its payments."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from app.clock import now
from app.domain.figures.figures import DEFINITIONS
from app.domain.figures.statistics import Ratio
from app.errors import FiguresNotReady
from app.extensions import services
from app.models.listing.payments import FigureFilter
from app.models.payments import repository
from app.services.exports.columns import FIGURES
from app.services.figures.report import Report
from app.services.listing import FilterOptions
from dashboards.lists.formats import percent
from dashboards.lists.labels import humanize
from dashboards.lists.links import figures_export_link, payments_link
from dashboards.lists.query import PRESETS, options_of
from dashboards.overview import cards, charts, volume
from dashboards.overview import query as overview_query
from dashboards.overview.changes import HOW_COMPARED
from dashboards.overview.query import OverviewQuery
from dashboards.web.auth import guard

_FILES = (*((name, "csv") for name in FIGURES), ("figures", "xlsx"))


def add_routes(pages: Blueprint) -> None:
    """Add the page."""
    pages.add_url_rule("/dashboard", "overview", index)


@guard("viewer")
def index() -> str | Response:
    """The figures for the parameters of the address."""
    query = overview_query.read(request.args, services.listings.zone, now())
    try:
        report = services.analytics.report(query.figures)
    except FiguresNotReady as error:
        return _not_ready(error)
    if _is_first_day(report):
        return render_template("overview/first.html", moment=query.moment)
    found = services.listings.options()
    return render_template(
        "overview/index.html",
        query=query,
        report=report,
        warned=services.listings.open_fraud_warnings().total,
        created=cards.created(report),
        breakdown=cards.status_breakdown(report),
        cards=cards.cards(report),
        methods=_methods(report),
        volume=volume.rows(report, query.moment),
        charts=charts.draw(report, query),
        files=_files(query),
        options=_options(query, found),
        is_unknown=_is_unknown(report, found),
        presets=PRESETS,
        definitions=DEFINITIONS,
        how_compared=HOW_COMPARED,
    )


def _is_first_day(report: Report) -> bool:
    """True before the first payment; queried only when the range is empty."""
    if any(report.figures.counters.values()):
        return False
    return not repository.exists()


def _not_ready(error: FiguresNotReady) -> Response:
    page = make_response(render_template("overview/not_ready.html", message=error.message, moment=now()))
    page.status_code = error.http_status
    page.headers["Retry-After"] = str(error.retry_after or 30)
    return page


def _files(query: OverviewQuery) -> dict[str, str]:
    """Addresses of the exports of this view, by name and extension."""
    figures = query.figures
    return {
        f"{name}.{ending}": figures_export_link(
            name, ending, figures.span, figures.choice, granularity=figures.granularity.value
        )
        for name, ending in _FILES
    }


def _methods(report: Report) -> list[tuple[str, str, Ratio, str]]:
    """Each payment method in words, its success rate, and the list of the payments that it counts."""
    span, choice = report.query.span, report.query.choice
    found = []
    for by in report.figures.success_by_method:
        link = payments_link(span, choice, figure=FigureFilter.DECIDED, method=by.method)
        found.append((humanize(by.method), percent(by.ratio.value), by.ratio, link))
    return found


def _is_unknown(report: Report, found: FilterOptions) -> bool:
    """True when no payment was ever made in the currency of the filter."""
    currency = report.query.choice.currency
    return currency is not None and currency not in found.currency and not report.figures.count("created")


def _options(query: OverviewQuery, found: FilterOptions) -> dict[str, list[tuple[str, str]]]:
    """The options of each select in the form."""
    choice = query.figures.choice
    return {
        "currency": options_of(found.currency, str.upper, choice.currency),
        "brand": options_of(found.brand, humanize, choice.brand),
        "country": options_of(found.country, str, choice.country),
        "flag": [("true", "Requested"), ("false", "Not requested")],
        "compare": list(overview_query.COMPARE.items()),
        "granularity": list(overview_query.INTERVALS.items()),
        "heat": list(overview_query.HEAT.items()),
    }
