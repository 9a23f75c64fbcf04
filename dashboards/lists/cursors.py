"""The cursor of a list in an address, and the links to the pages before and after the one that is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app

from app.cursors import Cursor, Cursors, InvalidCursor
from app.models.pagination import Page
from dashboards.lists.query import ListQuery, Problem


@dataclass(frozen=True, slots=True)
class Turn:
    """The cursors beside a page, as texts of an address; None where there is no further page."""

    is_first: bool
    previous: str | None
    next: str | None


def read(arguments: Mapping[str, str], name: str, query: ListQuery[Any], order: str = "newest") -> Cursor | None:
    """The cursor of the list ``name``; an invalid one is a problem, and the first page is shown."""
    try:
        return _cursors(name, query.parameters).read(arguments.get("cursor") or None)
    except InvalidCursor as error:
        query.problems.append(Problem(str(error), f"Showing the {order} entries."))
        return None


def turn(page: Page, cursor: Cursor | None, name: str, parameters: Mapping[str, str]) -> Turn:
    """Where to go from the ``page`` that lies at ``cursor``."""
    cursors = _cursors(name, parameters)
    return Turn(cursor is None, cursors.write(page.previous), cursors.write(page.next))


def step(cursor: Cursor | None, name: str) -> str | None:
    """Where work on a list of that name goes on, as text for a form."""
    return _cursors(name, {}).write(cursor)


def of_step(form: Mapping[str, str], name: str) -> Cursor | None:
    """The same back from the form; an invalid text is the beginning."""
    try:
        return _cursors(name, {}).read(form.get("cursor") or None)
    except InvalidCursor:
        return None


def _cursors(name: str, parameters: Mapping[str, str]) -> Cursors:
    return Cursors(str(current_app.secret_key), name, parameters)
