"""Changes against the compared period in words: how much, and whether that is statistically significant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain.figures.figures import Figures
from app.domain.figures.statistics import (
    Change,
    Ratio,
    Sample,
    Significance,
    compare_means,
    compare_ratios,
    compare_samples,
)
from app.domain.money import Money
from dashboards.lists.formats import NO_DATA, count, duration, money, one_decimal, percent

HOW_COMPARED = (
    "A change is significant when normal variation would produce one as large in no more than about 5 of 100 such "
    "comparisons (95% confidence). Shares are compared by a two-proportion z-test, times and volumes by Welch's test; "
    "volumes by the intervals that lie entirely in the range and are over. With few payments or intervals there is not "
    "enough data."
)
_SIGNIFICANCE = {
    Significance.SIGNIFICANT: "significant",
    Significance.NORMAL_VARIATION: "within normal variation",
    Significance.NOT_ENOUGH_DATA: "not enough data",
}


@dataclass(frozen=True, slots=True)
class Delta:
    """A change in words. ``tone`` is good or bad for a significant change with a better side, none without a change,
    otherwise note.
    """

    text: str
    significance: str
    before: str
    tone: str = "note"


def of_ratios(now: Ratio, before: Ratio, *, better: int = 0) -> Delta:
    """The change of a share, in percentage points. ``better`` is 1 where more is better and -1 where less is."""
    previous = f"{percent(before.value)} ({count(before.n)} of {count(before.total)})" if before.total else NO_DATA
    return _delta(compare_ratios(now, before), lambda size: f"{_digits(size * 100)} points", previous, better)


def of_times(now: Figures, before: Figures) -> Delta:
    """The change of the mean processing time."""
    previous = NO_DATA if before.mean_seconds is None else f"{duration(before.mean_seconds)} on average"
    first, second = (Sample.of_durations(one.durations, one.mean_seconds) for one in (now, before))
    return _delta(compare_means(first, second), duration, previous, -1)


def of_counts(now: int, before: int) -> Delta:
    """The change of a plain count, without significance: one number has no known variation."""
    if now == before:
        return Delta("unchanged", "", count(before), "none")
    return Delta(f"{_arrow(now - before)} {count(abs(now - before))}", "", count(before))


def of_volumes(currency: str, now: int, before: int, intervals: tuple[Sequence[int], Sequence[int]]) -> Delta:
    """The change of a volume in minor units, relative to the volume before.

    Its significance follows from the variation among ``intervals``: the volumes of equally long parts of both spans.
    """
    previous = money(Money(before, currency).to_major(), currency)
    if before <= 0:
        return Delta("nothing to compare with", "", previous, "none")
    sampled = compare_samples(*intervals)
    significance = sampled.significance
    if significance == Significance.SIGNIFICANT and (sampled.difference or 0) * (now - before) < 0:
        # The whole intervals changed in the opposite direction, so they are no evidence of this change.
        significance = Significance.NORMAL_VARIATION
    change = Change(now - before, significance)
    return _delta(change, lambda size: f"{_digits(100 * size / before)}%", previous, 1)


def _delta(change: Change, size: Callable[[float], str], before: str, better: int) -> Delta:
    difference = change.difference
    if difference is None:
        return Delta("nothing to compare with", "", before, "none")
    if difference == 0:
        return Delta("unchanged", "", before, "none")
    tone = "note"
    if change.significance == Significance.SIGNIFICANT and better:
        tone = "good" if difference * better > 0 else "bad"
    text = f"{_arrow(difference)} {size(abs(difference))}"
    return Delta(text, _SIGNIFICANCE[change.significance], before, tone)


def _arrow(difference: float) -> str:
    return "▲" if difference > 0 else "▼"


def _digits(size: float) -> str:
    """One decimal; a size that would round to 0 is ``<0.1``."""
    return "<0.1" if 0 < size < 0.05 else one_decimal(size)
