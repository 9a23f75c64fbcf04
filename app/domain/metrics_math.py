"""The arithmetic behind the figures: ratios with their uncertainty, comparisons, percentiles of merged histograms.

Sources: Wilson, "Probable inference" (1927), for the interval; the pooled two-proportion z-test and Welch's test for
comparisons, both by the normal approximation; nearest-rank percentiles. Everything here is exact or says how not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist, fmean

CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
# Below these a normal approximation says more than the data do.
_FEWEST_EXPECTED = 5
_FEWEST_VALUES = 7
_EXACT_BELOW = 100


@dataclass(frozen=True, slots=True)
class Ratio:
    """``n`` of ``total``. Without a total there is no value: never 0 % or 100 % of nothing (DESIGN section 5)."""

    n: int
    total: int

    @property
    def value(self) -> float | None:
        return self.n / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Between which shares the true rate lies with 95 % confidence (Wilson); None without a total."""
        if not self.total:
            return None
        share, z2 = self.n / self.total, _Z * _Z
        centre = (share + z2 / (2 * self.total)) / (1 + z2 / self.total)
        spread = share * (1 - share) / self.total + z2 / (4 * self.total**2)
        half = _Z * math.sqrt(spread) / (1 + z2 / self.total)
        return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


class Meaning(StrEnum):
    """Whether a change is more than chance would bring, at 95 % confidence."""

    SIGNIFICANT = "significant"
    CHANCE = "chance"
    TOO_FEW = "too_few"


@dataclass(frozen=True, slots=True)
class Change:
    """The present minus the previous value, in the value's own unit; None where either has no data."""

    difference: float | None
    meaning: Meaning


def compare_ratios(now: Ratio, before: Ratio) -> Change:
    """How a share has changed, judged by the pooled two-proportion z-test."""
    if now.value is None or before.value is None:
        return Change(None, Meaning.TOO_FEW)
    difference = now.value - before.value
    pooled = (now.n + before.n) / (now.total + before.total)
    fewest = min(pooled, 1 - pooled) * min(now.total, before.total)
    if fewest < _FEWEST_EXPECTED:
        return Change(difference, Meaning.TOO_FEW)
    deviation = math.sqrt(pooled * (1 - pooled) * (1 / now.total + 1 / before.total))
    return Change(difference, _judged(difference, deviation))


def compare_samples(now: Sequence[float], before: Sequence[float]) -> Change:
    """How the sum of one value a day has changed, judged by whether the days' means differ (Welch's test)."""
    difference = math.fsum(now) - math.fsum(before)
    if min(len(now), len(before)) < _FEWEST_VALUES:
        return Change(difference, Meaning.TOO_FEW)
    deviation = math.sqrt(_variance(now) / len(now) + _variance(before) / len(before))
    return Change(difference, _judged(fmean(now) - fmean(before), deviation))


def compare_means(now: Mapping[int, int], before: Mapping[int, int]) -> Change:
    """How the mean of a histogram (value to count) has changed, judged by Welch's test."""
    first, second = _moments(now), _moments(before)
    if not first[0] or not second[0]:
        return Change(None, Meaning.TOO_FEW)
    difference = first[1] - second[1]
    if min(first[0], second[0]) < _FEWEST_VALUES:
        return Change(difference, Meaning.TOO_FEW)
    return Change(difference, _judged(difference, math.sqrt(first[2] / first[0] + second[2] / second[0])))


def rounded_seconds(seconds: int) -> int:
    """The bucket of a duration: exact below 100 seconds, two significant digits above.

    Rounding never changes the order of two durations, so the percentile of rounded durations is the rounded
    percentile: histograms lose nothing but digits when they are merged.
    """
    if seconds < _EXACT_BELOW:
        return max(0, seconds)
    step: int = 10 ** (len(str(seconds)) - 2)
    return (seconds + step // 2) // step * step


def percentile(histogram: Mapping[int, int], share: float) -> int | None:
    """The smallest value that at least ``share`` of the counted do not exceed (nearest rank); None when empty."""
    wanted = math.ceil(share * sum(histogram.values()))
    seen = 0
    for value in sorted(histogram):
        seen += histogram[value]
        if seen >= max(1, wanted):
            return value
    return None


def _judged(difference: float, deviation: float) -> Meaning:
    if deviation == 0:
        return Meaning.SIGNIFICANT if difference else Meaning.CHANCE
    return Meaning.SIGNIFICANT if abs(difference) / deviation > _Z else Meaning.CHANCE


def _variance(values: Sequence[float]) -> float:
    """The sample variance; the library's is exact in fractions, and that takes longer than all the rest."""
    mean = fmean(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def _moments(histogram: Mapping[int, int]) -> tuple[int, float, float]:
    """Count, mean and sample variance."""
    n = sum(histogram.values())
    if n == 0:
        return 0, 0.0, 0.0
    mean = sum(value * count for value, count in histogram.items()) / n
    squares = math.fsum(count * (value - mean) ** 2 for value, count in histogram.items())
    return n, mean, squares / max(1, n - 1)
