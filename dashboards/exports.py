"""Downloads of lists and figures, filtered and sorted like the page that they come from.

Uses disputes, lists, payments, refunds, web.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request, send_file

from app.clock import now
from app.domain.figures import periods
from app.domain.figures.periods import Granularity, Span
from app.errors import ValidationFailed
from app.extensions import services
from app.models.figures.rollups import Choice
from app.services.exports.columns import FIGURES
from app.services.exports.files import Table
from app.services.exports.service import Receipt
from app.services.figures.report import FiguresQuery
from dashboards import disputes
from dashboards.lists.query import Reader, preset_span, require_valid
from dashboards.payments import filters
from dashboards.refunds import list as refund_list
from dashboards.refunds.filters import read_disputes, read_refunds
from dashboards.web.auth import current_account, guard

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_INTERVALS = {interval.value: interval.value for interval in Granularity}


def add_routes(pages: Blueprint) -> None:
    # The parameter must not share its name with a filter, or an address with both could not be built.
    lists = ("payments", payments), ("refunds", refunds_file), ("disputes", disputes_file)
    for name, view in lists:
        for ending in ("csv", "xlsx"):
            pages.add_url_rule(f"/dashboard/{name}.{ending}", f"{name}_{ending}", view, defaults={"ending": ending})
    for name in FIGURES:
        pages.add_url_rule(f"/dashboard/{name}.csv", f"{name}_csv", figures_csv, defaults={"table": name})
    pages.add_url_rule("/dashboard/figures.xlsx", "figures_xlsx", figures_xlsx)


@guard("finance")
def payments(ending: str) -> Response:
    query = filters.read(request.args, services.listings.zone)
    require_valid(query.problems)
    table = services.exports.payments(query.where, query.order)
    return _send(table, ending, query.parameters, query.where.start, query.where.end)


@guard("finance")
def refunds_file(ending: str) -> Response:
    query = read_refunds(request.args, services.listings.zone, refund_list.STATUS)
    require_valid(query.problems)
    table = services.exports.refunds(query.where)
    return _send(table, ending, query.parameters, query.where.start, query.where.end)


@guard("finance")
def disputes_file(ending: str) -> Response:
    query = read_disputes(request.args, services.listings.zone, disputes.STATUS)
    require_valid(query.problems)
    table = services.exports.disputes(query.where)
    return _send(table, ending, query.parameters, query.where.start, query.where.end)


@guard("finance")
def figures_csv(table: str) -> Response:
    """One table of the figures: by interval, or over the whole range."""
    query, parameters = _figures_query(request.args)
    return _send(_tables(query)[table], "csv", parameters, query.span.start, query.span.end)


@guard("finance")
def figures_xlsx() -> Response:
    """All of them as sheets of one workbook."""
    query, parameters = _figures_query(request.args)
    tables = _tables(query)
    file = _file_name("figures", "xlsx", query.span.start, query.span.end)
    return _workbook(list(tables.values()), file, parameters)


def _send(
    table: Table, ending: str, parameters: Mapping[str, str], start: datetime | None, end: datetime | None
) -> Response:
    file = _file_name(table.name, ending, start, end)
    if ending == "xlsx":
        return _workbook([table], file, parameters)
    receipt = Receipt(current_account().email, file, parameters)
    answer = Response(services.exports.as_csv(table, receipt), content_type=CSV)
    return _attached(answer, file)


def _workbook(tables: list[Table], file: str, parameters: Mapping[str, str]) -> Response:
    content = services.exports.as_xlsx(tables, Receipt(current_account().email, file, parameters))
    return _attached(send_file(content, mimetype=XLSX), file)


def _attached(answer: Response, file: str) -> Response:
    answer.headers.set("Content-Disposition", "attachment", filename=file)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _file_name(name: str, ending: str, start: datetime | None, end: datetime | None) -> str:
    """``payments_2026-03-01_2026-03-31.csv``, with the first and the last day."""
    zone = services.listings.zone
    first = start.astimezone(zone).date().isoformat() if start else ""
    last = (end - timedelta(microseconds=1)).astimezone(zone).date().isoformat() if end else ""
    if not first and not last:
        return f"{name}_all.{ending}"
    return f"{name}_{first or 'until'}_{last or 'today'}.{ending}"


def _tables(query: FiguresQuery) -> dict[str, Table]:
    try:
        return services.exports.figures(query)
    except ValidationFailed as error:
        # The error page shows only the message.
        messages = [message for field in error.errors.values() for message in field]
        raise ValidationFailed(" ".join(messages) or error.message) from error


def _figures_query(arguments: Mapping[str, str]) -> tuple[FiguresQuery, dict[str, str]]:
    """The figures of an address; the last 30 days where it names no range."""
    zone = services.listings.zone
    reader = Reader(arguments, zone)
    start, end = reader.range()
    choice = Choice(**reader.shared_filters())
    interval = reader.option("granularity", "Interval", _INTERVALS) or Granularity.DAY.value
    require_valid(reader.problems)
    span = _span(start, end, zone)
    if span.end <= span.start:
        raise ValidationFailed("The range ends before it starts.")
    query = FiguresQuery(span=span, choice=choice, granularity=Granularity(interval), by_hour=True)
    return query, reader.parameters


def _span(start: datetime | None, end: datetime | None, zone: ZoneInfo) -> Span:
    default = preset_span("30d", now(), zone)
    end = end or default.end
    first = end.astimezone(zone).date() - timedelta(days=30)
    return Span(start or periods.day_start(first, zone), end, zone)
