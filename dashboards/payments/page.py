"""One payment: what it came to, every attempt in plain words, and the history that vouches for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template

from app.clock import now
from app.domain.declines import advice_for_customer, explain
from app.domain.payments import payment as payments
from app.domain.payments.payment import Dispute
from app.extensions import settings
from app.services.payments.detail import PaymentDetail, payment_detail
from dashboards.lists import labels
from dashboards.payments import stripe_links
from dashboards.payments.changes import Line, change_lines
from dashboards.web.auth import guard

Row = Mapping[str, Any]


def add_routes(pages: Blueprint) -> None:
    """Add the page of one payment."""
    pages.add_url_rule("/dashboard/payments/<payment_id>", "payment", show)


@guard("viewer")
def show(payment_id: str) -> str:
    """Everything about the payment; NotFound for an unknown id and for what is no id."""
    detail = payment_detail(payment_id)
    return render_template(
        "payments/page.html", detail=detail, payment=detail.payment, story=_story(detail), words=labels
    )


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt with its decline explained to staff, and what they may tell the customer."""

    row: payments.Attempt
    meaning: str | None
    advice: str | None
    may_retry: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of the history in words."""

    at: datetime
    what: str
    who: str
    event_id: str | None
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Story:
    """What the template cannot read off the document itself."""

    attempts: list[Attempt]
    disputes: list[tuple[Dispute, str | None]]
    moments: list[Moment]
    stripe_link: str | None
    is_sandbox: bool


def _story(detail: PaymentDetail) -> Story:
    payment = detail.payment
    return Story(
        attempts=[_attempt(row) for row in payment.attempts],
        disputes=[(row, _deadline(row)) for row in payment.disputes],
        moments=_moments(payment.history, payment.currency),
        stripe_link=stripe_links.link(payment, settings.stripe_api_base),
        is_sandbox=stripe_links.is_of_sandbox(payment, settings.stripe_api_base),
    )


def _attempt(row: payments.Attempt) -> Attempt:
    failure = row.failure
    if not failure:
        return Attempt(row, None, None, may_retry=False)
    code, decline_code = failure.code, failure.decline_code
    reason = explain(code, decline_code)
    return Attempt(row, reason.meaning, advice_for_customer(code, decline_code), may_retry=reason.retryable)


def _deadline(dispute: Dispute) -> str | None:
    """How long there is to answer; None where no answer is expected."""
    if dispute.evidence_due_by is None or not dispute.status.needs_attention:
        return None
    return labels.due_words(dispute.evidence_due_by, now(), ZoneInfo(settings.dashboard_timezone))


def _moments(history: Sequence[Row], currency: str) -> list[Moment]:
    """The history, newest first."""
    found: list[Moment] = []
    asked: set[tuple[Any, Any]] = set()
    for entry in history:
        request = (entry.get("source"), entry.get("reference"))
        found.append(_moment(entry, currency, is_answer=request in asked))
        asked.add(request)
    return found[::-1]


def _moment(entry: Row, currency: str, *, is_answer: bool) -> Moment:
    source, reference = str(entry.get("source")), entry.get("reference")
    return Moment(
        at=datetime.fromtimestamp(entry["at"] / 1000, UTC),
        what=labels.answered(source) if is_answer else labels.road(source),
        who=str(entry.get("actor") or ("Stripe" if source == "webhook" else "Paydesk")),
        event_id=str(reference) if source == "webhook" and reference else None,
        lines=change_lines(entry.get("changes") or {}, currency),
    )
