"""Scales and ticks: the position of a value, and the round values that label the grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from dashboards.lists.formats import period_names

Granularity = Literal["hour", "day", "week", "month"]

_MANTISSAS = (1, 2, 5, 10)
_LABEL_STEPS = (1, 2, 3, 4, 6, 7, 12, 14, 28, 30, 60, 90)
# Durations with a familiar name: seconds, minutes, hours, days, weeks, months.
_DURATIONS = (
    *(0, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200),
    *(86400, 172800, 604800, 2592000, 7776000, 31536000),
)
# Below this fraction of the magnitude, a difference is floating point noise.
_FLAT = 1e-9
# Larger values have no round number above them; they are drawn at the end of the scale.
_HUGE = 1e300


@dataclass(frozen=True)
class Scale:
    """A linear scale from ``low`` to ``high`` with its labelled ticks, in the unit of the values."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """The position of ``value`` between the ends: 0 at ``low``, 1 at ``high``, never outside."""
        # Halves keep the difference of two huge numbers finite; the difference of the smallest becomes 0.
        spread = self.high / 2 - self.low / 2
        return min(1.0, max(0.0, (value / 2 - self.low / 2) / (spread or 1.0)))

    @property
    def step(self) -> float:
        """The distance of two ticks."""
        return self.ticks[1] - self.ticks[0]


def finite(values: Sequence[float | None]) -> list[float]:
    """The values that can be drawn."""
    return [value for value in values if value is not None and math.isfinite(value)]


def nice_step(span: float, most: int) -> tuple[int, int]:
    """The smallest of 1, 2, 5 × 10ⁿ, as (mantissa, n), that divides ``span`` into at most ``most`` steps."""
    exponent = math.floor(math.log10(span / most))
    for mantissa in _MANTISSAS:
        if span / most <= mantissa * 10.0**exponent * (1 + _FLAT):
            break
    return (1, exponent + 1) if mantissa == 10 else (mantissa, exponent)


def linear_scale(low: float, high: float, *, most: int = 4, whole: bool = False) -> Scale:
    """A scale that covers ``low`` to ``high`` and zero, with at most ``most`` + 2 round ticks.

    ``whole`` keeps the ticks of counts to whole numbers.
    """
    low, high = max(min(low, high, 0.0), -_HUGE), min(max(low, high, 0.0), _HUGE)
    if high == low:
        high = 1.0
    found = _rounded(low, high, most, whole=whole)
    # A small negative part gets only the space it needs, not a whole step of the grid.
    if high > 0 and found.ticks[0] < 0 and low * 1.1 > found.ticks[0] and len(found.ticks) > 2:
        return Scale(low * 1.1, found.high, found.ticks[1:])
    return found


def percent_scale(low: float, high: float, *, most: int = 4) -> Scale:
    """A scale of fractions within 0 to 1. It starts at 0 unless all values lie well above their own spread."""
    low, high = sorted((min(1.0, max(0.0, low)), min(1.0, max(0.0, high))))
    if low < high / 2:
        low = 0.0
    if high - low < 0.02:
        low, high = max(0.0, low - 0.01), min(1.0, high + 0.01)
    found = _rounded(low, high, most)
    ticks = tuple(tick for tick in found.ticks if 0 <= tick <= 1)
    return Scale(ticks[0], ticks[-1], ticks) if len(ticks) > 1 else Scale(0.0, 1.0, (0.0, 0.5, 1.0))


def _rounded(low: float, high: float, most: int, *, whole: bool = False) -> Scale:
    size = max(abs(low), abs(high))
    span = max(high - low, size * _FLAT, 1e-300)
    mantissa, exponent = nice_step(span, most)
    if whole and exponent < 0:
        mantissa, exponent = 1, 0
    first = math.floor(_steps(low, mantissa, exponent) + _FLAT)
    last = max(math.ceil(_steps(high, mantissa, exponent) - _FLAT), first + 1)
    ticks = tuple(_tick(index, mantissa, exponent) for index in range(first, last + 1))
    return Scale(min(ticks[0], low), max(ticks[-1], high), ticks)


def _steps(value: float, mantissa: int, exponent: int) -> float:
    return value / 10.0**exponent / mantissa


def _tick(index: int, mantissa: int, exponent: int) -> float:
    """Exact where decimals can be: 3 × 2 × 10⁻² is 0.06 and not 0.060000000000000005."""
    if exponent < -300:
        return index * mantissa * 10.0**exponent
    return index * mantissa / 10**-exponent if exponent < 0 else index * mantissa * 10.0**exponent


def label_step(number: int, most: int) -> int:
    """The distance between labelled periods that keeps an axis to at most ``most`` labels."""
    needed = math.ceil(number / most)
    return next((step for step in _LABEL_STEPS if step >= needed), max(1, needed))


@dataclass(frozen=True)
class DurationScale:
    """A log-like scale of seconds from 0 to ``high``; around ``knee`` it changes from linear to logarithmic."""

    knee: float
    high: float

    def at(self, seconds: float) -> float:
        """The position of a duration: 0 at 0 seconds, 1 at ``high``, never outside."""
        bounded = min(max(seconds, 0.0), self.high)
        return math.log1p(bounded / self.knee) / math.log1p(self.high / self.knee)

    def ticks(self, apart: float) -> tuple[int, ...]:
        """Familiar durations, at least ``apart`` of the width from each other."""
        found: list[int] = []
        for seconds in _DURATIONS:
            if seconds > self.high:
                break
            if not found or self.at(seconds) - self.at(found[-1]) >= apart:
                found.append(seconds)
        return tuple(found)


@dataclass(frozen=True)
class PeriodLabel:
    """A period's name, short for the axis and full for the tooltip and the table."""

    short: str
    full: str


def period_labels(starts: Sequence[date | datetime], granularity: Granularity) -> list[PeriodLabel]:
    """Names of periods by their local starts: hours by their clock, days and weeks by date, months by name."""
    return [PeriodLabel(*period_names(start, granularity)) for start in starts]
