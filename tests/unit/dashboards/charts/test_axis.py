"""Scales have round ticks, cover their values and keep their order."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.charts.axis import DurationScale, label_step, linear_scale, percent_scale, period_labels
from dashboards.lists.formats import compact, duration, money, percent, share

numbers = st.floats(-1e300, 1e300)
fractions = st.floats(0, 1)


@given(numbers, numbers, st.booleans())
def test_a_scale_covers_its_values_and_zero(low: float, high: float, whole: bool) -> None:
    scale = linear_scale(low, high, whole=whole)
    assert scale.low <= min(low, high, 0) and scale.high >= max(low, high, 0)
    assert 2 <= len(scale.ticks) <= 7
    assert list(scale.ticks) == sorted(set(scale.ticks))
    assert 0 in scale.ticks
    assert all(math.isfinite(tick) for tick in scale.ticks)


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12))
def test_ticks_are_evenly_spaced_round_numbers(low: float, high: float) -> None:
    ticks = linear_scale(low, high).ticks
    steps = [b - a for a, b in pairwise(ticks)]
    assert all(math.isclose(step, steps[0], rel_tol=1e-6) for step in steps)
    mantissa = steps[0] / 10 ** math.floor(math.log10(steps[0]) + 1e-9)
    assert min(abs(mantissa - nice) for nice in (1, 2, 5)) < 1e-6


@given(st.integers(0, 10**9))
def test_counts_have_no_fractions_on_their_axis(most: int) -> None:
    assert all(tick == int(tick) for tick in linear_scale(0, most, whole=True).ticks)


@given(fractions, fractions)
def test_a_percent_axis_covers_its_values_within_0_and_1(low: float, high: float) -> None:
    low, high = min(low, high), max(low, high)
    scale = percent_scale(low, high)
    assert 0 <= scale.low <= low + 1e-9 and high - 1e-9 <= scale.high <= 1
    assert scale.ticks[0] == scale.low and scale.ticks[-1] == scale.high
    assert 2 <= len(scale.ticks) <= 7


def test_values_beyond_a_scale_are_drawn_at_its_end() -> None:
    scale = linear_scale(-1.7e308, 1.7e308)
    assert (scale.at(-1.7e308), scale.at(1.7e308)) == (0, 1)


def test_a_percent_axis_starts_at_zero_unless_values_are_far_from_it() -> None:
    assert percent_scale(0.1, 0.9).low == 0
    assert percent_scale(0.91, 0.96).low == pytest.approx(0.9)
    assert percent_scale(1, 1).high == 1


@given(numbers, numbers, numbers, numbers)
def test_positions_are_monotone_and_inside(low: float, high: float, one: float, other: float) -> None:
    scale = linear_scale(low, high)
    assert 0 <= scale.at(min(one, other)) <= scale.at(max(one, other)) <= 1


@given(st.floats(0.1, 100), st.floats(1, 1e9), st.floats(0, 1e9), st.floats(0, 1e9))
def test_durations_are_monotone_and_their_ticks_apart(knee: float, high: float, one: float, other: float) -> None:
    scale = DurationScale(min(knee, high), high)
    assert 0 <= scale.at(min(one, other)) <= scale.at(max(one, other)) <= 1
    places = [scale.at(tick) for tick in scale.ticks(0.1)]
    assert places[0] == 0 and all(b - a >= 0.1 for a, b in pairwise(places))


@given(st.integers(1, 10_000), st.integers(1, 20))
def test_labels_never_exceed_their_space(number: int, most: int) -> None:
    assert len(range(0, number, label_step(number, most))) <= most


def test_a_year_of_days_keeps_a_few_labels() -> None:
    assert 4 <= len(range(0, 366, label_step(366, 8))) <= 8


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[(0, "0"), (950, "950"), (1200, "1.2k"), (999_960, "1M"), (3_400_000, "3.4M"), (-50_000, "−50k")],
        *[(0.25, "0.25"), (1e9, "1B"), (123_456, "123k"), (1e18, "1.0e+18"), (999.7, "999.7")],
    ],
)
def test_compact_numbers(value: float, text: str) -> None:
    assert compact(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *[(0, "0 s"), (0.85, "850 ms"), (5, "5 s"), (6.4, "6.4 s"), (60, "1 min"), (90, "1 min 30 s")],
        *[(7200, "2 h"), (7260, "2 h 1 min"), (259_200, "3 d"), (59.6, "1 min"), (3599.9, "1 h")],
    ],
)
def test_durations_in_words(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_percentages_do_not_round_to_all_or_nothing() -> None:
    assert [percent(value) for value in (1, 0.9999, 0.0001, 0, None)] == [
        *["100.0%", ">99.9%", "<0.1%", "0.0%", "no data"]
    ]
    assert share(0, 0) == "no data"


def test_money_keeps_every_digit() -> None:
    assert money(Decimal("-12345678901234567890.125"), "kwd") == "−12,345,678,901,234,567,890.125 KWD"


def test_periods_are_named_by_granularity() -> None:
    day = date(2026, 11, 2)
    names = [period_labels([day], granularity)[0] for granularity in ("day", "week", "month")]
    assert [(name.short, name.full) for name in names] == [
        ("2 Nov", "Mon 2 Nov 2026"),
        ("2 Nov", "Week of 2 Nov 2026"),
        ("Nov 2026", "November 2026"),
    ]


def test_the_repeated_hour_of_autumn_has_two_names() -> None:
    zone = ZoneInfo("Europe/Berlin")
    hours = [datetime(2026, 10, 25, 2, tzinfo=zone, fold=fold) for fold in (0, 1)]
    assert len({label.full for label in period_labels(hours, "hour")}) == 2
