"""The audit log: who did what, filtered, and a check that nobody changed it afterwards.

Uses web.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from app.domain.figures import periods
from app.extensions import settings
from app.models.audit.entries import EntryFilter, Position
from app.services import audit
from app.services.audit import Action
from dashboards.web.auth import guard

SHOWN = 50
# About a second's work; the whole log is for the command that the page names.
VERIFIED = 20_000
PAYMENTS_VERIFIED = 500
_LONGEST_TEXT = 320
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_POSITION = re.compile(r"([0-9]{1,14})-([0-9]{1,14})")
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


@dataclass(slots=True)
class Asked:
    """What the address asks for, and what is wrong with it by field; ``is_lost`` when it goes on at no place."""

    where: EntryFilter
    position: Position | None
    is_lost: bool = False
    errors: dict[str, list[str]] = field(default_factory=dict)


def add_routes(pages: Blueprint) -> None:
    """Add the list and its check."""
    pages.add_url_rule("/dashboard/audit", "audit", show, methods=["GET"])
    pages.add_url_rule("/dashboard/audit/verify", "audit_verify", verify, methods=["POST"])


@guard("admin")
def show() -> tuple[str, int]:
    """Entries, newest first."""
    return _page(request.args)


@guard("admin")
def verify() -> tuple[str, int]:
    """The same page with what a check of the newest entries, and of the newest payments, found."""
    return _page(
        MultiDict(),
        verified=audit.verify_newest(VERIFIED),
        payments=audit.verify_newest_payments(PAYMENTS_VERIFIED),
    )


def _page(args: MultiDict[str, str], **more: Any) -> tuple[str, int]:
    asked = read(args, ZoneInfo(settings.dashboard_timezone))
    found = audit.page(asked.where, asked.position, limit=SHOWN) if not asked.errors else None
    rows = found.rows if found else []
    page = render_template(
        "audit/index.html",
        rows=[(row, datetime.fromtimestamp(row["at"] / 1000, UTC), words(row["action"])) for row in rows],
        newer=_address(args, "after", rows[0]) if found and found.has_newer and rows else None,
        older=_address(args, "before", rows[-1]) if found and found.has_older and rows else None,
        first=_address(args) if asked.position else None,
        is_filtered=any(args.get(name) for name in ("actor", "action", "target", "from", "to")),
        actions=[(action.value, words(action.value)) for action in Action],
        args=args,
        errors=asked.errors,
        is_lost=asked.is_lost,
        **more,
    )
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if asked.errors else HTTPStatus.OK


def read(args: MultiDict[str, str], zone: ZoneInfo) -> Asked:
    """The filters of an address; whatever cannot be meant is named in ``errors``."""
    errors: dict[str, list[str]] = {}
    action = args.get("action") or None
    if action and action not in set(Action):
        errors["action"] = ["There is no such action."]
    texts = {name: (args.get(name) or "").strip() or None for name in ("actor", "target")}
    for name, text in texts.items():
        if text and (len(text) > _LONGEST_TEXT or "\0" in text):
            errors[name] = [f"This can be at most {_LONGEST_TEXT} characters of text."]
    first, last = _day(args, "from", errors), _day(args, "to", errors)
    if first and last and last < first:
        errors["to"] = ["The last day is before the first."]
    since = until = None
    if not errors:
        since = _milliseconds(periods.days(first, first, zone).start) if first else None
        until = _milliseconds(periods.days(last, last, zone).end) if last else None
    where = EntryFilter(action=action, actor=texts["actor"], target=texts["target"], since=since, until=until)
    return Asked(where, *_position(args), errors)


def words(action: str) -> str:
    """An action as people say it."""
    return _WORDS.get(Action(action), _plain(action)) if action in set(Action) else _plain(action)


def _plain(action: str) -> str:
    return action.replace(".", " ").replace("_", " ").capitalize()


def _day(args: MultiDict[str, str], name: str, errors: dict[str, list[str]]) -> date | None:
    text = (args.get(name) or "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        errors[name] = [f"A day looks like 2026-03-31 and is from {_FIRST_YEAR} to {_LAST_YEAR}."]
        return None
    return day


def _position(args: MultiDict[str, str]) -> tuple[Position | None, bool]:
    """Where the list goes on, and whether the address names a place that cannot be; it then begins anew."""
    newer = bool(args.get("after"))
    text = args.get("after") or args.get("before")
    found = _POSITION.fullmatch(text or "")
    return (Position(int(found[1]), int(found[2]), newer), False) if found else (None, bool(text))


def _address(args: MultiDict[str, str], side: str | None = None, row: dict[str, Any] | None = None) -> str:
    kept = {name: text for name, text in args.items() if text and name not in {"before", "after"}}
    known = {name: text for name, text in kept.items() if name in {"actor", "action", "target", "from", "to"}}
    if side and row:
        known[side] = f"{row['at']}-{row['seq']}"
    return url_for("dashboards.audit", **known)  # type: ignore[arg-type]


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
