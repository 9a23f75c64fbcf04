"""The arithmetic behind the figures: ratios with their uncertainty, comparisons, percentiles of merged histograms.

Sources: Wilson, "Probable inference" (1927), for the interval; for comparisons the pooled two-proportion z-test, by the
normal approximation, and Welch's test, by Student's t with the degrees of freedom of Welch and Satterthwaite;
nearest-rank percentiles. Everything here is exact or states its error.
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
# Below five expected cases the normal approximation is unreliable. With fewer than seven values Welch's test depends on
# their being normally distributed, which times and volumes are not.
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
        """The 95 % confidence interval of the true rate (Wilson); None without a total."""
        if not self.total:
            return None
        share, z2 = self.n / self.total, _Z * _Z
        centre = (share + z2 / (2 * self.total)) / (1 + z2 / self.total)
        spread = share * (1 - share) / self.total + z2 / (4 * self.total**2)
        half = _Z * math.sqrt(spread) / (1 + z2 / self.total)
        return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


class Significance(StrEnum):
    """Whether a change exceeds normal variation, at 95 % confidence."""

    SIGNIFICANT = "significant"
    NORMAL_VARIATION = "normal_variation"
    NOT_ENOUGH_DATA = "not_enough_data"


@dataclass(frozen=True, slots=True)
class Change:
    """The present minus the previous value, in the value's own unit; None where either has no data."""

    difference: float | None
    significance: Significance


@dataclass(frozen=True, slots=True)
class Sample:
    """The number of values, their mean and their sample variance; all 0 for an empty sample."""

    n: int
    mean: float
    variance: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """The sample of ``values``."""
        if not values:
            return cls(0, 0.0, 0.0)
        mean = fmean(values)
        return cls(len(values), mean, _variance(((value, 1) for value in values), mean, len(values)))

    @classmethod
    def of_durations(cls, histogram: Mapping[int, int], mean: float | None) -> Self:
        """The sample of durations in seconds, from ``rounded_seconds`` to count, and their exact mean (None of none).

        Rounding hides some of the variance. That part is added as if durations were spread evenly within their bucket
        (Sheppard's correction); otherwise all durations of one bucket would be equal.
        """
        n = sum(histogram.values())
        if not n or mean is None:
            return cls(0, 0.0, 0.0)
        middle = sum(value * count for value, count in histogram.items()) / n
        hidden = sum(count * (_step(value) ** 2 - 1) for value, count in histogram.items()) / (12 * n)
        return cls(n, mean, _variance(histogram.items(), middle, n) + hidden)


def compare_ratios(now: Ratio, before: Ratio) -> Change:
    """The change of a share, by the pooled two-proportion z-test."""
    if now.value is None or before.value is None:
        return Change(None, Significance.NOT_ENOUGH_DATA)
    difference = now.value - before.value
    n, total = now.n + before.n, now.total + before.total
    # The expected count of the rarer outcome in the smaller sample, if there were no change, times the total.
    if min(n, total - n) * min(now.total, before.total) < _FEWEST_EXPECTED * total:
        return Change(difference, Significance.NOT_ENOUGH_DATA)
    pooled = n / total
    deviation = math.sqrt(pooled * (1 - pooled) * (1 / now.total + 1 / before.total))
    return Change(difference, _significance(difference, _Z * deviation))


def compare_samples(now: Sequence[float], before: Sequence[float]) -> Change:
    """The change of the mean of some values, as ``compare_means``."""
    return compare_means(Sample.of(now), Sample.of(before))


def compare_means(now: Sample, before: Sample) -> Change:
    """The change of a mean, by Welch's test."""
    if not now.n or not before.n:
        return Change(None, Significance.NOT_ENOUGH_DATA)
    difference = now.mean - before.mean
    if min(now.n, before.n) < _FEWEST_VALUES:
        return Change(difference, Significance.NOT_ENOUGH_DATA)
    errors = [sample.variance / sample.n for sample in (now, before)]
    if not any(errors):
        return Change(difference, Significance.SIGNIFICANT if difference else Significance.NORMAL_VARIATION)
    # Degrees of freedom (Welch and Satterthwaite): few where the smaller sample carries most of the uncertainty.
    parts = zip(errors, (now, before), strict=True)
    freedom = sum(errors) ** 2 / sum(error**2 / (sample.n - 1) for error, sample in parts)
    return Change(difference, _significance(difference, student_t(freedom) * math.sqrt(sum(errors))))


def student_t(freedom: float) -> float:
    """The two-sided 95 % critical value of Student's t, given its degrees of freedom.

    Computed by the expansion about the normal distribution (Abramowitz and Stegun, 26.7.5). From six degrees on, the
    fewest in use here, it is less than 0.0002 too small.
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
    percentile: merged histograms lose nothing but digits.
    """
    step = _step(seconds)
    return max(0, (seconds + step // 2) // step * step)


def percentile(histogram: Mapping[int, int], share: float) -> int | None:
    """The smallest value that at least ``share`` of the values do not exceed (nearest rank); None when empty."""
    rank = math.ceil(share * sum(histogram.values()))
    seen = 0
    for value in sorted(histogram):
        seen += histogram[value]
        if seen >= max(1, rank):
            return value
    return None


def _significance(difference: float, margin: float) -> Significance:
    return Significance.SIGNIFICANT if abs(difference) > margin else Significance.NORMAL_VARIATION


def _step(seconds: int) -> int:
    """The width of the bucket that a duration of about so many seconds is rounded to."""
    step: int = 1 if seconds < _EXACT_BELOW else 10 ** (len(str(seconds)) - 2)
    return step


def _variance(counted: Iterable[tuple[float, int]], mean: float, n: int) -> float:
    """The sample variance of values with their frequencies; 0 for fewer than two.

    The standard library's is exact in fractions, which takes longer than everything else here.
    """
    return math.fsum(count * (value - mean) ** 2 for value, count in counted) / max(1, n - 1)
