"""One payment: its amounts, every attempt in plain words, and the history that proves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
from dashboards.lists.formats import time_left, unix_time
from dashboards.payments import stripe_links
from dashboards.payments.changes import Line, change_lines
from dashboards.web.auth import guard

Row = Mapping[str, Any]


def add_routes(pages: Blueprint) -> None:
    pages.add_url_rule("/dashboard/payments/<payment_id>", "payment", show)


@guard("viewer")
def show(payment_id: str) -> str:
    """Everything about the payment. Raises NotFound for an unknown or malformed ID."""
    detail = payment_detail(payment_id)
    return render_template("payments/page.html", detail=detail, payment=detail.payment, content=_content(detail))


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt with its decline explained to staff, and the advice for the customer."""

    row: payments.Attempt
    meaning: str | None
    advice: str | None
    may_retry: bool


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One entry of the history in words."""

    at: datetime | None
    source: str
    actor: str
    event_id: str | None
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Content:
    """What the template cannot read from the document itself."""

    attempts: list[Attempt]
    disputes: list[tuple[Dispute, str | None]]
    history: list[HistoryItem]
    stripe_link: str | None
    is_sandbox: bool
    hold_left: str | None


def _content(detail: PaymentDetail) -> Content:
    payment = detail.payment
    return Content(
        attempts=[_attempt(row) for row in payment.attempts],
        disputes=[(row, _deadline(row)) for row in payment.disputes],
        history=_history(payment.history, payment.currency),
        stripe_link=stripe_links.link(payment, settings.stripe_api_base),
        is_sandbox=stripe_links.is_of_sandbox(payment, settings.stripe_api_base),
        hold_left=_hold_left(payment),
    )


def _attempt(row: payments.Attempt) -> Attempt:
    failure = row.failure
    if not failure:
        return Attempt(row, None, None, may_retry=False)
    code, decline_code = failure.code, failure.decline_code
    reason = explain(code, decline_code, row.payment_method)
    advice = advice_for_customer(code, decline_code, row.payment_method)
    return Attempt(row, reason.meaning, advice, may_retry=reason.retryable)


def _hold_left(payment: payments.Payment) -> str | None:
    """How long there is to capture; None where nothing is held."""
    if not payment.is_held or payment.hold_expires_at is None:
        return None
    return time_left(payment.hold_expires_at, now(), ZoneInfo(settings.dashboard_timezone))


def _deadline(dispute: Dispute) -> str | None:
    """How long there is to respond; None where no response is due."""
    if dispute.evidence_due_by is None or not dispute.status.needs_attention:
        return None
    return time_left(dispute.evidence_due_by, now(), ZoneInfo(settings.dashboard_timezone))


def _history(entries: Sequence[Row], currency: str) -> list[HistoryItem]:
    """The history, newest first."""
    items: list[HistoryItem] = []
    requests: set[tuple[Any, Any]] = set()
    for entry in entries:
        # Amounts are of the currency that the payment had then: it may have been changed at Stripe.
        currency = _currency_of(entry, currency)
        request = (entry.get("source"), entry.get("reference"))
        items.append(_history_item(entry, currency, is_answer=request in requests))
        requests.add(request)
    return items[::-1]


def _currency_of(entry: Row, before: str) -> str:
    """The payment's currency after an entry."""
    sides = (entry.get("changes") or {}).get("currency")
    return str(sides[1]) if isinstance(sides, list) and len(sides) == 2 else before


def _history_item(entry: Row, currency: str, *, is_answer: bool) -> HistoryItem:
    source, reference = str(entry.get("source")), entry.get("reference")
    return HistoryItem(
        at=unix_time(entry["at"] // 1000),
        source=labels.source(source, is_answer=is_answer),
        actor=str(entry.get("actor") or ("Stripe" if source == "webhook" else "Paydesk")),
        event_id=str(reference) if source == "webhook" and reference else None,
        lines=change_lines(entry.get("changes") or {}, currency),
    )
