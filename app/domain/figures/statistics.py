"""The arithmetic behind the figures: ratios with their uncertainty, comparisons, percentiles of merged histograms.

Sources: Wilson, "Probable inference" (1927), for the interval; for comparisons the pooled two-proportion z-test, by the
normal approximation, and Welch's test, by Student's t with the degrees of freedom of Welch and Satterthwaite;
nearest-rank percentiles. Everything here is exact or says how not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist, fmean
from typing import Self

CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
# Below five the normal approximation says more than the data do. Welch's test of fewer than seven values leans on their
# being normal, which times and volumes are not.
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


@dataclass(frozen=True, slots=True)
class Sample:
    """How many values there are, their mean and their sample variance; all 0 where there are none."""

    n: int
    mean: float
    variance: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """The sample that ``values`` are."""
        if not values:
            return cls(0, 0.0, 0.0)
        mean = fmean(values)
        return cls(len(values), mean, _variance(((value, 1) for value in values), mean, len(values)))

    @classmethod
    def of_durations(cls, histogram: Mapping[int, int], mean: float | None) -> Self:
        """The sample of durations in seconds, from ``rounded_seconds`` to count, and their exact mean (None of none).

        What rounding hides of the variance is added as if durations were spread evenly over their buckets (Sheppard),
        or those of one bucket would all be the same.
        """
        n = sum(histogram.values())
        if not n or mean is None:
            return cls(0, 0.0, 0.0)
        middle = sum(value * count for value, count in histogram.items()) / n
        hidden = sum(count * (_step(value) ** 2 - 1) for value, count in histogram.items()) / (12 * n)
        return cls(n, mean, _variance(histogram.items(), middle, n) + hidden)


def compare_ratios(now: Ratio, before: Ratio) -> Change:
    """How a share has changed, judged by the pooled two-proportion z-test."""
    if now.value is None or before.value is None:
        return Change(None, Meaning.TOO_FEW)
    difference = now.value - before.value
    n, total = now.n + before.n, now.total + before.total
    # Without change, so many of the rarer outcome are expected in the smaller of the two, times the total.
    if min(n, total - n) * min(now.total, before.total) < _FEWEST_EXPECTED * total:
        return Change(difference, Meaning.TOO_FEW)
    pooled = n / total
    deviation = math.sqrt(pooled * (1 - pooled) * (1 / now.total + 1 / before.total))
    return Change(difference, _judged(difference, _Z * deviation))


def compare_samples(now: Sequence[float], before: Sequence[float]) -> Change:
    """How the mean of some values has changed, judged as ``compare_means`` does."""
    return compare_means(Sample.of(now), Sample.of(before))


def compare_means(now: Sample, before: Sample) -> Change:
    """How a mean has changed, judged by Welch's test."""
    if not now.n or not before.n:
        return Change(None, Meaning.TOO_FEW)
    difference = now.mean - before.mean
    if min(now.n, before.n) < _FEWEST_VALUES:
        return Change(difference, Meaning.TOO_FEW)
    errors = [sample.variance / sample.n for sample in (now, before)]
    if not any(errors):
        return Change(difference, Meaning.SIGNIFICANT if difference else Meaning.CHANCE)
    # Welch and Satterthwaite: few where the smaller sample brings most of the uncertainty.
    parts = zip(errors, (now, before), strict=True)
    freedom = sum(errors) ** 2 / sum(error**2 / (sample.n - 1) for error, sample in parts)
    return Change(difference, _judged(difference, student_t(freedom) * math.sqrt(sum(errors))))


def student_t(freedom: float) -> float:
    """Between minus and plus which value Student's t lies with 95 % probability, given its degrees of freedom.

    By the expansion about the normal distribution (Abramowitz and Stegun, 26.7.5); from six degrees on, which are the
    fewest that are asked for, it is less than 0.0002 too small.
    """
    z = _Z
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / freedom**power for power, term in enumerate(terms))


def rounded_seconds(seconds: int) -> int:
    """The bucket of a duration: exact below 100 seconds, two significant digits above.

    Rounding never changes the order of two durations, so the percentile of rounded durations is the rounded
    percentile: histograms lose nothing but digits when they are merged.
    """
    step = _step(seconds)
    return max(0, (seconds + step // 2) // step * step)


def percentile(histogram: Mapping[int, int], share: float) -> int | None:
    """The smallest value that at least ``share`` of the counted do not exceed (nearest rank); None when empty."""
    wanted = math.ceil(share * sum(histogram.values()))
    seen = 0
    for value in sorted(histogram):
        seen += histogram[value]
        if seen >= max(1, wanted):
            return value
    return None


def _judged(difference: float, by_chance: float) -> Meaning:
    return Meaning.SIGNIFICANT if abs(difference) > by_chance else Meaning.CHANCE


def _step(seconds: int) -> int:
    """How far apart the values are that durations of about so many seconds are rounded to."""
    step: int = 1 if seconds < _EXACT_BELOW else 10 ** (len(str(seconds)) - 2)
    return step


def _variance(counted: Iterable[tuple[float, int]], mean: float, n: int) -> float:
    """The sample variance of values and how often each is there; 0 of fewer than two.

    The library's is exact in fractions, and that takes longer than all the rest.
    """
    return math.fsum(count * (value - mean) ** 2 for value, count in counted) / max(1, n - 1)
