"""The navigation bar: an entry for each page that exists and that the account may open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, current_app, g, request, url_for

from app.domain.permissions import Role
from app.models.accounts.users import Account


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the navigation; ``here`` is true for the current page and for those below it."""

    label: str
    address: str
    here: bool


# Endpoint of the page, its label, and the role that its guard requires.
_PAGES = (
    ("overview", "Overview", Role.VIEWER),
    ("payments", "Payments", Role.VIEWER),
    ("refunds", "Refunds", Role.VIEWER),
    ("disputes", "Disputes", Role.VIEWER),
    ("webhooks", "Webhooks", Role.ADMIN),
    ("reconciliation", "Reconciliation", Role.ADMIN),
    ("users", "Users", Role.ADMIN),
    ("audit", "Audit log", Role.ADMIN),
)


def init_app(app: Flask, pages: Blueprint) -> None:
    """Give every template ``account`` and ``navigation``, and macros as well ``page_exists``."""
    app.jinja_env.globals["page_exists"] = exists
    pages.app_context_processor(_context)


def exists(name: str) -> bool:
    """Whether the page with this endpoint is part of the application."""
    return f"dashboards.{name}" in current_app.view_functions


def entries(account: Account) -> list[Entry]:
    """The entries that an account sees."""
    pages = [
        (label, url_for(f"dashboards.{name}"))
        for name, label, role in _PAGES
        if exists(name) and account.role.covers(role)
    ]
    inside = [address for _, address in pages if _is_below(request.path, address)]
    # The overview's address is a prefix of all the others, so the longest match is the current page.
    nearest = max(inside, key=len, default="")
    return [Entry(label, address, address == nearest) for label, address in pages]


def _context() -> dict[str, Any]:
    # Only what the guard has already read: reading here would query the database again on the page that reports its
    # outage.
    account: Account | None = g.get("account")
    return {"account": account, "navigation": entries(account) if account else []}


def _is_below(path: str, address: str) -> bool:
    return path == address or path.startswith(f"{address}/")
