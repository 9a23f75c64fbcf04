"""Addresses of the lists behind a figure: made here alone, so that a card and its list mean the same payments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from flask import url_for

from app.domain.figures.periods import Span
from app.models.figures.rollups import EVERYTHING, Choice
from app.models.listing.payments import FigureFilter


def payments_link(
    span: Span,
    choice: Choice = EVERYTHING,
    *,
    figure: FigureFilter | None = None,
    reason: str | None = None,
    method: str | None = None,
) -> str:
    """The payments that a figure of ``span`` and ``choice`` counts.

    ``figure`` says which part of it: its n (COMPLETED) or its total (DECIDED); ``reason`` a failure reason,
    ``method`` a type of payment method.
    """
    more: dict[str, Any] = {"counts": figure.value if figure else None, "reason": reason, "method": method}
    return url_for("dashboards.payments", **_parameters(span, choice), **more)


def payments_links(spans: Sequence[Span], choice: Choice, *, figure: FigureFilter) -> list[str]:
    """The same for many spans at once, such as the steps of a series."""
    base = url_for("dashboards.payments", **choice_parameters(choice), counts=figure.value)
    ends = (span_parameters(span) for span in spans)
    # Only times of day have characters that must be quoted.
    return [f"{base}&from={quote(e['from'], safe='')}&to={quote(e['to'], safe='')}" for e in ends]


def refunds_link(span: Span, choice: Choice = EVERYTHING) -> str:
    """The refunds that the refunded volume of ``span`` counts."""
    return url_for("dashboards.refunds", **_parameters(span, choice), counts="refunded")


def refund_failures_link(span: Span, choice: Choice = EVERYTHING) -> str:
    """The failed refunds whose money came back in ``span``."""
    return url_for("dashboards.refunds", **_parameters(span, choice), counts="refund_failures")


def disputes_link(span: Span, choice: Choice = EVERYTHING) -> str:
    """The chargebacks that were opened in ``span``."""
    return url_for("dashboards.disputes", **_parameters(span, choice), kind="chargeback")


def figures_export_link(
    name: str, extension: str, span: Span, choice: Choice = EVERYTHING, *, granularity: str = "day"
) -> str:
    """A file of the figures: ``name`` is that of a table; ``extension`` csv, or for figures also xlsx: all tables."""
    return url_for(f"dashboards.{name}_{extension}", **_parameters(span, choice), granularity=granularity)


def span_parameters(span: Span) -> dict[str, Any]:
    """A span as parameters of an address: days where it is whole days, or else exact times."""
    if span.is_whole_days:
        return {"from": span.first_day.isoformat(), "to": span.last_day.isoformat()}
    return {"from": _instant(span.start), "to": _instant(span.end)}


def choice_parameters(choice: Choice) -> dict[str, Any]:
    """A choice as parameters of an address; ``url_for`` leaves out those that are None."""
    flag = choice.three_d_secure
    return {
        "currency": choice.currency,
        "brand": choice.brand,
        "country": choice.country,
        "three_d_secure": None if flag is None else str(flag).lower(),
    }


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _parameters(span: Span, choice: Choice) -> dict[str, Any]:
    return {**span_parameters(span), **choice_parameters(choice)}
