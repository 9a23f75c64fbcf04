"""The audit log: who did what, filtered, and a check that nobody changed it afterwards.

Uses lists, web.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request

from app.extensions import settings
from app.models.audit.entries import EntryFilter
from app.services import audit
from app.services.audit import Action
from dashboards.lists import cursors
from dashboards.lists.query import ListQuery, Reader
from dashboards.web.auth import guard

PAGE_SIZE = 50
# About a second's work; the whole log is for the command that the page names.
VERIFIED = 20_000
PAYMENTS_VERIFIED = 500
_NAME = "audit"
_WORDS = {
    Action.SIGNED_IN: "Signed in",
    Action.SIGN_IN_FAILED: "Sign-in failed",
    Action.ACCOUNT_LOCKED: "Account locked",
    Action.SIGNED_OUT: "Signed out",
    Action.USER_CREATED: "User added",
    Action.USER_DISABLED: "User disabled",
    Action.USER_ENABLED: "User enabled",
    Action.ROLE_CHANGED: "Role changed",
    Action.PASSWORD_CHANGED: "Password changed",
}


def add_routes(pages: Blueprint) -> None:
    """Add the list and its check."""
    pages.add_url_rule("/dashboard/audit", "audit", show, methods=["GET"])
    pages.add_url_rule("/dashboard/audit/verify", "audit_verify", verify, methods=["POST"])


@guard("admin")
def show() -> str:
    """Entries, newest first."""
    return _page(request.args)


@guard("admin")
def verify() -> str:
    """The same page with what a check of the newest entries, and of the newest payments, found."""
    return _page(
        {},
        verified=audit.verify_newest(VERIFIED),
        payments=audit.verify_newest_payments(PAYMENTS_VERIFIED),
    )


def _page(args: Mapping[str, str], **more: Any) -> str:
    query = read(args, ZoneInfo(settings.dashboard_timezone))
    cursor = cursors.read(args, _NAME, query)
    page = audit.page(query.where, limit=PAGE_SIZE, cursor=cursor)
    return render_template(
        "audit/index.html",
        query=query,
        rows=[
            (row, datetime.fromtimestamp(row["at"] / 1000, UTC), words(row["action"])) for row in page.rows
        ],
        turn=cursors.turn(page, cursor, _NAME, query.parameters),
        actions=[(action.value, words(action.value)) for action in Action],
        **more,
    )


def read(args: Mapping[str, str], zone: ZoneInfo) -> ListQuery[EntryFilter]:
    """The entries that an address describes, as far as it is valid."""
    reader = Reader(args, zone)
    start, end = reader.range()
    where = EntryFilter(
        action=reader.option("action", "Action", {action.value: words(action) for action in Action}),
        actor=reader.identifier("actor", "Who"),
        target=reader.identifier("target", "On"),
        since=_milliseconds(start),
        until=_milliseconds(end),
    )
    return reader.query(where)


def words(action: str) -> str:
    """An action as people say it."""
    return _WORDS.get(Action(action), _plain(action)) if action in set(Action) else _plain(action)


def _plain(action: str) -> str:
    return action.replace(".", " ").replace("_", " ").capitalize()


def _milliseconds(moment: datetime | None) -> int | None:
    return int(moment.timestamp() * 1000) if moment else None
