"""What the figures count of one payment, and the tallies that it adds to.

A tally is a bag of counters: adding the tallies of payments, in any order and grouping, gives the tally of all of them.
So figures can be kept for spans of time and merged, and stay equal to a recount (DESIGN section 5). Every definition of
that section is decided here, once, for the dashboard, the API, the exports and Prometheus alike.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.figures.statistics import rounded_seconds

Tally = dict[str, int]
NO_CARD = "unknown"
# Where the classes of processing times begin, in seconds: what a person would call a moment, a minute, an hour, a day.
# They are counted by themselves because durations are kept with two digits, which would move some over an edge.
TIME_CLASSES = (
    *(0, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 43_200),
    *(86_400, 172_800, 604_800),
)


class Outcome(StrEnum):
    """How a payment stands for the figures; every payment has exactly one.

    Failed means at least one failed attempt and not completed, canceled ones included; abandoned means never attempted.
    """

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    OPEN = "open"
    ABANDONED = "abandoned"


class FirstAttempt(StrEnum):
    """What became of the first attempt, among payments of which any attempt has an outcome."""

    SUCCEEDED = "succeeded"
    OTHERWISE = "otherwise"
    NO_OUTCOME = "no_outcome"


@dataclass(frozen=True, slots=True)
class CountedAttempt:
    """One attempt: its status, why it failed, and the 3-D Secure outcome and flow where that was requested."""

    status: str
    reason: str | None = None
    outcome: str | None = None
    flow: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A payment as the figures see it. Times are Unix seconds, amounts minor units of ``currency``.

    ``refunds`` are the succeeded ones as (time, amount); ``disputes`` are the times of chargebacks, without inquiries.
    """

    created_at: int
    completed_at: int | None
    currency: str
    brand: str
    country: str
    status: str
    captured: int
    disputed: bool
    attempts: tuple[CountedAttempt, ...] = ()
    refunds: tuple[tuple[int, int], ...] = ()
    disputes: tuple[int, ...] = ()

    @property
    def outcome(self) -> Outcome:
        if self.status == "completed":
            return Outcome.COMPLETED
        if any(a.status == "failed" for a in self.attempts):
            return Outcome.FAILED
        if self.status == "canceled":
            return Outcome.CANCELED
        return Outcome.OPEN if self.attempts else Outcome.ABANDONED

    @property
    def first_attempt(self) -> FirstAttempt:
        if not any(a.status in {"succeeded", "failed"} for a in self.attempts):
            return FirstAttempt.NO_OUTCOME
        succeeded = self.attempts[0].status == "succeeded"
        return FirstAttempt.SUCCEEDED if succeeded else FirstAttempt.OTHERWISE

    @property
    def three_d_secure(self) -> bool:
        """True when 3-D Secure was requested in any attempt."""
        return any(a.outcome for a in self.attempts)

    @property
    def failure_reasons(self) -> tuple[str, ...]:
        """The reason of each failed attempt."""
        return tuple(a.reason or "unknown" for a in self.attempts if a.status == "failed")

    @property
    def refunded(self) -> bool:
        """True for a completed payment with a succeeded refund."""
        return self.outcome == Outcome.COMPLETED and bool(self.refunds)

    @property
    def seconds(self) -> int | None:
        """From created to completed; None unless completed."""
        if self.outcome != Outcome.COMPLETED or self.completed_at is None:
            return None
        return max(0, self.completed_at - self.created_at)


def tallies(counted: Counted) -> Iterator[tuple[int, Tally]]:
    """What the payment adds, and at which time: its cohort's figures when created, activity when it happened."""
    yield from own_tallies(counted)
    for at, amount in counted.refunds:
        yield at, of_refund(counted.currency, amount)
    for at in counted.disputes:
        yield at, of_dispute()


def own_tallies(counted: Counted) -> Iterator[tuple[int, Tally]]:
    """What it adds without what happened to its money later, refunds and disputes."""
    currency = counted.currency
    yield counted.created_at, _cohort(counted)
    if counted.completed_at is not None and counted.captured:
        yield counted.completed_at, {f"gross:{currency}": counted.captured, f"captures:{currency}": 1}


def of_refund(currency: str, amount: int) -> Tally:
    """What a refund that succeeded adds when it is made; ``amount`` is in minor units."""
    return {f"returned:{currency}": amount, f"refunds:{currency}": 1}


def of_dispute() -> Tally:
    """What a chargeback adds when it is opened."""
    return {"disputes_opened": 1}


def add(total: Tally, more: Mapping[str, int], sign: int = 1) -> None:
    """Add ``more`` to ``total`` in place; ``sign`` -1 takes it away."""
    had = total.get
    for name, count in more.items():
        total[name] = had(name, 0) + sign * count


def merged(parts: Iterable[Mapping[str, int]]) -> Tally:
    """The sum of tallies."""
    total: Tally = {}
    for part in parts:
        add(total, part)
    return total


def _cohort(counted: Counted) -> Tally:
    outcome, first = counted.outcome, counted.first_attempt
    found: Tally = {"created": 1, outcome.value: 1}
    if first != FirstAttempt.NO_OUTCOME:
        found["with_outcome"] = 1
        if first == FirstAttempt.SUCCEEDED:
            found["first_succeeded"] = 1
    _count_attempts(counted, found)
    if outcome == Outcome.COMPLETED:
        found[f"captured:{counted.currency}"] = counted.captured
        found["disputed"] = int(counted.disputed)
        if counted.refunds:
            found["refunded"] = 1
            found[f"refunded:{counted.currency}"] = sum(amount for _, amount in counted.refunds)
    if (seconds := counted.seconds) is not None:
        found["timed"] = 1
        found["seconds"] = seconds
        found[f"took:{rounded_seconds(seconds)}"] = 1
        found[f"time_class:{TIME_CLASSES[bisect_right(TIME_CLASSES, seconds) - 1]}"] = 1
    return found


def _count_attempts(counted: Counted, found: Tally) -> None:
    for attempt in counted.attempts:
        more = {"attempts": 1}
        if attempt.outcome:
            more |= {"3ds": 1, f"3ds:{attempt.outcome}": 1}
            if attempt.flow:
                more[f"flow:{attempt.flow}"] = 1
            elif attempt.outcome == "authenticated":
                more["3ds_flow_unknown"] = 1
            if attempt.status == "succeeded":
                more[f"3ds_paid:{attempt.outcome}"] = 1
        add(found, more)
    if counted.three_d_secure:
        found["3ds_payments"] = 1
    reasons = counted.failure_reasons
    for reason in reasons:
        add(found, {"failed_attempts": 1, f"reason:{reason}": 1})
    for reason in set(reasons):
        found[f"payments_reason:{reason}"] = 1
