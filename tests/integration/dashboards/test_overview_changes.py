"""Changes on the overview: how much, against what, and whether they are significant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database

from app.domain.permissions import Role
from app.factory import create_app
from config import Settings
from tests.integration.dashboards.pages import enter
from tests.integration.dashboards.test_overview import part, show
from tests.support import stored

Mongo = Database[dict[str, Any]]
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
WEEK = {"from": "2026-03-02", "to": "2026-03-08"}


@pytest.fixture
def viewer(app: Flask) -> FlaskClient:
    return enter(app, Role.VIEWER)


def change_of(page: str, id_: str) -> tuple[str, str, str, str]:
    """Tone, text, significance and the value before, of a card or a row."""
    text = part(page, id_)
    kind, words = re.search(r'<span class="delta (\w+)">([^<]*)<', text).groups()
    significance, before = (
        found[1] if (found := re.search(rf'<span class="{name}">([^<]*)<', text)) else ""
        for name in ("judged", "before")
    )
    return kind, words, significance, before


def took(seconds: Sequence[int], start: datetime) -> list[dict[str, Any]]:
    """A completed payment for each duration."""
    made = [start + timedelta(minutes=n) for n in range(len(seconds))]
    return [
        stored.payment(n, created_at=at, completed_at=at + timedelta(seconds=s), payment_intent_id=None)
        for n, (at, s) in enumerate(zip(made, seconds, strict=True))
    ]


def earned(amounts: Sequence[int], first: datetime) -> list[dict[str, Any]]:
    """A payment a day, in minor units of USD; 0 is a day without."""
    return [
        stored.payment(n, created_at=first + timedelta(days=n), amount=amount, payment_intent_id=None)
        for n, amount in enumerate(amounts)
        if amount
    ]


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        # Each is rounded to two digits in the histogram, which would make it 4 seconds.
        ([104] * 50, [96] * 50, ("bad", "▲ 8 s", "significant", "before: 1 min 36 s on average")),
        ([96] * 50, [104] * 50, ("good", "▼ 8 s", "significant", "before: 1 min 44 s on average")),
        ([10, 50] * 20, [10, 52] * 20, ("note", "▼ 1 s", "within normal variation", "before: 31 s on average")),
        ([1] * 50, [90] * 6, ("note", "▼ 1 min 29 s", "not enough data", "before: 1 min 30 s on average")),
        ([7] * 9, [7] * 9, ("none", "unchanged", "", "before: 7 s on average")),
        ([7] * 9, [], ("none", "nothing to compare with", "", "")),
    ],
)
def test_a_change_of_processing_time_compares_means(
    viewer: FlaskClient, database: Mongo, now: list[int], before: list[int], said: tuple[str, str, str, str]
) -> None:
    made = took(now, MONDAY) + took(before, MONDAY - timedelta(days=7))
    database.payments.insert_many(made)
    assert change_of(show(viewer, **WEEK), "card-processing-time") == said


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (
            [2000, 2100, 2200, 2000, 2100, 2200, 2100],
            [1000, 1100, 1200, 1000, 1100, 1200, 1100],
            ("good", "▲ 90.9%", "significant", "before: 77.00 USD"),
        ),
        (
            [1000, 1100, 1200, 1000, 1100, 1200, 1100],
            [2000, 2100, 2200, 2000, 2100, 2200, 2100],
            ("bad", "▼ 47.6%", "significant", "before: 147.00 USD"),
        ),
        # t is 2.21: beyond the normal bound of 1.96, within that of twelve degrees of freedom, 2.18 times more error.
        (
            [1240, 1340, 1440, 1540, 1640, 1740, 1840],
            [1000, 1100, 1200, 1300, 1400, 1500, 1600],
            ("note", "▲ 18.5%", "within normal variation", "before: 91.00 USD"),
        ),
        ([1000] * 7, [1000] * 7, ("none", "unchanged", "", "before: 70.00 USD")),
        ([1000] * 7, [0] * 7, ("none", "nothing to compare with", "", "before: 0.00 USD")),
    ],
)
def test_the_significance_of_a_change_of_volume_follows_from_its_days(
    viewer: FlaskClient, database: Mongo, now: list[int], before: list[int], said: tuple[str, str, str, str]
) -> None:
    database.payments.insert_many(earned(now, MONDAY) + earned(before, MONDAY - timedelta(days=7)))
    assert change_of(show(viewer, **WEEK), "volume-usd") == said


def test_a_change_of_volume_over_few_days_has_not_enough_data(viewer: FlaskClient, database: Mongo) -> None:
    database.payments.insert_many(earned([1000] * 6 + [5000] * 6, MONDAY))
    page = show(viewer, **{"from": "2026-03-08", "to": "2026-03-13"})
    assert change_of(page, "volume-usd") == ("note", "▲ 400.0%", "not enough data", "before: 60.00 USD")


@pytest.mark.parametrize(
    ("sunday", "said"),
    [
        (70_00, ("good", "▲ 42.1%", "significant")),
        (1_200_00, ("good", "▲ 7.9%", "significant")),
        # More than all the rest: the volume fell although every whole week was better.
        (4_000_00, ("note", "▼ 32.4%", "within normal variation")),
    ],
)
def test_partial_weeks_are_compared_without_affecting_significance(
    viewer: FlaskClient, database: Mongo, sunday: int, said: tuple[str, str, str]
) -> None:
    """Each span has seven whole weeks and one day of another, which is no sample of a week."""
    weeks = [base + 100 * (day // 7 % 4) for base in (7_000, 10_000) for day in range(7 * 7)]
    database.payments.insert_many(earned([sunday, *weeks, 10_000], datetime(2026, 1, 4, 12, tzinfo=UTC)))
    query = {"from": "2026-02-23", "to": "2026-04-13", "granularity": "week"}
    assert change_of(show(viewer, **query), "volume-usd")[:3] == said


def test_an_unfinished_day_is_compared_without_affecting_significance(app: Flask, database: Mongo) -> None:
    """At one o'clock, with a large payment of noon."""
    amounts = [1_000] * 8 + [5_000] * 7 + [100_000]
    database.payments.insert_many(earned(amounts, MONDAY - timedelta(days=8)))
    for first, significance in (("2026-03-02", "significant"), ("2026-03-03", "not enough data")):
        with time_machine.travel(MONDAY + timedelta(days=7, hours=1)):
            page = show(enter(app, Role.VIEWER), **{"from": first, "to": "2026-03-09"})
        assert change_of(page, "volume-usd")[2] == significance


@pytest.mark.parametrize(
    ("failed", "of", "said"),
    [
        ((49, 40), 200, ("note", "▼ 4.5 points", "within normal variation", "before: 80.0% (160 of 200)")),
        ((4, 1), 5, ("note", "▼ 60.0 points", "not enough data", "before: 80.0% (4 of 5)")),
        ((80, 40), 200, ("bad", "▼ 20.0 points", "significant", "before: 80.0% (160 of 200)")),
    ],
)
def test_the_significance_of_a_change_of_a_share_depends_on_its_size(
    viewer: FlaskClient, database: Mongo, failed: tuple[int, int], of: int, said: tuple[str, str, str, str]
) -> None:
    declined = {"status": "failed", "attempts": [stored.attempt("failed", "do_not_honor")]}
    database.payments.insert_many(
        stored.payment(n, created_at=start, payment_intent_id=None, **(declined if n < bad else {}))
        for bad, start in zip(failed, (MONDAY, MONDAY - timedelta(days=7)), strict=True)
        for n in range(of)
    )
    assert change_of(show(viewer, **WEEK), "card-success-rate") == said


def test_the_page_explains_how_changes_are_compared(viewer: FlaskClient, database: Mongo) -> None:
    database.payments.insert_many(earned([1000], MONDAY))
    page = show(viewer, **WEEK)
    assert "no more than about 5 of 100" in page and "intervals that lie entirely in the range" in page


def test_this_month_is_compared_with_the_same_days_of_the_month_before(settings: Settings, database: Mongo) -> None:
    """At three in the afternoon of 15 November in New York: five payments since the first of October."""
    zone = ZoneInfo("America/New_York")
    app = create_app(replace(settings, dashboard_timezone=zone.key))
    times = [(9, 30, 23), (10, 1, 0), (10, 3, 9), (10, 14, 12), (10, 15, 0), (10, 15, 14), (10, 15, 16)]
    times += [(10, 20, 9), (11, 2, 9), (11, 15, 14)]
    made = [datetime(2026, month, day, hour, 30, tzinfo=zone) for month, day, hour in times]
    database.payments.insert_many(stored.payment(n, created_at=at) for n, at in enumerate(made))
    with time_machine.travel(datetime(2026, 11, 15, 15, tzinfo=zone)):
        page = show(enter(app, Role.VIEWER), range="month")
    assert "compared with 1 Oct – 15 Oct 2026, 15:00" in page
    assert change_of(page, "card-payments")[1::2] == ("▼ 3", "before: 5")


def rows_of(page: str) -> list[list[str]]:
    """The cells of the table below the success rate over time, without markup."""
    rows = re.findall(r"<tr>(.*?)</tr>", part(page, "chart-success").split("<tbody>")[1], re.DOTALL)
    cells = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows)
    return [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in cells]


def test_the_band_of_the_success_rate_is_the_wilson_interval(viewer: FlaskClient, database: Mongo) -> None:
    """Of a day with 15 of 148, one with 81 of 263, one with 0 of 20 and one without any; the bounds are Newcombe's."""
    declined = {"status": "failed", "attempts": [stored.attempt("failed", "do_not_honor")]}
    days = [(15, 148), (81, 263), (0, 20)]
    database.payments.insert_many(
        stored.payment(n, created_at=MONDAY + timedelta(days=day), payment_intent_id=None, **fields)
        for day, (good, total) in enumerate(days)
        for n in range(total)
        for fields in ({} if n < good else declined,)
    )
    page = show(viewer, **{"from": "2026-03-02", "to": "2026-03-05"}, compare="none")
    assert [row[1:] for row in rows_of(page)] == [
        ["10.1%", "15", "148", "6.2%", "16.0%"],
        ["30.8%", "81", "263", "25.5%", "36.6%"],
        ["0.0%", "0", "20", "0.0%", "16.1%"],
        ["no data", "0", "0", "–", "–"],
    ]
    figure = part(page, "chart-success")
    assert 'class="area-band"' in figure
    assert "95% confidence 6.2% to 16.0%" in figure and "95% confidence 0.0% to 16.1%" in figure


def test_a_week_is_compared_with_a_week_of_equal_length(viewer: FlaskClient, database: Mongo) -> None:
    """Thirty days from Wednesday 4 March on; each week of the thirty before has a rate of its own."""
    declined = {"status": "failed", "attempts": [stored.attempt("failed", "do_not_honor")]}
    first = datetime(2026, 2, 2, 12, tzinfo=UTC)
    database.payments.insert_many(
        stored.payment(n, created_at=first + timedelta(days=7 * week), payment_intent_id=None, **fields)
        for week in range(9)
        for n in range(10)
        for fields in (declined if n < week else {},)
    )
    page = show(viewer, **{"from": "2026-03-04", "to": "2026-04-02", "granularity": "week"})
    assert [(row[1], row[-1]) for row in rows_of(page)] == [
        ("no data", "no data"),
        ("50.0%", "90.0%"),
        ("40.0%", "80.0%"),
        ("30.0%", "70.0%"),
        ("20.0%", "60.0%"),
    ]
