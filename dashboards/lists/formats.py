"""Values as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from flask import Flask

from app.domain.figures.periods import Span

_STATUS = {
    "pending": "Pending",
    "requires_action": "Waiting for 3-D Secure",
    "processing": "Processing",
    "authorized": "Authorized",
    "completed": "Completed",
    "failed": "Failed",
    "canceled": "Canceled",
}
_REFUNDED = {"pending": "Refund pending", "partial": "Partly refunded", "full": "Refunded"}
_REFUND = {
    "pending": "Pending",
    "requires_action": "Needs action",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "canceled": "Canceled",
}
_DISPUTE = {
    "needs_response": "Needs response",
    "under_review": "Under review",
    "won": "Won",
    "lost": "Lost",
    "prevented": "Prevented",
    "warning_needs_response": "Inquiry: needs response",
    "warning_under_review": "Inquiry: under review",
    "warning_closed": "Inquiry closed",
    "appeal_needs_response": "Appeal: needs response",
    "appeal_under_review": "Appeal: under review",
}
_EVENT = {"received": "Waiting", "applied": "Applied", "ignored": "Ignored", "failed": "Failed"}


def init_app(app: Flask, *, timezone: str) -> None:
    """Make the formatters filters of templates; times are shown in ``timezone``."""
    zone = ZoneInfo(timezone)
    app.jinja_env.filters.update(
        status_words=status_words,
        refunded_words=lambda status: _REFUNDED.get(status, status),
        refund_words=lambda status: _REFUND.get(status, status),
        dispute_words=lambda status: _DISPUTE.get(status, str(status).replace("_", " ").capitalize()),
        event_words=lambda state: _EVENT.get(state, state),
        local_time=lambda moment: local_time(moment, zone),
        utc_iso=utc_iso,
        span_words=span_words,
        utc_words=lambda moment: local_time(moment, UTC),
    )


def status_words(status: str) -> str:
    """A payment's status in words."""
    return _STATUS.get(status, status)


def local_time(moment: datetime, zone: tzinfo) -> str:
    """A time as the wall clock in ``zone`` showed it, with the zone's short name."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")


def span_words(span: Span) -> str:
    """A range as people write it: ``28 Oct – 26 Nov 2026``, with the time of day where it does not end with a day."""
    first, last = span.first_day, span.last_day
    begin, finish = f"{first.day} {first:%b}", f"{last.day} {last:%b %Y}"
    if first.year != last.year:
        begin += f" {first.year}"
    if span.is_whole_days:
        return finish if first == last else f"{begin} – {finish}"
    opened, closed = (f"{moment.astimezone(span.zone):%H:%M}" for moment in (span.start, span.end))
    if first == last:
        return f"{finish}, {opened} – {'24:00' if closed == '00:00' else closed}"
    begin += "" if opened == "00:00" else f", {opened}"
    return f"{begin} – {finish}" + ("" if closed == "00:00" else f", {closed}")


def utc_iso(moment: datetime) -> str:
    """A time for programs, to the second: ``2026-03-01T12:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
