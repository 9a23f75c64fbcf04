"""The figures equal a naive recount, in every zone, through every change, to the unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pymongo.database import Database

from app.domain.figures.periods import Granularity, Span, day_start
from app.extensions import services
from app.factory import create_app
from app.models.figures.rollups import Choice
from app.services.figures.report import FiguresQuery
from config import Settings
from tests.support import ledger, stored
from tests.support.profiles import examples, thorough_beside
from tests.support.recount import comparable, funnel, is_failed, recount, with_3ds

DAY = timedelta(days=1)
METRICS = "/api/v1/payments/metrics"
# Clocks go forward and back, at midnight too; half- and quarter-hour zones; a shift of half an hour.
ZONES = {
    "Europe/Berlin": date(2025, 3, 30),
    "America/New_York": date(2025, 11, 2),
    "Asia/Kolkata": date(2025, 1, 1),
    "Asia/Kathmandu": date(2025, 12, 31),
    "Australia/Lord_Howe": date(2025, 4, 6),
    "America/Havana": date(2025, 11, 2),
    "Africa/Cairo": date(2025, 4, 25),
}
FILTERS: dict[str, st.SearchStrategy[Any]] = {
    "currency": st.sampled_from(ledger.CURRENCIES),
    "brand": st.sampled_from(["visa", "amex", "unknown"]),
    "country": st.sampled_from(["US", "DE", "unknown"]),
    "three_d_secure": st.booleans(),
}
SLOW = hypothesis_settings(
    max_examples=examples(20), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


# At least one whose clocks change at two, one at midnight, and one that shifts by half an hour beside an odd offset.
@pytest.fixture(params=thorough_beside(sorted(ZONES), "Europe/Berlin", "America/Havana", "Australia/Lord_Howe"))
def zone(request: pytest.FixtureRequest) -> ZoneInfo:
    return ZoneInfo(request.param)


@pytest.fixture
def zoned(settings: Settings, zone: ZoneInfo) -> FlaskClient:
    return create_app(replace(settings, dashboard_timezone=zone.key)).test_client()


@contextmanager
def ledger_in(database: Database[dict[str, Any]], payments: list[dict[str, Any]]) -> Iterator[None]:
    # The state stays: nothing needs a rebuild, everything is counted as if it had just changed.
    names = ("payments", "payment_rows", "refund_rows", "dispute_rows", "rollups")
    for name in names:
        database[name].delete_many({})
    if payments:
        database.payments.insert_many(payments)
    yield


def around(zone: ZoneInfo) -> st.SearchStrategy[datetime]:
    """Within two days of the zone's special day."""
    day = ZONES[zone.key]
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone)
    return ledger.moments(noon - timedelta(days=2), noon + timedelta(days=2))


def local_day(zone: ZoneInfo, moment: datetime) -> date:
    return moment.astimezone(zone).date()


def weeks_around(zone: ZoneInfo) -> st.SearchStrategy[datetime]:
    """Within ten days of the zone's special day, most of them near to it."""
    day = ZONES[zone.key]
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone)
    return st.one_of(around(zone), ledger.moments(noon - timedelta(days=10), noon + timedelta(days=10)))


def of_days(payments: list[dict[str, Any]], zone: ZoneInfo, first: date, last: date) -> dict[str, Any]:
    """The recount over calendar days, which places each instant only by its date on the wall clock."""
    instants = [
        moment
        for p in payments
        for moment in (
            p["created_at"],
            p["completed_at"],
            *(r["created_at"] for r in p["refunds"]),
            *(d["created_at"] for d in p["disputes"]),
        )
        if moment and first <= local_day(zone, moment) <= last
    ]
    if not instants:
        never = datetime(1970, 1, 1, tzinfo=UTC)
        return recount(payments, never, never)
    return recount(payments, min(instants), max(instants) + timedelta(seconds=1))


@SLOW
@given(data=st.data())
def test_days_and_intervals_equal_a_recount(
    zone: ZoneInfo, zoned: FlaskClient, bearer: dict[str, str], database: Database[dict[str, Any]], data: st.DataObject
) -> None:
    payments = data.draw(st.lists(ledger.payment(weeks_around(zone)), max_size=12))
    # Long enough for whole weeks within a month and across two, which are read from rollups of their own.
    first = ZONES[zone.key] + timedelta(days=data.draw(st.integers(-10, 1)))
    last = first + timedelta(days=data.draw(st.integers(0, 17)))
    granularity = data.draw(st.sampled_from(["hour", "day", "week", "month"]))
    chosen = data.draw(st.fixed_dictionaries({}, optional=FILTERS))
    with ledger_in(database, payments):
        if data.draw(st.booleans(), label="counted"):
            catch_up(zoned)
        query = {"from": first.isoformat(), "to": last.isoformat(), "granularity": granularity, **chosen}
        answer = zoned.get(METRICS, query_string=query, headers=bearer)
        assert answer.status_code == 200, answer.json
        payments = [p for p in payments if chooses(query, p)]
        assert comparable(answer.json) == of_days(payments, zone, first, last)
        starts = [datetime.fromisoformat(step["start"]) for step in answer.json["series"]]
        ends = [*starts[1:], datetime.fromisoformat(answer.json["range"]["to"])]
        begin = datetime.fromisoformat(answer.json["range"]["from"])
        for step, start, end in zip(answer.json["series"], starts, ends, strict=True):
            assert comparable(step) == recount(payments, max(start, begin), end)


@SLOW
@given(data=st.data())
def test_any_instants_and_filters_equal_a_recount(
    zone: ZoneInfo, zoned: FlaskClient, bearer: dict[str, str], database: Database[dict[str, Any]], data: st.DataObject
) -> None:
    payments = data.draw(st.lists(ledger.payment(around(zone)), min_size=1, max_size=12))
    start, end = sorted((data.draw(around(zone)), data.draw(around(zone))))
    query: dict[str, Any] = {"from": start.isoformat(), "to": (end + timedelta(seconds=1)).isoformat()}
    query |= data.draw(st.fixed_dictionaries({}, optional=FILTERS))
    with ledger_in(database, payments):
        answer = zoned.get(METRICS, query_string=query, headers=bearer)
        assert answer.status_code == 200, answer.json
        chosen = [p for p in payments if chooses(query, p)]
        assert comparable(answer.json) == recount(chosen, start, end + timedelta(seconds=1))


@SLOW
@given(data=st.data())
def test_the_heat_map_equals_a_recount_by_wall_clocks(
    zone: ZoneInfo, zoned: FlaskClient, database: Database[dict[str, Any]], data: st.DataObject
) -> None:
    payments = data.draw(st.lists(ledger.payment(weeks_around(zone)), max_size=12))
    moments = st.one_of(around(zone), st.sampled_from([ZONES[zone.key] + n * DAY for n in range(-40, 40)]))
    start, end = sorted((at_start(data.draw(moments), zone), at_start(data.draw(moments), zone)))
    query = FiguresQuery(
        span=Span(start, end + timedelta(seconds=1), zone),
        choice=Choice(**data.draw(st.fixed_dictionaries({}, optional=FILTERS))),
        granularity=data.draw(st.sampled_from([Granularity.DAY, Granularity.WEEK, Granularity.MONTH])),
        by_hour=True,
    )
    with ledger_in(database, payments), zoned.application.app_context():
        if data.draw(st.booleans(), label="counted"):
            services.figures.catch_up()
        report = services.analytics.report(query)
    filters = {name: value for name, value in asdict(query.choice).items() if value is not None}
    expected = Counter[tuple[int, int, str]]()
    for payment in payments:
        if chooses(filters, payment) and start <= payment["created_at"] <= end:
            local = payment["created_at"].astimezone(zone)
            for name in ("created", outcome_of(payment)):
                expected[local.weekday(), local.hour, name] += 1
    shown = {
        (day, hour, name): n
        for day in range(7)
        for hour in range(24)
        for name in ("created", "completed", "failed")
        if report.hours and (n := report.hours.hour(day, hour, name))
    }
    assert shown == {key: n for key, n in expected.items() if key[2]}


@SLOW
@given(data=st.data())
def test_the_3d_secure_funnel_equals_a_recount(
    zone: ZoneInfo, zoned: FlaskClient, database: Database[dict[str, Any]], data: st.DataObject
) -> None:
    payments = data.draw(st.lists(ledger.payment(around(zone)), min_size=1, max_size=12))
    start, end = sorted((data.draw(around(zone)), data.draw(around(zone))))
    choice = data.draw(st.fixed_dictionaries({}, optional=FILTERS))
    span = Span(start, end + timedelta(seconds=1), zone)
    with ledger_in(database, payments), zoned.application.app_context():
        if data.draw(st.booleans(), label="counted"):
            services.figures.catch_up()
        figures = services.analytics.report(FiguresQuery(span=span, choice=Choice(**choice))).figures
    steps, paid = funnel([p for p in payments if chooses(choice, p) and start <= p["created_at"] <= end])
    assert asdict(figures.three_d_secure_funnel) == steps
    assert +Counter(figures.three_d_secure_paid) == paid


def at_start(moment: date | datetime, zone: ZoneInfo) -> datetime:
    """A day stands for its first instant."""
    return moment if isinstance(moment, datetime) else day_start(moment, zone)


def outcome_of(payment: dict[str, Any]) -> str:
    """Completed or failed, or nothing that the heat map shows."""
    return "completed" if payment["status"] == "completed" else "failed" if is_failed(payment) else ""


@SLOW
@given(data=st.data())
def test_changes_are_counted_once_in_every_way_of_reading(
    zone: ZoneInfo, zoned: FlaskClient, bearer: dict[str, str], database: Database[dict[str, Any]], data: st.DataObject
) -> None:
    payments = data.draw(st.lists(ledger.payment(around(zone)), min_size=1, max_size=6))
    first, last = ZONES[zone.key] - timedelta(days=3), ZONES[zone.key] + timedelta(days=8)
    query = {"from": first.isoformat(), "to": last.isoformat()}
    with ledger_in(database, payments):
        zoned.get(METRICS, query_string=query, headers=bearer)
        for version in range(2, 5):
            at = data.draw(st.integers(0, len(payments) - 1))
            fresh = data.draw(ledger.payment(around(zone)))
            payments[at] = {**fresh, "_id": payments[at]["_id"], "version": version}
            database.payments.replace_one({"_id": payments[at]["_id"]}, payments[at])
            if data.draw(st.booleans(), label="read before it is counted"):
                answer = zoned.get(METRICS, query_string=query, headers=bearer)
                assert comparable(answer.json) == of_days(payments, zone, first, last)
            if version == 4 or data.draw(st.booleans(), label="counted"):
                catch_up(zoned)
                assert database.payments.count_documents({"uncounted": True}) == 0
            answer = zoned.get(METRICS, query_string=query, headers=bearer)
            assert comparable(answer.json) == of_days(payments, zone, first, last)


def catch_up(client: FlaskClient) -> None:
    """The worker's job, which runs every few seconds."""
    with client.application.app_context():
        services.figures.catch_up()


def chooses(query: dict[str, Any], payment: dict[str, Any]) -> bool:
    card = payment["card"] or {"brand": "unknown", "country": "unknown"}
    has = {
        "currency": payment["currency"],
        "brand": card["brand"],
        "country": card["country"],
        "three_d_secure": with_3ds(payment),
    }
    return all(query[name] == value for name, value in has.items() if name in query)


@pytest.fixture
def bearer(token: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(scope='metrics:read')}"}


def test_an_empty_database_has_no_data_and_no_zero_percent(client: FlaskClient, bearer: dict[str, str]) -> None:
    answer = client.get(METRICS, headers=bearer).json
    assert answer["success_rate"] == {"value": None, "n": 0, "total": 0}
    assert answer["processing_time"] == {"n": 0, "mean": None, "p50": None, "p95": None}
    assert answer["volume"] == [] and len(answer["series"]) == 30 and answer["previous"] is None


@pytest.mark.parametrize("chosen", [{}, {"currency": "usd"}, {"brand": "visa"}])
def test_a_week_across_two_months_is_split_between_them(
    client: FlaskClient, database: Database[dict[str, Any]], bearer: dict[str, str], chosen: dict[str, str]
) -> None:
    """The last week of March 2025 ends on 6 April; each day has as many payments as its number."""
    numbers = [(3, day) for day in range(20, 32)] + [(4, day) for day in range(1, 20)]
    database.payments.insert_many(
        stored.payment(n, created_at=datetime(2025, month, day, 12, tzinfo=UTC), uncounted=True)
        for n, (month, day) in enumerate(place for place in numbers for _ in range(place[1]))
    )
    catch_up(client)
    query = {"from": "2025-03-20", "to": "2025-04-19", **chosen}
    for granularity in ("week", "month"):
        answer = client.get(METRICS, query_string={**query, "granularity": granularity}, headers=bearer).json
        expected = Counter[str]()
        for month, day in numbers:
            at = date(2025, month, day)
            first = at.replace(day=1) if granularity == "month" else at - at.weekday() * DAY
            expected[first.isoformat()] += day
        assert {s["start"][:10]: s["payments"]["created"] for s in answer["series"]} == expected
        assert answer["payments"]["created"] == expected.total()


def test_a_skipped_day_has_no_payments_and_its_neighbours_have_theirs(
    settings: Settings, database: Database[dict[str, Any]], bearer: dict[str, str]
) -> None:
    """Samoa left out 30 December 2011."""
    client = create_app(replace(settings, dashboard_timezone="Pacific/Apia")).test_client()
    query = {"from": "2011-12-29", "to": "2011-12-31"}
    answer = client.get(METRICS, query_string=query, headers=bearer).json
    assert [step["start"][:10] for step in answer["series"]] == ["2011-12-29", "2011-12-31"]
    assert database.payments.count_documents({}) == 0
