"""Tallies of payments kept by span of time, so that reading figures does not get slower with history.

Three levels hold the same counts: quarters of an hour in UTC, which every time zone's hours and days are made of, and
days and weeks of the dashboard's zone. What the heat map shows is kept apart from the rest, by day and by month: of it
only the sum over a range is wanted and never its course.

Each is one document for each choice of filters (a *cut*), so that a view reads a few small cells: those of all payments
and of each currency, for days and weeks also those of one card filter, and last the finest, one for each combination of
currency, brand, country and 3-D Secure. Weeks and months have none of the finest, which would grow without a bound.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import islice, product
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from mongoengine import DateTimeField, DictField, Document, IntField, StringField
from pymongo.client_session import ClientSession

from app.domain.figures.contributions import Counted, Tally, add, merged, tallies
from app.domain.figures.periods import Granularity, first_day_of, quarter_start
from app.models.connection import raw, unavailable_as_ours
from app.models.listing import payments as payment_list

ANY = "all"
CUTS = ("currency", "brand", "country", "three_d_secure", "cells")
_CUTS_OF_QUARTERS = ("currency", "cells")
_CUTS_OF_LONG = ("currency", "brand", "country", "three_d_secure")
# So many cells are named rather than looked for.
_MOST_NAMED = 100
# What the heat map shows by hour of the day.
_BY_HOUR = ("created", "completed", "failed")
# Currency, brand, country and whether 3-D Secure was requested, as they are written in the names of cells.
_Names = tuple[str, str, str, str]
_JOIN = "~"
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


class Rollup(Document):
    """``_id`` is level, cut and time, ordered like time: ``day|brand|2026-11-23``, ``quarter|cells|…T10:15``.

    A week has the date of its Monday.
    """

    id = StringField(primary_key=True)
    cells = DictField()

    meta: ClassVar[dict[str, Any]] = {"collection": "rollups", "auto_create_index": False, "indexes": []}


class FiguresState(Document):
    """One row: what the rollups were built for, by which build, and how far it is."""

    id = StringField(primary_key=True)
    zone = StringField(required=True)
    shape = IntField(required=True)
    build = StringField()
    built_at = DateTimeField()
    done = IntField()
    total = IntField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "figures_state",
        "auto_create_index": False,
        "indexes": [],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which payments are counted; None means any."""

    currency: str | None = None
    brand: str | None = None
    country: str | None = None
    three_d_secure: bool | None = None

    def matches(self, counted: Counted) -> bool:
        """True for a payment that is counted."""
        return all(
            wanted is None or wanted == has
            for wanted, has in (
                (self.currency, counted.currency),
                (self.brand, counted.brand),
                (self.country, counted.country),
                (self.three_d_secure, counted.three_d_secure),
            )
        )

    @property
    def query(self) -> dict[str, Any]:
        """The same for rows that name currency, brand, country and whether 3-D Secure was requested."""
        wanted = {
            "currency": self.currency,
            "brand": self.brand,
            "country": self.country,
            "three_d_secure": self.three_d_secure,
        }
        return {name: value for name, value in wanted.items() if value is not None}

    @property
    def cut(self) -> str:
        """The cut that answers the choice: that of the one card filter, or all cells for several of them."""
        asked = [name for name in ("brand", "country", "three_d_secure") if getattr(self, name) is not None]
        return asked[0] if len(asked) == 1 else "cells" if asked else "currency"

    def cell(self, cut: str) -> str | None:
        """The one cell of a cut that holds the choice; None where several of the full cells do."""
        currency = _safe(self.currency or ANY)
        if cut == "currency":
            return currency
        if cut != "cells":
            value = getattr(self, cut)
            return _JOIN.join((currency, _flag(value) if cut == "three_d_secure" else _safe(value)))
        if None in (self.currency, self.brand, self.country, self.three_d_secure):
            return None
        names = (currency, _safe(self.brand or ""), _safe(self.country or ""))
        return _JOIN.join((*names, _flag(bool(self.three_d_secure))))

    @property
    def pattern(self) -> str:
        """A regular expression for the names of the full cells that the choice takes in."""
        flag = None if self.three_d_secure is None else _flag(self.three_d_secure)
        names = [None if n is None else _safe(n) for n in (self.currency, self.brand, self.country)]
        return "^" + _JOIN.join(f"[^{_JOIN}]*" if n is None else re.escape(n) for n in (*names, flag)) + "$"


EVERYTHING = Choice()


class Deltas:
    """Changes to rollups, gathered to be written at once."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._cells: dict[str, dict[str, Tally]] = {}

    def replace(self, before: Counted | None, after: Counted) -> None:
        """Put a payment's tallies in the place of those that it was counted with before."""
        old, new = _placed(before), _placed(after)
        for place in old.keys() | new.keys():
            names, at = place
            difference = dict(new.get(place, {}))
            add(difference, old.get(place, {}), -1)
            changed = {name: n for name, n in difference.items() if n}
            if changed:
                self._add(datetime.fromtimestamp(at, UTC), names, changed)

    def increments(self) -> Iterator[tuple[str, dict[str, int]]]:
        """Documents' ids with what to add to which field; nothing that cancels out."""
        for id_, cells in sorted(self._cells.items()):
            changed = {
                f"cells.{cell}.{name}": n for cell, tally in cells.items() for name, n in tally.items() if n
            }
            if changed:
                yield id_, changed

    def _add(self, moment: datetime, names: _Names, tally: Tally) -> None:
        local = moment.astimezone(self._zone)
        for cut in _CUTS_OF_QUARTERS:
            self._fill(quarter_id(cut, quarter_start(moment)), _cells(cut, names), tally)
        day, hours = local.date(), by_hour(local, tally)
        for cut in CUTS:
            self._fill(day_id(cut, day), _cells(cut, names), tally)
            if hours:
                self._fill(hours_id(cut, day), _cells(cut, names), hours)
        for cut in _CUTS_OF_LONG:
            self._fill(week_id(cut, first_day_of(day, Granularity.WEEK)), _cells(cut, names), tally)
            if hours:
                self._fill(hours_of_month_id(cut, day), _cells(cut, names), hours)

    def _fill(self, id_: str, cells: tuple[str, ...], tally: Tally) -> None:
        document = self._cells.setdefault(id_, {})
        for cell in cells:
            add(document.setdefault(cell, {}), tally)


def by_hour(local: datetime, tally: Mapping[str, int]) -> Tally:
    """The counters of the heat map for what was counted in an hour of the local clock."""
    place = f"hour:{local.weekday()}:{local.hour}"
    return {f"{place}:{name}": n for name in _BY_HOUR if (n := tally.get(name))}


def quarter_id(cut: str, start: datetime) -> str:
    """The document for one cut of a quarter of an hour that begins at ``start`` (UTC)."""
    return f"quarter|{cut}|{start:%Y-%m-%dT%H:%M}"


def day_id(cut: str, day: date) -> str:
    """The document of a day for one cut."""
    return f"day|{cut}|{day.isoformat()}"


def hours_id(cut: str, day: date) -> str:
    """The document of the heat map of a day for one cut."""
    return f"hours|{cut}|{day.isoformat()}"


def hours_of_month_id(cut: str, day: date) -> str:
    """The document of the heat map of the month of ``day`` for one cut."""
    return f"hours|{cut}|{day:%Y-%m}"


def week_id(cut: str, monday: date) -> str:
    """The document of a week for one cut."""
    return f"week|{cut}|{monday.isoformat()}"


def is_kept_long(choice: Choice) -> bool:
    """True when weeks and months are kept for the choice; others are the sums of their days."""
    return choice.cut in _CUTS_OF_LONG


def read(choice: Choice, ids: Collection[str], session: ClientSession) -> dict[str, Tally]:
    """The tallies of the choice by their ids (of days, weeks and months), as far as anything was counted there."""
    cell = choice.cell(choice.cut)
    # These documents are large, and it is much quicker to name the cells than to look for them.
    cells = [cell] if cell is not None else _full_cells(choice, session)
    return dict(_found({"$in": list(ids)}, choice, cells, session)) if ids else {}


def quarters(
    choice: Choice, start: datetime, end: datetime, session: ClientSession
) -> Iterator[tuple[datetime, Tally]]:
    """The tally of each quarter of an hour from ``start`` to before ``end`` in which anything was counted."""
    cut = choice.cut if choice.cut in _CUTS_OF_QUARTERS else "cells"
    between = {"$gte": quarter_id(cut, start), "$lt": quarter_id(cut, end)}
    cell = choice.cell(cut)
    # Their ids are ordered like time.
    for id_, tally in sorted(_found(between, choice, [cell] if cell is not None else [], session)):
        yield datetime.fromisoformat(id_.rpartition("|")[2]).replace(tzinfo=UTC), tally


def _found(
    wanted: Mapping[str, Any], choice: Choice, cells: Collection[str], session: ClientSession
) -> Iterator[tuple[str, Tally]]:
    """The tallies of the choice in the documents with the ids that are wanted, in any order.

    ``cells`` are those that hold it; without any they are looked for by their pattern.
    """
    with unavailable_as_ours():
        if not cells:
            for document in raw(Rollup).aggregate(
                [{"$match": {"_id": wanted}}, _only(choice)], session=session
            ):
                yield document["_id"], merged(c["v"] for c in document["cells"])
            return
        named = {f"cells.{cell}": 1 for cell in cells}
        for document in raw(Rollup).find({"_id": wanted}, named, session=session):
            if parts := list(document.get("cells", {}).values()):
                yield document["_id"], parts[0] if len(parts) == 1 else merged(parts)


def _full_cells(choice: Choice, session: ClientSession) -> list[str]:
    """The names of the full cells that may hold the choice; none where they are too many to name."""
    found, size = [], 1
    for name in ("currency", "brand", "country"):
        wanted = getattr(choice, name)
        every = payment_list.values(name, session)
        values = [wanted] if wanted is not None else list(islice(every, _MOST_NAMED + 1))
        size *= len(values)
        if size > _MOST_NAMED:
            return []
        found.append([_safe(value) for value in values])
    flags = [True, False] if choice.three_d_secure is None else [choice.three_d_secure]
    found.append([_flag(flag) for flag in flags])
    return list(dict.fromkeys(map(_JOIN.join, product(*found))))


def _only(choice: Choice) -> dict[str, Any]:
    """Keep the cells of the choice, as a list of ``{k, v}``."""
    cells: Any = {"$objectToArray": {"$ifNull": ["$cells", {}]}}
    wanted = {"$regexMatch": {"input": "$$cell.k", "regex": choice.pattern}}
    return {"$project": {"cells": {"$filter": {"input": cells, "as": "cell", "cond": wanted}}}}


def _placed(counted: Counted | None) -> dict[tuple[_Names, int], Tally]:
    """What a payment adds, by the names of its cells and the time; times may coincide."""
    found: dict[tuple[_Names, int], Tally] = {}
    if counted:
        names = (
            *(_safe(counted.currency), _safe(counted.brand), _safe(counted.country)),
            _flag(counted.three_d_secure),
        )
        for at, tally in tallies(counted):
            add(found.setdefault((names, at), {}), tally)
    return found


@lru_cache(maxsize=10_000)
def _cells(cut: str, names: _Names) -> tuple[str, ...]:
    """The cells of a cut that a payment of these names is counted in."""
    currency, brand, country, flag = names
    if cut == "cells":
        return (_JOIN.join(names),)
    if cut == "currency":
        return (ANY, currency)
    value = {"brand": brand, "country": country, "three_d_secure": flag}[cut]
    return (f"{ANY}{_JOIN}{value}", f"{currency}{_JOIN}{value}")


def _flag(value: bool) -> str:
    return "3ds" if value else "plain"


def _safe(name: str) -> str:
    """A part of a cell's name; what comes from outside must not reach a field path as it is."""
    return _UNSAFE.sub("_", name) or "_"
