"""Changes against the compared period in plain words: how much, and whether that is more than chance would bring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain.figures.figures import Figures
from app.domain.figures.statistics import (
    Change,
    Meaning,
    Ratio,
    Sample,
    compare_means,
    compare_ratios,
    compare_samples,
)
from app.domain.money import Money
from dashboards.lists.formats import NO_DATA, count, duration, money, percent

JUDGED = (
    "A change is real when pure chance would bring one as large in no more than about 5 of 100 such comparisons (95% "
    "confidence). Shares are compared by a two-proportion z-test, times and volumes by Welch's test; volumes by those "
    "steps that lie wholly in the range and are over. With few payments or steps nothing can be told."
)
_MEANING = {
    Meaning.SIGNIFICANT: "real, more than chance",
    Meaning.CHANCE: "may be chance",
    Meaning.TOO_FEW: "too few to tell",
}


@dataclass(frozen=True, slots=True)
class Delta:
    """A change in words. ``kind`` is good or bad where it is real and has a better side, none without a change to
    speak of, or else note.
    """

    text: str
    meaning: str
    before: str
    kind: str = "note"


def of_ratios(now: Ratio, before: Ratio, *, better: int = 0) -> Delta:
    """The change of a share, in percentage points. ``better`` is 1 where more is better and -1 where less is."""
    told = (
        f"{percent(before.value)} ({count(before.n)} of {count(before.total)})" if before.total else NO_DATA
    )
    return _delta(compare_ratios(now, before), lambda size: f"{_digits(size * 100)} points", told, better)


def of_times(now: Figures, before: Figures) -> Delta:
    """The change of the mean processing time."""
    told = NO_DATA if before.mean_seconds is None else f"{duration(before.mean_seconds)} on average"
    first, second = (Sample.of_durations(one.durations, one.mean_seconds) for one in (now, before))
    return _delta(compare_means(first, second), duration, told, -1)


def of_counts(now: int, before: int) -> Delta:
    """The change of a plain number, which is not judged: a number alone says nothing about chance."""
    if now == before:
        return Delta("unchanged", "", count(before), "none")
    return Delta(f"{_arrow(now - before)} {count(abs(now - before))}", "", count(before))


def of_volumes(currency: str, now: int, before: int, steps: tuple[Sequence[int], Sequence[int]]) -> Delta:
    """The change of a volume in minor units, as a part of what it was.

    It is judged by how much ``steps``, the volumes of equally long parts of both spans, differ among themselves.
    """
    told = money(Money(before, currency).to_major(), currency)
    if before <= 0:
        return Delta("nothing to compare with", "", told, "none")
    judged = compare_samples(*steps)
    meaning = judged.meaning
    if meaning == Meaning.SIGNIFICANT and (judged.difference or 0) * (now - before) < 0:
        # The whole steps went the other way, so what they show is not this change.
        meaning = Meaning.CHANCE
    return _delta(Change(now - before, meaning), lambda size: f"{_digits(100 * size / before)}%", told, 1)


def _delta(change: Change, size: Callable[[float], str], before: str, better: int) -> Delta:
    difference = change.difference
    if difference is None:
        return Delta("nothing to compare with", "", before, "none")
    if difference == 0:
        return Delta("unchanged", "", before, "none")
    kind = "note"
    if change.meaning == Meaning.SIGNIFICANT and better:
        kind = "good" if difference * better > 0 else "bad"
    text = f"{_arrow(difference)} {size(abs(difference))}"
    return Delta(text, _MEANING[change.meaning], before, kind)


def _arrow(difference: float) -> str:
    return "▲" if difference > 0 else "▼"


def _digits(size: float) -> str:
    """One decimal; what is nearly nothing is still not nothing."""
    return "<0.1" if 0 < size < 0.05 else f"{size:,.1f}"
