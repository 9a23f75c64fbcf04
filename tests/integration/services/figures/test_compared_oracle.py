"""The compared figures equal a naive recount too, over a range derived from the calendar, step by step."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pymongo.database import Database

from app.api.schemas import figures as figures_schema
from app.domain.figures.periods import Compare, days
from app.extensions import services
from app.factory import create_app
from app.models.figures.rollups import Choice
from app.services.figures.report import FiguresQuery
from config import Settings
from tests.integration.services.figures.test_oracle import FILTERS, METRICS, SLOW, ZONES, chooses, ledger_in
from tests.support import ledger
from tests.support.profiles import examples, thorough_beside
from tests.support.recount import comparable, recount

Mongo = Database[dict[str, Any]]
DAY = timedelta(days=1)
FEWER = hypothesis_settings(SLOW, max_examples=examples(12), phases=[Phase.explicit, Phase.reuse, Phase.generate])
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
LEAP_DAY = date(2024, 2, 29)


# Clocks that change at two and at midnight, by half an hour, and not at all beside an odd offset.
@pytest.fixture(
    params=thorough_beside(
        ["Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu"],
        *("Europe/Berlin", "Australia/Lord_Howe"),
    )
)
def zone(request: pytest.FixtureRequest) -> ZoneInfo:
    return ZoneInfo(request.param)


@pytest.fixture
def app(settings: Settings, zone: ZoneInfo) -> Flask:
    return create_app(replace(settings, dashboard_timezone=zone.key))


def same_day(day: date, year: int) -> date:
    """The day of another year; 28 February for the 29th that it lacks."""
    return day.replace(year=year, day=min(day.day, monthrange(year, day.month)[1]))


def before_by_hand(first: date, last: date, compare: str) -> tuple[date, date]:
    """The days that are compared with, first and last."""
    whole_months = first.day == 1 and last.day == monthrange(last.year, last.month)[1]
    if compare == "year":
        end = same_day(last, last.year - 1)
        if whole_months:
            end = end.replace(day=monthrange(end.year, end.month)[1])
        return same_day(first, first.year - 1), end
    start = first
    if not whole_months:
        return first - (last - first) - DAY, first - DAY
    for _ in {(first + n * DAY).replace(day=1) for n in range((last - first).days + 1)}:
        start = (start - DAY).replace(day=1)
    return start, first - DAY


def counted(payments: list[dict[str, Any]], lies_in: Callable[[datetime], bool]) -> dict[str, Any]:
    """The recount of a range that holds those instants of the payments, and no others."""
    instants = [
        moment
        for p in payments
        for moment in (
            p["created_at"],
            p["completed_at"],
            *(part["created_at"] for part in (*p["refunds"], *p["disputes"])),
        )
        if moment and lies_in(moment)
    ]
    if not instants:
        return recount(payments, NEVER, NEVER)
    return recount(payments, min(instants), max(instants) + timedelta(seconds=1))


def on_the_wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def near(zone: ZoneInfo, *edges: datetime) -> st.SearchStrategy[datetime]:
    """Instants around wall clock times, most of them within seconds."""
    instants = [edge.replace(tzinfo=zone).astimezone(UTC) for edge in edges]
    close = st.builds(
        lambda edge, seconds: edge + timedelta(seconds=seconds), st.sampled_from(instants), st.integers(-2, 2)
    )
    return st.one_of(close, ledger.moments(min(instants) - DAY, max(instants) + DAY))


def payments_about(data: st.DataObject, zone: ZoneInfo, *edges: datetime) -> list[dict[str, Any]]:
    return data.draw(st.lists(ledger.payment(near(zone, *edges)), min_size=2, max_size=10), label="payments")


def ask(app: Flask, token: Any, query: dict[str, Any]) -> Any:
    headers = {"Authorization": f"Bearer {token(scope='metrics:read')}"}
    answer = app.test_client().get(METRICS, query_string=query, headers=headers)
    assert answer.status_code == 200, answer.json
    return answer.json


@FEWER
@given(data=st.data())
def test_days_and_months_are_compared_with_their_counterparts(
    zone: ZoneInfo, app: Flask, token: Any, database: Mongo, data: st.DataObject
) -> None:
    """Clocks change in the earlier range, or it contains the leap day."""
    compare = data.draw(st.sampled_from(["previous", "year"]))
    peculiar = data.draw(st.sampled_from([ZONES[zone.key], LEAP_DAY]))
    first = same_day(peculiar, peculiar.year + 1) if compare == "year" and data.draw(st.booleans()) else peculiar
    first += data.draw(st.integers(-2, 9)) * DAY
    last = first + data.draw(st.integers(0, 9)) * DAY
    if data.draw(st.booleans(), label="whole months"):
        first, last = first.replace(day=1), last.replace(day=monthrange(last.year, last.month)[1])
    begin, end = before_by_hand(first, last, compare)
    edges = [datetime.combine(day, time()) for day in (begin, end + DAY, first, last + DAY)]
    payments = payments_about(data, zone, *edges)
    query = {"from": first.isoformat(), "to": last.isoformat(), "compare": compare}
    query |= data.draw(st.fixed_dictionaries({}, optional=FILTERS))
    # Long after, whenever this runs: a range that is not over is another matter.
    with ledger_in(database, payments), time_machine.travel(datetime(2030, 1, 1, tzinfo=UTC), tick=False):
        answer = ask(app, token, query)
    chosen = [p for p in payments if chooses(query, p)]
    for told, start, finish in ((answer, first, last), (answer["previous"], begin, end)):
        expected = counted(chosen, lambda m: start <= on_the_wall(m, zone).date() <= finish)  # noqa: B023
        assert comparable(told) == expected
    bounds = [datetime.fromisoformat(answer["previous"]["range"][name]) for name in ("from", "to")]
    assert [on_the_wall(at, zone).date() for at in (bounds[0], bounds[1] - DAY / 2)] == [begin, end]


@FEWER
@given(data=st.data())
def test_an_unfinished_range_is_compared_up_to_the_same_wall_clock_time(
    zone: ZoneInfo, app: Flask, token: Any, database: Mongo, data: st.DataObject
) -> None:
    length, passed = data.draw(st.integers(1, 9)), data.draw(st.integers(0, 8))
    first = ZONES[zone.key] + data.draw(st.integers(-1, 9)) * DAY
    # Never of a month's own length, which is another rule.
    last, today = first + (length - 1) * DAY, first + min(passed, length - 1) * DAY
    # A time that is there once on every day.
    at = time(data.draw(st.integers(4, 22)), data.draw(st.sampled_from([0, 1, 30, 59])))
    begin, _ = before_by_hand(first, last, "previous")
    cut = datetime.combine(begin + (today - first), at)
    midnights = [datetime.combine(day, time()) for day in (begin, first, last)]
    payments = payments_about(data, zone, cut, *midnights)
    now = datetime.combine(today, at, zone)
    with ledger_in(database, payments), time_machine.travel(now, tick=False):
        query = {"from": first.isoformat(), "to": last.isoformat(), "compare": "previous"}
        answer = ask(app, token, query)
    expected = counted(payments, lambda m: midnights[0] <= on_the_wall(m, zone) < cut)
    assert comparable(answer["previous"]) == expected


@FEWER
@given(data=st.data())
@pytest.mark.parametrize("is_over", [True, False])
def test_exact_times_are_compared_with_as_much_time(
    zone: ZoneInfo, app: Flask, token: Any, database: Mongo, is_over: bool, data: st.DataObject
) -> None:
    peculiar = datetime.combine(ZONES[zone.key], time())
    start = data.draw(near(zone, peculiar, peculiar + 2 * DAY)).replace(second=0)
    length = timedelta(minutes=data.draw(st.integers(2, 3000)))
    compare, back = data.draw(st.sampled_from([("previous", length), ("year", 365 * DAY)]))
    passed = length if is_over else length * data.draw(st.integers(1, 9)) / 10
    edges = [start - back, start - back + passed, start, start + passed]
    payments = payments_about(data, zone, *(on_the_wall(edge, zone) for edge in edges))
    # Exact times that happen to be the ends of days are days.
    if on_the_wall(start, zone).time() == time():
        start += timedelta(minutes=1)
    query = {"from": start.isoformat(), "to": (start + length).isoformat(), "compare": compare}
    with ledger_in(database, payments), time_machine.travel(start + passed, tick=False):
        answer = ask(app, token, query)
    assert comparable(answer) == recount(payments, start, start + length)
    assert comparable(answer["previous"]) == recount(payments, start - back, start - back + passed)


@FEWER
@given(data=st.data(), back=st.integers(0, 70))
def test_this_month_is_compared_with_the_days_of_the_month_before(
    zone: ZoneInfo, app: Flask, database: Mongo, data: st.DataObject, back: int
) -> None:
    """As the page requests it; the month before may be shorter than the month to date."""
    today = data.draw(st.sampled_from([ZONES[zone.key], date(2025, 3, 31)])) + back * DAY
    first, at = today.replace(day=1), time(data.draw(st.integers(4, 22)), 30)
    end = first - DAY
    begin = end.replace(day=1)
    midnight = datetime.combine(begin, time())
    cut = datetime.combine(first, time())
    if today.day <= end.day:
        cut = datetime.combine(begin.replace(day=today.day), at)
    payments = payments_about(data, zone, midnight, cut, datetime.combine(first, time()))
    choice = Choice(**data.draw(st.fixed_dictionaries({}, optional=FILTERS)))
    now = datetime.combine(today, at, zone)
    query = FiguresQuery(
        span=days(first, today, zone), choice=choice, compare=Compare.PREVIOUS, monthly=True, by_hour=True
    )
    with ledger_in(database, payments), app.app_context(), time_machine.travel(now, tick=False):
        report = services.analytics.report(query)
    filters = {name: value for name, value in asdict(choice).items() if value is not None}
    chosen = [p for p in payments if chooses(filters, p)]
    assert report.previous is not None
    told = comparable(figures_schema.figures(report.previous))
    assert told == counted(chosen, lambda m: midnight <= on_the_wall(m, zone) < cut)
    assert sum(step.count("created") for _, step in report.previous_series) == told["payments"]["created"]
