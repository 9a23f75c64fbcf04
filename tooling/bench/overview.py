"""The overview at three sizes of history, compared with plain aggregation pipelines over all payments.

The time is that of a whole request in this process (see ``site``), one at a time, against a real mongod.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pymongo import MongoClient

from app.domain.figures.periods import Span, days
from app.extensions import services
from tooling.bench import history, pipelines
from tooling.bench.report import Table, percentile, progress
from tooling.bench.site import METRICS, OVERVIEW, Site
from tooling.mongo.embedded import EmbeddedMongo

ROUNDS = 5
REQUESTS = 20
WARM_UP = 3
BURST = 1_000
BURSTS = 3
TARGET_MS, TARGET_GROWTH, TARGET_FILTERED_MS, TARGET_BURST_MS = 60, 1.5, 250, 250

Parameters = dict[str, str]
FILTERS: Mapping[str, Parameters] = {
    "all payments": {},
    "currency": {"currency": "usd"},
    "brand": {"brand": "visa"},
    "country": {"country": "US"},
    "3DS": {"three_d_secure": "true"},
    "brand and country": {"brand": "visa", "country": "US"},
    "all four": {"currency": "usd", "brand": "visa", "country": "US", "three_d_secure": "true"},
}


@dataclass(frozen=True, slots=True)
class Length:
    """The length of a range and its interval."""

    days: int
    interval: str


RANGES = {"30 days": Length(30, "day"), "a year": Length(365, "week")}
# The rollups contain these views directly.
_QUICK = frozenset({"all payments", "currency"})


@dataclass(frozen=True, slots=True)
class View:
    """One address: a range and a filter."""

    range: str
    filter: str

    @property
    def name(self) -> str:
        return f"{self.filter}, {self.range}"

    @property
    def target(self) -> int:
        return TARGET_MS if self.filter in _QUICK else TARGET_FILTERED_MS

    def span(self, today: date) -> Span:
        return days(today - timedelta(days=RANGES[self.range].days - 1), today, history.ZONE)

    def parameters(self, today: date) -> Parameters:
        return {
            "from": self.span(today).first_day.isoformat(),
            "to": today.isoformat(),
            "granularity": RANGES[self.range].interval,
            "compare": "previous",
            **FILTERS[self.filter],
        }


# The median and the p95 of each round, in milliseconds, by path, view and number of payments.
Rounds = dict[tuple[str, View, int], list[tuple[float, float]]]
VIEWS = [View(range_, filter_) for range_ in RANGES for filter_ in FILTERS]
# Pipelines take half a minute for a year of a million payments, so only one view of a year is compared.
COMPARED = [view for view in VIEWS if view.range == "30 days" or view.filter == "all payments"]


def measure(mongo: EmbeddedMongo, count: int) -> list[Table]:
    """Histories of a hundredth, a tenth and all of ``count`` payments take turns in every round."""
    sizes = [count // 100, count // 10, count]
    uris = {size: history.prepare(mongo, size) for size in sizes}
    today = datetime.now(UTC).date()
    rounds: Rounds = defaultdict(list)
    for turn in range(ROUNDS):
        for size, uri in uris.items():
            progress(f"round {turn + 1} of {ROUNDS} at {size:,} payments")
            for path, view, times in _round(Site(uri), today):
                rounds[path, view, size].append((statistics.median(times), percentile(times, 0.95)))
    progress("the pipelines")
    pipelines_ms = {view: _pipelines(uris[count], view, today) for view in COMPARED}
    paths = [path for path in (METRICS, OVERVIEW) if (path, VIEWS[0], count) in rounds]
    tables = [_table(path, sizes, rounds, pipelines_ms) for path in paths]
    return [*tables, _bursts(uris[count], min(BURST, count // 50), today)]


def _round(site: Site, today: date) -> Iterator[tuple[str, View, list[float]]]:
    for path in _paths(site):
        for view in VIEWS:
            parameters = view.parameters(today)
            for _ in range(WARM_UP):
                site.get(path, parameters)
            yield path, view, [site.get(path, parameters)[0] for _ in range(REQUESTS)]


def _paths(site: Site) -> list[str]:
    return [METRICS, OVERVIEW] if site.has_overview else [METRICS]


def _table(path: str, sizes: list[int], rounds: Rounds, pipelines_ms: Mapping[View, float]) -> Table:
    """The medians of the rounds."""
    columns = [name for size in sizes for name in (f"{size:,} p50", "p95")]
    table = Table(
        f"GET {path}: ms of server time by number of payments, compared with the previous range",
        ["", *columns, "growth", "pipelines ms", "times faster", "target ms"],
    )
    for view in VIEWS:
        columns_of = [zip(*rounds[path, view, size], strict=True) for size in sizes]
        figures = [statistics.median(column) for columns in columns_of for column in columns]
        slow = pipelines_ms.get(view)
        table.row(
            view.name, *figures, figures[-1] / figures[1],
            slow or "", slow / figures[-2] if slow else "", str(view.target),
        )  # fmt: skip
    table.note(f"median of {ROUNDS} rounds of {REQUESTS} requests each; one client, in process")
    table.note(
        f"growth is p95 at {sizes[-1]:,} payments to p95 at {sizes[0]:,} "
        f"(target ≤ {TARGET_GROWTH} for all payments and by currency)"
    )
    table.note("the pipelines give only the totals of the range: no series, no previous range")
    return table


def _pipelines(uri: str, view: View, today: date) -> float:
    """Milliseconds of the pipelines. The service must give the same figures."""
    with MongoClient[dict[str, Any]](uri, tz_aware=True) as client:
        started = time.perf_counter()
        expected = _recount(client, view, today)
        milliseconds = (time.perf_counter() - started) * 1000
    _compare(Site(uri).get(METRICS, view.parameters(today))[1].json, expected, view)
    return milliseconds


def _recount(client: MongoClient[dict[str, Any]], view: View, today: date) -> dict[str, Any]:
    payments = client.get_default_database().payments
    return pipelines.figures(payments, view.span(today), FILTERS[view.filter])


def _compare(body: Any, expected: dict[str, Any], view: View) -> None:
    reported = pipelines.from_response(body)
    if reported != expected:
        wrong = [name for name in expected if reported.get(name) != expected[name]]
        raise RuntimeError(f"{view.name}: the service and the pipelines differ in {', '.join(wrong)}.")


def _bursts(uri: str, burst: int, today: date) -> Table:
    """The first view after each burst of changes. Between two bursts the changes are counted as the worker does."""
    site = Site(uri)
    table = Table(
        f"The first view after {burst:,} payments changed at once",
        ["", "median ms", "slowest ms", "exact", "then counted in ms"],
    )
    with MongoClient[dict[str, Any]](uri, tz_aware=True) as client:
        for path in _paths(site):
            for view in COMPARED:
                progress(f"bursts before {path}, {view.name}")
                _burst_row(table, site, client, path, view, burst, today)
    table.note(f"slowest of {BURSTS} bursts (target ≤ {TARGET_BURST_MS} ms)")
    return table


def _burst_row(
    table: Table, site: Site, client: MongoClient[dict[str, Any]], path: str, view: View, burst: int, today: date
) -> None:
    first_views, counting = [], []
    for turn in range(BURSTS):
        history.touch(client.get_default_database().payments, burst)
        milliseconds, response = site.get(path, view.parameters(today))
        first_views.append(milliseconds)
        if path == METRICS and turn == 0:
            _compare(response.json, _recount(client, view, today), view)
        counting.append(count_changes(site))
    exact = "yes" if path == METRICS else "as the API"
    table.row(
        f"{path} {view.name}", statistics.median(first_views), max(first_views), exact, statistics.median(counting)
    )


def count_changes(site: Site) -> float:
    """Count the changes, as the worker does every few seconds; return the milliseconds."""
    started = time.perf_counter()
    with site.app.app_context():
        services.figures.catch_up()
    return (time.perf_counter() - started) * 1000
