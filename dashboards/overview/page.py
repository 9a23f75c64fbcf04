"""The overview: how payments are doing, each number with what it counts and the way to exactly these payments."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from app.clock import now
from app.domain.figures.figures import DEFINITIONS
from app.errors import FiguresNotReady
from app.extensions import services
from app.models.payments import repository
from app.services.exports.columns import FIGURES
from app.services.figures.report import Report
from app.services.listing import FilterOptions
from dashboards.lists.labels import humanize
from dashboards.lists.links import figures_export_link
from dashboards.lists.query import PRESETS, options_of
from dashboards.overview import cards, charts, volume
from dashboards.overview import query as overview_query
from dashboards.overview.changes import JUDGED
from dashboards.overview.query import OverviewQuery
from dashboards.web.auth import guard

_FILES = (*((name, "csv") for name in FIGURES), ("figures", "xlsx"))


def add_routes(pages: Blueprint) -> None:
    """Add the page."""
    pages.add_url_rule("/dashboard", "overview", index)


@guard("viewer")
def index() -> str | Response:
    """The figures that the address asks for."""
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
        created=cards.created(report),
        standing=cards.standing(report),
        cards=cards.cards(report),
        volume=volume.rows(report, query.moment),
        charts=charts.draw(report, query),
        files=_files(query),
        options=_options(query, found),
        is_unknown=_is_unknown(report, found),
        presets=PRESETS,
        definitions=DEFINITIONS,
        judged=JUDGED,
    )


def _is_first_day(report: Report) -> bool:
    """True before the first payment; asked only where the range has nothing in it."""
    if any(report.figures.counters.values()):
        return False
    return not repository.exists()


def _not_ready(error: FiguresNotReady) -> Response:
    page = make_response(render_template("overview/not_ready.html", message=error.message, moment=now()))
    page.status_code = error.http_status
    page.headers["Retry-After"] = str(error.retry_after or 30)
    return page


def _files(query: OverviewQuery) -> dict[str, str]:
    """Addresses of the files of what is shown, by name and ending."""
    figures = query.figures
    return {
        f"{name}.{ending}": figures_export_link(
            name, ending, figures.span, figures.choice, granularity=figures.granularity.value
        )
        for name, ending in _FILES
    }


def _is_unknown(report: Report, found: FilterOptions) -> bool:
    """True where no payment was ever in the currency that is asked for."""
    wanted = report.query.choice.currency
    return wanted is not None and wanted not in found.currency and not report.figures.count("created")


def _options(query: OverviewQuery, found: FilterOptions) -> dict[str, list[tuple[str, str]]]:
    """What each select of the form offers."""
    choice = query.figures.choice
    return {
        "currency": options_of(found.currency, str.upper, choice.currency),
        "brand": options_of(found.brand, humanize, choice.brand),
        "country": options_of(found.country, str, choice.country),
        "flag": [("true", "Requested"), ("false", "Not requested")],
        "compare": list(overview_query.COMPARE.items()),
        "granularity": list(overview_query.STEPS.items()),
        "heat": list(overview_query.HEAT.items()),
    }
