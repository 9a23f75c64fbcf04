"""Counters of payments kept by span of time, so that reading figures does not get slower with history.

Three levels hold the same counters: quarters of an hour in UTC, of which the hours and days of every time zone consist,
and days and weeks of the dashboard's zone. The counters of the heat map are kept apart, by day, because a view needs
only their sum over a range and never their series. (Months of them saved a tenth of a year's view, too little to keep.)

Each level has one document per *dimension* (what payments are filtered by), and in it one *bucket* of counters per
value, so that a view reads a few small buckets: those of all payments and of each currency, for days and weeks also
those of one card filter, and last the combinations of currency, brand, country and 3-D Secure. Weeks have no
combinations, whose number would grow without bound.
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

from mongoengine import DateTimeField, DictField, IntField, StringField
from pymongo.client_session import ClientSession

from app.domain.figures.contributions import Contribution, Counters, add, counters_by_time, merged
from app.domain.figures.periods import Granularity, first_day_of, quarter_start
from app.models.connection import raw, unavailable_as_ours
from app.models.document import StoredDocument
from app.models.listing import payments as payment_list

ANY = "all"
# Names of dimensions are part of stored ids.
COMBINATIONS = "cells"
DIMENSIONS = ("currency", "brand", "country", "three_d_secure", COMBINATIONS)
_OF_QUARTERS = ("currency", COMBINATIONS)
_OF_WEEKS = ("currency", "brand", "country", "three_d_secure")
# A read names up to this many buckets; more of them are matched by a pattern.
_MOST_NAMED = 100
# The counters that the heat map shows by hour of the day.
_BY_HOUR = ("created", "completed", "failed")
# Currency, brand, country and whether 3-D Secure was requested, as they appear in the names of buckets.
_Names = tuple[str, str, str, str]
_JOIN = "~"
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


class Rollup(StoredDocument):
    """``_id`` is level, dimension and time, ordered like time: ``day|brand|2026-11-23``, ``quarter|cells|…T10:15``.

    A week has the date of its Monday. ``cells`` has the buckets by name.
    """

    id = StringField(primary_key=True)
    cells = DictField()

    meta: ClassVar[dict[str, Any]] = {"collection": "rollups", "indexes": []}


class FiguresState(StoredDocument):
    """One document: the zone, shape and build of the rollups, and the progress of the build."""

    id = StringField(primary_key=True)
    zone = StringField(required=True)
    shape = IntField(required=True)
    build = StringField()
    built_at = DateTimeField()
    done = IntField()
    total = IntField()

    meta: ClassVar[dict[str, Any]] = {"collection": "figures_state", "indexes": []}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which payments are counted; None means any."""

    currency: str | None = None
    brand: str | None = None
    country: str | None = None
    three_d_secure: bool | None = None

    def matches(self, contribution: Contribution) -> bool:
        """True for a payment that is counted."""
        return all(value == getattr(contribution, name) for name, value in self.query.items())

    @property
    def query(self) -> dict[str, Any]:
        """The same for documents with the fields currency, brand, country and three_d_secure."""
        values = {
            "currency": self.currency,
            "brand": self.brand,
            "country": self.country,
            "three_d_secure": self.three_d_secure,
        }
        return {name: value for name, value in values.items() if value is not None}

    @property
    def dimension(self) -> str:
        """The dimension that answers the choice: that of its only card filter, or combinations for several."""
        filters = [name for name in self.query if name != "currency"]
        return filters[0] if len(filters) == 1 else COMBINATIONS if filters else "currency"

    def bucket(self, dimension: str) -> str | None:
        """The one bucket of a dimension with the choice; None where several combinations make it up."""
        currency = _safe(self.currency or ANY)
        if dimension == "currency":
            return currency
        if dimension != COMBINATIONS:
            value = getattr(self, dimension)
            return _JOIN.join((currency, _flag(value) if dimension == "three_d_secure" else _safe(value)))
        if None in (self.currency, self.brand, self.country, self.three_d_secure):
            return None
        names = (currency, _safe(self.brand or ""), _safe(self.country or ""))
        return _JOIN.join((*names, _flag(bool(self.three_d_secure))))

    @property
    def pattern(self) -> str:
        """A regular expression for the names of the combinations that match the choice."""
        flag = None if self.three_d_secure is None else _flag(self.three_d_secure)
        names = [None if n is None else _safe(n) for n in (self.currency, self.brand, self.country)]
        return "^" + _JOIN.join(f"[^{_JOIN}]*" if n is None else re.escape(n) for n in (*names, flag)) + "$"


EVERYTHING = Choice()


class Deltas:
    """Changes to rollups, collected to be written together."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._documents: dict[str, dict[str, Counters]] = {}

    def replace(self, before: Contribution | None, after: Contribution) -> None:
        """Replace what a payment contributed before by what it contributes now."""
        old, new = _by_names_and_time(before), _by_names_and_time(after)
        for key in old.keys() | new.keys():
            names, at = key
            difference = dict(new.get(key, {}))
            add(difference, old.get(key, {}), -1)
            changed = {name: n for name, n in difference.items() if n}
            if changed:
                self._add(datetime.fromtimestamp(at, UTC), names, changed)

    def increments(self) -> Iterator[tuple[str, dict[str, int]]]:
        """Ids of documents with the increments of their fields, without those that cancel out."""
        for id_, buckets in sorted(self._documents.items()):
            changed = {
                f"cells.{bucket}.{name}": n for bucket, counters in buckets.items() for name, n in counters.items() if n
            }
            if changed:
                yield id_, changed

    def _add(self, at: datetime, names: _Names, counters: Counters) -> None:
        local = at.astimezone(self._zone)
        for dimension in _OF_QUARTERS:
            self._fill(quarter_id(dimension, quarter_start(at)), _buckets(dimension, names), counters)
        day, hours = local.date(), by_hour(local, counters)
        for dimension in DIMENSIONS:
            self._fill(day_id(dimension, day), _buckets(dimension, names), counters)
            if hours:
                self._fill(hours_id(dimension, day), _buckets(dimension, names), hours)
        for dimension in _OF_WEEKS:
            monday = first_day_of(day, Granularity.WEEK)
            self._fill(week_id(dimension, monday), _buckets(dimension, names), counters)

    def _fill(self, id_: str, buckets: tuple[str, ...], counters: Counters) -> None:
        document = self._documents.setdefault(id_, {})
        for bucket in buckets:
            add(document.setdefault(bucket, {}), counters)


def by_hour(local: datetime, counters: Mapping[str, int]) -> Counters:
    """The counters of the heat map for what was counted in an hour of the local clock."""
    prefix = f"hour:{local.weekday()}:{local.hour}"
    return {f"{prefix}:{name}": n for name in _BY_HOUR if (n := counters.get(name))}


def quarter_id(dimension: str, start: datetime) -> str:
    """The document of one dimension for the quarter of an hour that begins at ``start`` (UTC)."""
    return f"quarter|{dimension}|{start:%Y-%m-%dT%H:%M}"


def day_id(dimension: str, day: date) -> str:
    """The document of one dimension for a day."""
    return f"day|{dimension}|{day.isoformat()}"


def hours_id(dimension: str, day: date) -> str:
    """The document of one dimension for the heat map of a day."""
    return f"hours|{dimension}|{day.isoformat()}"


def week_id(dimension: str, monday: date) -> str:
    """The document of one dimension for a week."""
    return f"week|{dimension}|{monday.isoformat()}"


def has_weeks(choice: Choice) -> bool:
    """True when weeks are kept for the choice; otherwise days are added up."""
    return choice.dimension in _OF_WEEKS


def read(choice: Choice, ids: Collection[str], session: ClientSession) -> dict[str, Counters]:
    """The counters of the choice by id of days, weeks and heat maps; documents without any are left out."""
    bucket = choice.bucket(choice.dimension)
    # These documents are large, so naming the buckets is much quicker than matching a pattern.
    buckets = [bucket] if bucket is not None else _combinations(choice, session)
    return dict(_documents({"$in": list(ids)}, choice, buckets, session)) if ids else {}


def quarters(
    choice: Choice, start: datetime, end: datetime, session: ClientSession
) -> Iterator[tuple[datetime, Counters]]:
    """The counters of each quarter of an hour from ``start`` to before ``end`` that has any."""
    dimension = choice.dimension if choice.dimension in _OF_QUARTERS else COMBINATIONS
    between = {"$gte": quarter_id(dimension, start), "$lt": quarter_id(dimension, end)}
    bucket = choice.bucket(dimension)
    # Ids are ordered like time.
    for id_, counters in sorted(_documents(between, choice, [bucket] if bucket is not None else [], session)):
        yield datetime.fromisoformat(id_.rpartition("|")[2]).replace(tzinfo=UTC), counters


def _documents(
    ids: Mapping[str, Any], choice: Choice, buckets: Collection[str], session: ClientSession
) -> Iterator[tuple[str, Counters]]:
    """The counters of the choice in the documents whose ids match, in any order.

    ``buckets`` names those of the choice; when empty, they are matched by the pattern.
    """
    with unavailable_as_ours():
        if not buckets:
            pipeline = [{"$match": {"_id": ids}}, _matching(choice)]
            for document in raw(Rollup).aggregate(pipeline, session=session):
                yield document["_id"], merged(bucket["v"] for bucket in document["cells"])
            return
        fields = {f"cells.{bucket}": 1 for bucket in buckets}
        for document in raw(Rollup).find({"_id": ids}, fields, session=session):
            if parts := list(document.get("cells", {}).values()):
                yield document["_id"], parts[0] if len(parts) == 1 else merged(parts)


def _combinations(choice: Choice, session: ClientSession) -> list[str]:
    """The names of the combinations that may match the choice; empty where they are too many to name."""
    parts, size = [], 1
    for name in ("currency", "brand", "country"):
        value = getattr(choice, name)
        every = payment_list.values(name, session)
        values = [value] if value is not None else list(islice(every, _MOST_NAMED + 1))
        size *= len(values)
        if size > _MOST_NAMED:
            return []
        parts.append([_safe(value) for value in values])
    flags = [True, False] if choice.three_d_secure is None else [choice.three_d_secure]
    parts.append([_flag(flag) for flag in flags])
    return list(dict.fromkeys(map(_JOIN.join, product(*parts))))


def _matching(choice: Choice) -> dict[str, Any]:
    """A stage that keeps the buckets of the choice, as a list of ``{k, v}``."""
    buckets: Any = {"$objectToArray": {"$ifNull": ["$cells", {}]}}
    matches = {"$regexMatch": {"input": "$$bucket.k", "regex": choice.pattern}}
    return {"$project": {"cells": {"$filter": {"input": buckets, "as": "bucket", "cond": matches}}}}


def _by_names_and_time(contribution: Contribution | None) -> dict[tuple[_Names, int], Counters]:
    """What a payment contributes, by the names of its buckets and the time; times may coincide."""
    found: dict[tuple[_Names, int], Counters] = {}
    if contribution:
        names = (
            *(_safe(contribution.currency), _safe(contribution.brand), _safe(contribution.country)),
            _flag(contribution.three_d_secure),
        )
        for at, counters in counters_by_time(contribution):
            add(found.setdefault((names, at), {}), counters)
    return found


@lru_cache(maxsize=10_000)
def _buckets(dimension: str, names: _Names) -> tuple[str, ...]:
    """The buckets of a dimension in which a payment with these names is counted."""
    currency, brand, country, flag = names
    if dimension == COMBINATIONS:
        return (_JOIN.join(names),)
    if dimension == "currency":
        return (ANY, currency)
    value = {"brand": brand, "country": country, "three_d_secure": flag}[dimension]
    return (f"{ANY}{_JOIN}{value}", f"{currency}{_JOIN}{value}")


def _flag(value: bool) -> str:
    return "3ds" if value else "plain"


def _safe(name: str) -> str:
    """A part of a bucket's name; outside input must not reach a field path unchecked."""
    return _UNSAFE.sub("_", name) or "_"
