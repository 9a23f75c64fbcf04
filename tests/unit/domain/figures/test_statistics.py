"""The arithmetic of the figures against published values, at its edges, and in its rate of false alarms."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.figures.statistics import (
    Change,
    Ratio,
    Sample,
    Significance,
    compare_means,
    compare_ratios,
    compare_samples,
    percentile,
    rounded_seconds,
    student_t,
)

SEVEN = (1, 2, 3, 4, 5, 6, 7)


@pytest.mark.parametrize(
    ("n", "total", "low", "high"),
    # Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_of_a_share_is_the_published_one(n: int, total: int, low: float, high: float) -> None:
    assert Ratio(n, total).interval == pytest.approx((low, high), abs=0.00005)
    assert Ratio(total - n, total).interval == pytest.approx((1 - high, 1 - low), abs=0.00005)


def test_a_share_of_nothing_has_neither_value_nor_interval() -> None:
    assert (Ratio(0, 0).value, Ratio(0, 0).interval) == (None, None)


@given(st.integers(1, 10**9), st.data())
def test_the_interval_contains_the_share_and_stays_possible(total: int, data: st.DataObject) -> None:
    n = data.draw(st.one_of(st.just(0), st.just(total), st.integers(0, total)))
    low, high = Ratio(n, total).interval or (math.nan, math.nan)
    assert 0 <= low <= n / total <= high <= 1 and low < high
    assert (low == 0) == (n == 0) and (high == 1) == (n == total)


@pytest.mark.parametrize(
    ("freedom", "published"),
    # Student's t, two-sided 95 %, as any table has it.
    [(6, 2.4469), (7, 2.3646), (8, 2.3060), (10, 2.2281), (12, 2.1788), (20, 2.0860), (60, 2.0003)],
)
def test_critical_values_of_students_t_are_the_published_ones(freedom: int, published: float) -> None:
    assert student_t(freedom) == pytest.approx(published, abs=0.0002)
    assert student_t(10**9) == pytest.approx(1.959964, abs=0.000001)


@pytest.mark.parametrize(
    ("now", "before", "significance"),
    [
        # z is 1.967 and 1.953; the bound is 1.960.
        (Ratio(5_277, 10_000), Ratio(5_138, 10_000), Significance.SIGNIFICANT),
        (Ratio(5_276, 10_000), Ratio(5_138, 10_000), Significance.NORMAL_VARIATION),
        (Ratio(5_138, 10_000), Ratio(5_277, 10_000), Significance.SIGNIFICANT),
        # Of 50 in each, 5 are expected in the smaller part at the least.
        (Ratio(10, 50), Ratio(0, 50), Significance.SIGNIFICANT),
        (Ratio(9, 50), Ratio(0, 50), Significance.NOT_ENOUGH_DATA),
        (Ratio(40, 50), Ratio(50, 50), Significance.SIGNIFICANT),
        (Ratio(41, 50), Ratio(50, 50), Significance.NOT_ENOUGH_DATA),
        (Ratio(100, 100), Ratio(100, 100), Significance.NOT_ENOUGH_DATA),
        (Ratio(1, 2), Ratio(400, 800), Significance.NOT_ENOUGH_DATA),
        (Ratio(30, 60), Ratio(30, 60), Significance.NORMAL_VARIATION),
    ],
)
def test_the_significance_of_shares_changes_at_the_bound(now: Ratio, before: Ratio, significance: Significance) -> None:
    change = compare_ratios(now, before)
    assert change.significance == significance
    assert change.difference == pytest.approx(now.n / now.total - before.n / before.total)


@pytest.mark.parametrize(("now", "before"), [((0, 0), (1, 2)), ((1, 2), (0, 0)), ((0, 0), (0, 0))])
def test_a_share_of_nothing_is_not_compared(now: tuple[int, int], before: tuple[int, int]) -> None:
    assert compare_ratios(Ratio(*now), Ratio(*before)) == Change(None, Significance.NOT_ENOUGH_DATA)


@pytest.mark.parametrize(
    ("before", "by", "significance"),
    [
        # Twelve degrees of freedom: 2.179 times an error of 1.1547 is 2.516; the normal bound would be 2.263.
        (SEVEN, 2.52, Significance.SIGNIFICANT),
        (SEVEN, 2.51, Significance.NORMAL_VARIATION),
        (SEVEN, -2.52, Significance.SIGNIFICANT),
        # Against seven that do not vary, six degrees: 2.447 times 0.8165 is 1.998; twelve would give 1.779.
        ((4,) * 7, 2.0, Significance.SIGNIFICANT),
        ((4,) * 7, 1.99, Significance.NORMAL_VARIATION),
    ],
)
def test_the_significance_of_means_changes_at_the_bound(
    before: tuple[int, ...], by: float, significance: Significance
) -> None:
    change = compare_samples([value + by for value in SEVEN], before)
    assert change.significance == significance
    assert change.difference == pytest.approx(by)


def test_the_degrees_of_freedom_are_those_of_welch_and_satterthwaite() -> None:
    """Seven values of large variance against a hundred of small: just above six degrees, not a hundred and five."""
    now, before = Sample(7, 0, 7.0), Sample(100, 0, 1.0)
    freedom = (1 + 0.01) ** 2 / (1 / 6 + 0.01**2 / 99)
    bound = student_t(freedom) * math.sqrt(1.01)
    for by, significance in ((bound + 0.001, Significance.SIGNIFICANT), (bound - 0.001, Significance.NORMAL_VARIATION)):
        assert compare_means(Sample(now.n, by, now.variance), before).significance == significance


def test_fewer_than_seven_values_are_not_enough_data() -> None:
    far = [value + 1000 for value in SEVEN]
    assert compare_samples(far[:6], SEVEN) == Change(999.5, Significance.NOT_ENOUGH_DATA)
    assert compare_samples(SEVEN, far[:6]) == Change(-999.5, Significance.NOT_ENOUGH_DATA)
    for now, before in ((SEVEN, ()), ((), SEVEN), ((), ())):
        assert compare_samples(now, before) == Change(None, Significance.NOT_ENOUGH_DATA)


def test_values_without_variation_differ_significantly_or_not() -> None:
    assert compare_samples([5] * 7, [4] * 7) == Change(1, Significance.SIGNIFICANT)
    assert compare_samples([4] * 7, [4] * 7) == Change(0, Significance.NORMAL_VARIATION)


def test_a_change_of_durations_compares_exact_means() -> None:
    now = Sample.of_durations({rounded_seconds(104): 50}, 104.0)
    before = Sample.of_durations({rounded_seconds(96): 50}, 96.0)
    assert compare_means(now, before) == Change(8.0, Significance.SIGNIFICANT)
    assert Sample.of_durations({}, None) == Sample(0, 0, 0) == Sample.of([])


def test_rounding_keeps_the_variance_of_durations() -> None:
    """All of these are 1,000 seconds in the histogram; the true deviation is 26 seconds."""
    now, before = range(960, 1050), range(961, 1051)
    samples = [
        Sample.of_durations(Counter(rounded_seconds(s) for s in spread), sum(spread) / 90)
        for spread in (now, [s - 1 for s in before])
    ]
    assert samples[0].variance >= 26**2
    shifted = Sample(90, samples[0].mean + 1, samples[0].variance)
    assert compare_means(shifted, samples[1]) == Change(1, Significance.NORMAL_VARIATION)


@given(st.lists(st.integers(0, 99), min_size=7, max_size=40))
def test_short_durations_keep_their_exact_sample(values: list[int]) -> None:
    exact = Sample.of(values)
    found = Sample.of_durations(Counter(rounded_seconds(v) for v in values), sum(values) / len(values))
    assert found.n == exact.n
    assert found.mean == pytest.approx(exact.mean)
    assert found.variance == pytest.approx(exact.variance)


def _normal(dice: random.Random) -> Significance:
    now, before = ([dice.gauss(1000, 200) for _ in range(7)] for _ in range(2))
    return compare_samples(now, before).significance


def _uneven(dice: random.Random) -> Significance:
    """Few values that vary much, against many that vary little."""
    return compare_samples(
        [dice.gauss(1000, 600) for _ in range(8)], [dice.gauss(1000, 100) for _ in range(40)]
    ).significance


def _shares(dice: random.Random) -> Significance:
    now, before = (Ratio(sum(dice.random() < 0.85 for _ in range(n)), n) for n in (120, 200))
    return compare_ratios(now, before).significance


@pytest.mark.parametrize("compared", [_normal, _uneven, _shares], ids=["means", "uneven means", "shares"])
def test_without_a_change_one_in_twenty_comparisons_is_significant(
    compared: Callable[[random.Random], Significance],
) -> None:
    """Over 4,000 comparisons the share of false alarms is accurate to 0.7 points (two deviations)."""
    dice = random.Random(20260310)
    found = Counter(compared(dice) for _ in range(4000))
    assert found[Significance.NOT_ENOUGH_DATA] == 0
    assert 0.043 < found[Significance.SIGNIFICANT] / 4000 < 0.057


@given(st.integers(0, 10**7))
def test_durations_keep_two_digits_from_a_hundred_seconds_on(seconds: int) -> None:
    found = rounded_seconds(seconds)
    if seconds < 100:
        assert found == seconds
    else:
        assert set(str(found)[2:]) <= {"0"}
        assert abs(found - seconds) * 2 <= 10 ** (len(str(seconds)) - 2)


@pytest.mark.parametrize(
    ("seconds", "rounded"),
    [(-3, 0), (0, 0), (99, 99), (100, 100), (104, 100), (105, 110), (994, 990), (995, 1000), (1049, 1000)],
)
def test_durations_are_rounded_half_up(seconds: int, rounded: int) -> None:
    assert rounded_seconds(seconds) == rounded


@given(st.lists(st.integers(0, 10**6), min_size=1), st.lists(st.integers(0, 10**6)), st.sampled_from([50, 95]))
def test_the_percentile_of_merged_histograms_is_the_rounded_nearest_rank(
    some: list[int], others: list[int], percent: int
) -> None:
    merged = Counter(map(rounded_seconds, some)) + Counter(map(rounded_seconds, others))
    ordered = sorted(some + others)
    rank = -(-len(ordered) * percent // 100)
    assert percentile(merged, percent / 100) == rounded_seconds(ordered[rank - 1])


@pytest.mark.parametrize(
    ("histogram", "share", "found"),
    [
        ({}, 0.5, None),
        ({7: 1}, 0.01, 7),
        ({7: 1}, 1.0, 7),
        ({1: 1, 2: 1}, 0.5, 1),
        ({1: 1, 2: 1}, 0.51, 2),
        ({1: 95, 9: 5}, 0.95, 1),
        ({1: 94, 9: 6}, 0.95, 9),
        ({1: 2, 5: 0}, 1.0, 1),
    ],
)
def test_the_percentile_is_the_nearest_rank(histogram: dict[int, int], share: float, found: int | None) -> None:
    assert percentile(histogram, share) == found
