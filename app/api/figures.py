"""The figures over HTTP.

Uses http, schemas.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, jsonify
from marshmallow import fields, validate

from app.api.http.auth import caller, requires
from app.api.http.documentation import answers
from app.api.http.parsing import Blueprint
from app.api.schemas.fields import Matches, described
from app.api.schemas.figures import MetricsSchema, metrics
from app.api.schemas.requests import RequestSchema
from app.domain.figures.periods import Compare, Granularity, Span, day_start
from app.domain.permissions import Scope
from app.errors import FiguresNotReady, Forbidden
from app.extensions import services, settings
from app.models.figures.rollups import Choice
from app.services.figures.ranges import day_range
from app.services.figures.report import FiguresQuery

_DAYS_SHOWN = 30

blueprint = Blueprint(
    "metrics", __name__, url_prefix="/api/v1/payments", description="How payments are doing, as the dashboard has it."
)


class MetricsQuerySchema(RequestSchema):
    """Which payments, over which time. Without a range: the last 30 days."""

    first = fields.String(
        data_key="from",
        metadata=described("First day (in DASHBOARD_TIMEZONE), or an RFC 3339 timestamp.", "2025-01-01"),
    )
    last = fields.String(
        data_key="to",
        metadata=described(
            "Last day, included; or an RFC 3339 timestamp, excluded. At most 732 days, 32 by hour.", "2025-01-31"
        ),
    )
    currency = fields.String(
        validate=Matches("[A-Za-z]{3}", "Use a three-letter ISO currency code."),
        metadata=described("Only payments in this currency.", "usd"),
    )
    granularity = fields.String(
        load_default=Granularity.DAY.value,
        validate=validate.OneOf([g.value for g in Granularity]),
        metadata=described("Step of the series; weeks begin on Monday.", "day"),
    )
    compare = fields.String(
        validate=validate.OneOf([c.value for c in Compare]),
        metadata=described(
            "Also answer the figures of as many days just before (whole months for whole months; as "
            "much time for exact times), or of the same days a year before (365 days for exact times). A range that "
            "is not over yet is compared with as much of the earlier one.",
            "previous",
        ),
    )
    brand = fields.String(
        validate=Matches("[a-z0-9_ -]{1,32}", "Use a card brand of Stripe, such as visa."),
        metadata=described("Only payments by cards of this brand.", "visa"),
    )
    country = fields.String(
        validate=Matches("[A-Za-z]{2}|unknown", "Use a two-letter country code, or unknown."),
        metadata=described("Only payments by cards issued in this country.", "US"),
    )
    three_d_secure = fields.Boolean(
        metadata=described("Only payments in which 3-D Secure was requested, or was not.", True)
    )


@blueprint.get("/metrics")
@requires(Scope.METRICS_READ)
@answers(FiguresNotReady)
@blueprint.arguments(MetricsQuerySchema, location="query")
@blueprint.response(200, MetricsSchema)
def payment_metrics(arguments: dict[str, Any]) -> Response:
    """The figures of the payments created in a range, and the money that moved in it.

    Each figure is defined in DESIGN section 5; a ratio of nothing has the value null. The dashboard shows the same.
    """
    if caller().customer:
        raise Forbidden("A token that is bound to a customer cannot read the figures of all of them.")
    span = _span(arguments.pop("first", None), arguments.pop("last", None))
    compare = arguments.pop("compare", None)
    query = FiguresQuery(
        span=span,
        granularity=Granularity(arguments.pop("granularity")),
        compare=Compare(compare) if compare else None,
        choice=_choice(arguments),
    )
    # A response and not a dictionary: the report already has the shape of the schema, and dumping the thousands of
    # values of a series through it once more takes longer than reading them.
    return jsonify(metrics(services.analytics.report(query)))


def _span(first: str | None, last: str | None) -> Span:
    zone = ZoneInfo(settings.dashboard_timezone)
    start, end = day_range(first, last, zone.key)
    if end is None:
        tomorrow = datetime.now(UTC).astimezone(zone).date() + timedelta(days=1)
        end = day_start(tomorrow, zone)
    if start is None:
        start = day_start(end.astimezone(zone).date() - timedelta(days=_DAYS_SHOWN), zone)
    return Span(start, end, zone)


def _choice(arguments: dict[str, Any]) -> Choice:
    """The card's country in upper case, the currency in lower case, as they are stored."""
    if "currency" in arguments:
        arguments["currency"] = arguments["currency"].lower()
    if arguments.get("country", "unknown") != "unknown":
        arguments["country"] = arguments["country"].upper()
    return Choice(**arguments)
