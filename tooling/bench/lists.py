"""Pages of payments in a long history: every sort order and filter, alone and combined, at every depth.

The time is that of a whole request in this process (see ``site``), one at a time, against a real mongod.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import current_app
from pymongo import MongoClient

from app.cursors import Cursor, Cursors
from app.models.listing import payments as payment_list
from app.models.listing.payments import FigureFilter, SortOrder
from dashboards.payments import filters as payment_filters
from tooling.bench import history
from tooling.bench.overview import BURST, BURSTS, count_changes
from tooling.bench.report import Table, percentile, progress
from tooling.bench.site import PAYMENTS, Site
from tooling.mongo.embedded import EmbeddedMongo

TARGET_MS = 50
# Requests per page, after one to warm up, and of the slowest pages.
REPEATS = 3
SLOWEST, REQUESTS = 8, 20
LARGEST_AMOUNT = 50_000

Parameters = dict[str, str]
# Common and rare values in ``history``: a common one has a long list, a rare one has few rows among many.
VALUES: dict[str, tuple[str, ...]] = {
    "status": ("completed", "failed", "canceled", "pending", "processing"),
    "refund_status": ("none", "partial", "full", "pending"),
    "disputed": ("false", "true"),
    "currency": ("usd", "jpy"),
    "brand": ("visa", "jcb", "unknown"),
    "country": ("US", "CH"),
    "three_d_secure": ("false", "true"),
    "reason": ("insufficient_funds", "fraudulent"),
    "counts": tuple(figure.value for figure in FigureFilter),
    "range": ("today", "30d", "year"),
}
# The position in the list: from the newest payment to the oldest, and from the largest amount to the smallest.
DEPTHS = {"first page": None, "half way": 0.5, "near the end": 0.98}
# Filters that people combine.
COMBINED = (
    ("status", "currency", "range"),
    ("refund_status", "currency", "brand"),
    ("brand", "country", "three_d_secure"),
    ("counts", "currency", "range"),
    ("counts", "brand", "country"),
    ("reason", "currency", "range"),
    ("disputed", "currency", "country"),
)


@dataclass(frozen=True, slots=True)
class Page:
    """One address, and its position in the list."""

    parameters: Parameters
    depth: str

    @property
    def name(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.parameters.items() if name != "cursor")
        return f"?{query or '…'} ({self.depth})"


def measure(mongo: EmbeddedMongo, count: int) -> Iterator[Table]:
    """Every page of a history of ``count`` payments."""
    uri = history.prepare(mongo, count)
    site = Site(uri)
    pages = list(_pages(site))
    medians: dict[int, float] = {}
    for number, page in enumerate(pages):
        times = [site.get(PAYMENTS, page.parameters)[0] for _ in range(1 + REPEATS)]
        medians[number] = statistics.median(times[1:])
        if (number + 1) % 500 == 0:
            progress(f"{number + 1:,} of {len(pages):,} pages")
    table = Table(f"GET {PAYMENTS}: ms of server time at {count:,} payments", ["", "pages", "p50", "p95", "max"])
    for name, numbers in _groups(pages).items():
        times = [medians[number] for number in numbers]
        table.row(name, str(len(numbers)), statistics.median(times), percentile(times, 0.95), max(times))
    table.note(f"each page is the median of {REPEATS} requests (target ≤ {TARGET_MS})")
    yield table
    slowest = sorted(medians, key=lambda number: -medians[number])[:SLOWEST]
    yield _slowest(site, [pages[number] for number in slowest])
    yield _bursts(site, uri, min(BURST, count // 50))


def _slowest(site: Site, pages: list[Page]) -> Table:
    table = Table(f"The slowest of these pages, {REQUESTS} requests each", ["", "p50 ms", "p95 ms"])
    for page in pages:
        times = [site.get(PAYMENTS, page.parameters)[0] for _ in range(REQUESTS)]
        table.row(page.name, statistics.median(times), percentile(times, 0.95))
    table.note(f"target ≤ {TARGET_MS} ms")
    return table


def _bursts(site: Site, uri: str, burst: int) -> Table:
    """The first page after a burst of changes, which the list must sort in before the worker has counted them."""
    table = Table(f"The first page after {burst:,} payments changed at once", ["", "median ms", "slowest ms"])
    times = []
    with MongoClient[dict[str, Any]](uri, tz_aware=True) as client:
        for _ in range(BURSTS):
            history.touch(client.get_default_database().payments, burst)
            times.append(site.get(PAYMENTS, {})[0])
            count_changes(site)
    table.row("newest first", statistics.median(times), max(times))
    return table


def _groups(pages: list[Page]) -> dict[str, list[int]]:
    """The numbers of the pages, by number of filters and by depth."""
    groups: dict[str, list[int]] = {"all pages": list(range(len(pages)))}
    for number, page in enumerate(pages):
        filters = len(page.parameters.keys() - {"sort", "cursor", "from", "range"})
        filters += bool(page.parameters.keys() & {"from", "range"})
        groups.setdefault(f"{filters} filter{'' if filters == 1 else 's'}", []).append(number)
    for depth in DEPTHS:
        groups[depth] = [number for number, page in enumerate(pages) if page.depth == depth]
    return groups


def _pages(site: Site) -> Iterator[Page]:
    """Every page once."""
    with site.app.test_request_context():
        for filters in _filters():
            for order in SortOrder:
                yield from _depths(filters if order is SortOrder.NEWEST else {**filters, "sort": order.value})
    for name, value in (("order", "order-77"), ("customer", "customer-7"), ("q", "order-77"), ("q", "pi_bench7")):
        yield Page({name: value}, "first page")


def _filters() -> Iterator[Parameters]:
    """No filter, each one alone, each pair, and those that people combine."""
    names = [(), *((name,) for name in VALUES), *itertools.combinations(VALUES, 2), *COMBINED]
    for combination in names:
        # In combinations, the most common and the rarest value stand for the others.
        values_of = [VALUES[name] if len(combination) == 1 else _ends(VALUES[name]) for name in combination]
        for values in itertools.product(*values_of):
            yield _with_dates(dict(zip(combination, values, strict=True)))


def _ends(values: tuple[str, ...]) -> tuple[str, ...]:
    return (values[0], values[-1])


def _with_dates(filters: Parameters) -> Parameters:
    if filters.get("range") != "year":
        return filters
    first = datetime.now(history.ZONE).date() - timedelta(days=history.DAYS - 1)
    return {**{name: value for name, value in filters.items() if name != "range"}, "from": first.isoformat()}


def _depths(filters: Parameters) -> Iterator[Page]:
    """The page at every depth, if the list accepts these filters."""
    query = payment_filters.read(filters, history.ZONE)
    if query.problems:
        return
    for depth, share in DEPTHS.items():
        if share is None:
            yield Page(filters, depth)
        else:
            cursor = Cursor(_value(query, share), "8" * 24)
            cursors = Cursors(str(current_app.secret_key), "payments", query.parameters)
            yield Page({**filters, "cursor": str(cursors.write(cursor))}, depth)


def _value(query: payment_filters.PaymentQuery, share: float) -> datetime | int:
    """The sort value at ``share`` of the list."""
    by = payment_list.sorting(query.where, query.order)
    share = share if by.direction == -1 else 1 - share
    if by.field == "amount":
        return round(LARGEST_AMOUNT * (1 - share))
    end = query.where.end or datetime.now(UTC)
    start = query.where.start or end - timedelta(days=history.DAYS)
    return (start + (end - start) * (1 - share)).replace(microsecond=0)
