"""The audit log: who did what, filtered, and a check that nobody changed it afterwards.

Uses lists, web.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request

from app.extensions import settings
from app.models.audit.entries import EntryFilter
from app.services import audit
from dashboards.lists import cursors, labels
from dashboards.lists.formats import amount, unix_time
from dashboards.lists.labels import humanize
from dashboards.lists.query import ListQuery, Reader
from dashboards.web.auth import guard

PAGE_SIZE = 50
# Verifying so many takes about a second; the command that the page names verifies the whole log.
VERIFIED = 20_000
PAYMENTS_VERIFIED = 500
_NAME = "audit"


def add_routes(pages: Blueprint) -> None:
    pages.add_url_rule("/dashboard/audit", "audit", show, methods=["GET"])
    pages.add_url_rule("/dashboard/audit/verify", "audit_verify", verify, methods=["POST"])


@guard("admin")
def show() -> str:
    return _page(request.args)


@guard("admin")
def verify() -> str:
    """The same page with the verification of the newest entries and of the newest payments."""
    return _page({}, verified=audit.verify_newest(VERIFIED), payments=audit.verify_newest_payments(PAYMENTS_VERIFIED))


def _page(args: Mapping[str, str], **more: Any) -> str:
    query = read(args, ZoneInfo(settings.dashboard_timezone))
    cursor = cursors.read(args, _NAME, query)
    page = audit.page(query.where, limit=PAGE_SIZE, cursor=cursor)
    return render_template(
        "audit/index.html",
        query=query,
        rows=[(row, unix_time(row.at // 1000), _details(row.details)) for row in page.rows],
        turn=cursors.turn(page, cursor, _NAME, query.parameters),
        actions=labels.options(labels.ACTION),
        **more,
    )


def read(args: Mapping[str, str], zone: ZoneInfo) -> ListQuery[EntryFilter]:
    """The entries that an address describes, as far as it is valid."""
    reader = Reader(args, zone)
    start, end = reader.range()
    where = EntryFilter(
        action=reader.option("action", "Action", dict(labels.options(labels.ACTION))),
        actor=reader.identifier("actor", "User"),
        target=reader.identifier("target", "Target"),
        since=_milliseconds(start),
        until=_milliseconds(end),
    )
    return reader.query(where)


def _details(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The details of an entry by name; an amount in minor units is written with its currency."""
    currency = details.get("currency")
    texts = {name: _text(value) for name, value in details.items() if value is not None}
    if currency and isinstance(details.get("amount"), int):
        del texts["currency"]
        texts["amount"] = amount(details["amount"], currency)
    return [(humanize(name), text) for name, text in texts.items()]


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_text(item)}" for name, item in value.items())
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)


def _milliseconds(moment: datetime | None) -> int | None:
    return int(moment.timestamp() * 1000) if moment else None
