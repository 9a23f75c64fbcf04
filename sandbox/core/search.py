"""Stripe's search language: ``status:'succeeded' AND amount>1000``. Source: docs.stripe.com/search; facts §18."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from sandbox.core.call import Call
from sandbox.core.errors import invalid
from sandbox.core.lists import DEFAULT_LIMIT, MAX_LIMIT
from sandbox.core.records import Json

_CLAUSE = re.compile(
    r"""\s*(-?)([a-z_.0-9]+)(?:\[(['"])(.+?)\3\])?\s*(:|~|>=|<=|>|<)\s*"""
    r"""(?:(['"])((?:\\.|(?!\6).)*)\6|([\w.-]+))"""
)
_JOIN = re.compile(r"\s+(AND|OR)\s+|\s+(?=\S)", re.IGNORECASE)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda have, want: have > want,
    ">=": lambda have, want: have >= want,
    "<": lambda have, want: have < want,
    "<=": lambda have, want: have <= want,
}
Match = Callable[[Json], bool]


def search(call: Call, url: str, objects: Callable[[], list[Json]], fields: Collection[str]) -> Json:
    """A page of the rendered objects, newest first, that match ``query``; ``page`` is the ``next_page`` of before."""
    limit = call.params.get("limit", DEFAULT_LIMIT)
    if not 1 <= limit <= MAX_LIMIT:
        raise invalid(f"This value must be between 1 and {MAX_LIMIT}.", param="limit", code="parameter_invalid_integer")
    page = call.params.get("page", "0")
    if not page.isdecimal():
        raise invalid(f"Invalid page: {page}", param="page")
    matches = _parsed(call.params["query"], fields)
    start = int(page)
    found = [value for value in objects() if matches(value)]
    more = len(found) > start + limit
    return {
        "object": "search_result",
        "data": found[start : start + limit],
        "has_more": more,
        "next_page": str(start + limit) if more else None,
        "url": url,
    }


def _parsed(query: str, fields: Collection[str]) -> Match:
    """The clauses of a query, joined by AND or by OR. Raises a 400 for anything else."""
    clauses: list[Match] = []
    joins: set[str] = set()
    at = 0
    while True:
        clause = _CLAUSE.match(query, at)
        if clause is None:
            raise _unreadable(query)
        clauses.append(_clause(clause, fields))
        at = clause.end()
        if not query[at:].strip():
            break
        join = _JOIN.match(query, at)
        if join is None:
            raise _unreadable(query)
        joins.add((join[1] or "AND").upper())
        at = join.end()
    if len(joins) > 1:
        raise invalid("You can't combine AND and OR in one query.", param="query")
    every = any if joins == {"OR"} else all
    return lambda value: every(clause(value) for clause in clauses)


def _clause(found: re.Match[str], fields: Collection[str]) -> Match:
    name, key, operator = found[2], found[4], found[5]
    if name not in fields or (name == "metadata") != (key is not None):
        raise invalid(f"Field `{name}` is an unsupported search field.", param="query")
    wanted = found[8] if found[7] is None else re.sub(r"\\(.)", r"\1", found[7])
    path = [*name.split("."), *([key] if key else [])]
    if operator in _COMPARE and not wanted.lstrip("-").isdecimal():
        raise invalid(f"Field `{name}` is compared with a number.", param="query")

    def matches(value: Json) -> bool:
        have: Any = value
        for step in path:
            have = have.get(step) if isinstance(have, dict) else None
        if operator in _COMPARE:
            is_match = isinstance(have, int) and _COMPARE[operator](have, int(wanted))
        elif wanted == "null" and found[7] is None:
            is_match = have is None
        elif operator == "~":
            is_match = wanted.lower() in str(have or "").lower()
        else:
            is_match = have is not None and str(have).lower() == wanted.lower()
        return is_match != bool(found[1])

    return matches


def _unreadable(query: str) -> Exception:
    return invalid(f"We were unable to parse your search query: {query}", param="query")
