"""What one payment contributes to the figures.

A contribution becomes counters by name. Counters add up in any order and grouping, so figures can be kept for spans of
time, merged, and still equal a recount (DESIGN section 5). Every definition of that section is decided here, once, for
the dashboard, the API, the exports and Prometheus alike.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.figures.statistics import rounded_seconds
from app.domain.payments.methods import NO_TYPE

Counters = dict[str, int]
NO_CARD = "unknown"
# Lower bounds of the processing time classes in seconds: what people call a moment, a minute, an hour, a day. Classes
# have counters of their own, because durations are kept with two digits and rounding would move some over a bound.
TIME_CLASSES = (
    *(0, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 43_200),
    *(86_400, 172_800, 604_800),
)


class Outcome(StrEnum):
    """A payment's outcome in the figures; every payment has exactly one.

    Failed means at least one failed attempt and not completed, canceled ones included; abandoned means never attempted.
    """

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    OPEN = "open"
    ABANDONED = "abandoned"


class FirstAttempt(StrEnum):
    """The result of the first attempt, among payments that have an attempt with an outcome."""

    SUCCEEDED = "succeeded"
    OTHERWISE = "otherwise"
    NO_OUTCOME = "no_outcome"


@dataclass(frozen=True, slots=True)
class AttemptContribution:
    """One attempt: its status, why it failed, and the outcome and flow of 3-D Secure where that was requested."""

    status: str
    reason: str | None = None
    outcome: str | None = None
    flow: str | None = None


@dataclass(frozen=True, slots=True)
class RefundContribution:
    """A refund whose money left our balance: when, how much, whether it succeeded, and when it came back."""

    at: int
    amount: int
    succeeded: bool = True
    failed_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """The parts of a payment that the figures count. Times are Unix seconds, amounts minor units of ``currency``.

    ``method`` is one of METHOD_TYPES.

    ``refunds`` are those whose money left our balance; ``disputes`` are the times of chargebacks,
    which inquiries and prevented disputes are not.
    """

    created_at: int
    completed_at: int | None
    currency: str
    brand: str
    country: str
    status: str
    captured: int
    disputed: bool
    method: str = NO_TYPE
    attempts: tuple[AttemptContribution, ...] = ()
    refunds: tuple[RefundContribution, ...] = ()
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
        return self.outcome == Outcome.COMPLETED and any(refund.succeeded for refund in self.refunds)

    @property
    def seconds(self) -> int | None:
        """From created to completed; None unless completed."""
        if self.outcome != Outcome.COMPLETED or self.completed_at is None:
            return None
        return max(0, self.completed_at - self.created_at)


def counters_by_time(contribution: Contribution) -> Iterator[tuple[int, Counters]]:
    """The payment's counters and their times: cohort figures at its creation, activity at the time of each event."""
    yield from own_counters_by_time(contribution)
    for refund in contribution.refunds:
        yield refund.at, refund_counters(contribution.currency, refund.amount)
        if refund.failed_at is not None:
            yield refund.failed_at, refund_failure_counters(contribution.currency, refund.amount)
    for at in contribution.disputes:
        yield at, dispute_counters()


def own_counters_by_time(contribution: Contribution) -> Iterator[tuple[int, Counters]]:
    """The same without later movements of its money: refunds and disputes."""
    currency = contribution.currency
    yield contribution.created_at, _cohort(contribution)
    if contribution.completed_at is not None and contribution.captured:
        yield (contribution.completed_at, {f"gross:{currency}": contribution.captured, f"captures:{currency}": 1})


def refund_counters(currency: str, amount: int) -> Counters:
    """The counters of a refund's money leaving, at the time of the refund; ``amount`` is in minor units."""
    return {f"returned:{currency}": amount, f"refunds:{currency}": 1}


def refund_failure_counters(currency: str, amount: int) -> Counters:
    """The counters of a failed refund's money coming back, at the time of the failure."""
    return {f"refund_failures:{currency}": amount, f"failed_refunds:{currency}": 1}


def dispute_counters() -> Counters:
    """The counters of a chargeback, at the time it is opened."""
    return {"disputes_opened": 1}


def add(total: Counters, more: Mapping[str, int], sign: int = 1) -> None:
    """Add ``more`` to ``total`` in place; with ``sign`` -1, subtract it."""
    current = total.get
    for name, count in more.items():
        total[name] = current(name, 0) + sign * count


def merged(parts: Iterable[Mapping[str, int]]) -> Counters:
    """The sum of all ``parts``."""
    total: Counters = {}
    for part in parts:
        add(total, part)
    return total


def _cohort(contribution: Contribution) -> Counters:
    outcome, first = contribution.outcome, contribution.first_attempt
    counters: Counters = {"created": 1, outcome.value: 1}
    if first != FirstAttempt.NO_OUTCOME:
        counters["with_outcome"] = 1
        if first == FirstAttempt.SUCCEEDED:
            counters["first_succeeded"] = 1
    if outcome in (Outcome.COMPLETED, Outcome.FAILED):
        counters[f"method:{contribution.method}"] = 1
        counters[f"method_paid:{contribution.method}"] = int(outcome == Outcome.COMPLETED)
    _count_attempts(contribution, counters)
    if outcome == Outcome.COMPLETED:
        counters[f"captured:{contribution.currency}"] = contribution.captured
        counters["disputed"] = int(contribution.disputed)
        if contribution.refunded:
            counters["refunded"] = 1
            back = sum(refund.amount for refund in contribution.refunds if refund.succeeded)
            counters[f"refunded:{contribution.currency}"] = back
    if (seconds := contribution.seconds) is not None:
        counters["timed"] = 1
        counters["seconds"] = seconds
        counters[f"took:{rounded_seconds(seconds)}"] = 1
        counters[f"time_class:{TIME_CLASSES[bisect_right(TIME_CLASSES, seconds) - 1]}"] = 1
    return counters


def _count_attempts(contribution: Contribution, counters: Counters) -> None:
    for attempt in contribution.attempts:
        more = {"attempts": 1}
        if attempt.outcome:
            more |= {"3ds": 1, f"3ds:{attempt.outcome}": 1}
            if attempt.flow:
                more[f"flow:{attempt.flow}"] = 1
            elif attempt.outcome == "authenticated":
                more["3ds_flow_unknown"] = 1
            if attempt.status == "succeeded":
                more[f"3ds_paid:{attempt.outcome}"] = 1
        add(counters, more)
    if contribution.three_d_secure:
        counters["3ds_payments"] = 1
    reasons = contribution.failure_reasons
    for reason in reasons:
        add(counters, {"failed_attempts": 1, f"reason:{reason}": 1})
    for reason in set(reasons):
        counters[f"payments_reason:{reason}"] = 1
