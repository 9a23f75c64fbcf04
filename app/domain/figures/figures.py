"""The figures of DESIGN section 5, computed from counters, each with its definition in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from app.domain.declines import DeclineReason, explain
from app.domain.figures.contributions import TIME_CLASSES, Counters, Outcome
from app.domain.figures.statistics import Ratio, percentile
from app.domain.money import Money
from app.domain.payments.states import AuthenticationOutcome

FLOWS = ("challenge", "frictionless")

DEFINITIONS: Mapping[str, str] = {
    "success_rate": "Completed payments as a share of payments that completed or failed. A failed payment has at least "
    "one failed attempt and never completed, canceled ones included. Open and never-attempted payments are excluded.",
    "success_by_method": "The success rate of the payments with each payment method: the one that paid, or was tried "
    "last. Link, Apple Pay and Google Pay count as cards.",
    "first_attempt_success": "Payments whose first attempt succeeded, as a share of all payments with an attempt that "
    "succeeded or failed.",
    "failure_reasons": "Failed attempts by the bank's decline code, or Stripe's code if there is none, as a share of "
    "all failed attempts.",
    "refund_rate": "Completed payments with a succeeded refund, as a share of all completed payments. By amount: the "
    "refunded share of the money captured from these payments, per currency.",
    "three_d_secure": "Attempts in which 3-D Secure was requested, as a share of all attempts.",
    "three_d_secure_funnel": "Each step is a subset of the previous one: attempts that requested 3-D Secure; those in "
    "which the bank challenged the customer or approved in the background (frictionless); those authenticated; those "
    "that succeeded. Attempts that succeeded without authentication (exempted or attempted) are in the table of "
    "outcomes.",
    "processing_time": "Time from the creation of a payment to its completion. Half of the payments took no longer "
    "than the median (p50), 95 of 100 no longer than p95.",
    "dispute_rate": "Completed payments that were disputed (chargebacks, not inquiries), as a share of all completed "
    "payments.",
    "disputes_opened": "Chargebacks opened in the range, whenever the payment was made.",
    "volume": "Gross counts money on the day it was captured, refunds on the day of the refund, and failed refunds on "
    "the day on which their money came back; net is gross minus refunds plus failed refunds. The part of a hold that "
    "was not captured is no refund. Currencies are never added together.",
}


@dataclass(frozen=True, slots=True)
class FailureReason:
    """Failed attempts with one reason: their share of all failed attempts, and how many payments they belong to."""

    reason: DeclineReason
    ratio: Ratio
    payments: int


@dataclass(frozen=True, slots=True)
class MethodSuccess:
    """The success rate of the payments with one type of payment method (one of METHOD_TYPES)."""

    method: str
    ratio: Ratio


@dataclass(frozen=True, slots=True)
class Volume:
    """Money of one currency, and how many payments, refunds and failures of refunds moved it.

    Fields are in minor units; ``gross``, ``refunded``, ``refund_failures`` and ``net`` are in major units, None for an
    unknown currency.
    """

    currency: str
    gross_minor: int
    refunded_minor: int
    refund_failures_minor: int
    captures: int
    refunds: int
    failed_refunds: int

    @property
    def net_minor(self) -> int:
        return self.gross_minor - self.refunded_minor + self.refund_failures_minor

    @property
    def gross(self) -> Decimal | None:
        return Money(self.gross_minor, self.currency).to_major_if_known()

    @property
    def refunded(self) -> Decimal | None:
        return Money(self.refunded_minor, self.currency).to_major_if_known()

    @property
    def refund_failures(self) -> Decimal | None:
        return Money(self.refund_failures_minor, self.currency).to_major_if_known()

    @property
    def net(self) -> Decimal | None:
        return Money(self.net_minor, self.currency).to_major_if_known()


@dataclass(frozen=True, slots=True)
class RefundedShare:
    """The refunded share of the money captured from a cohort, in one currency.

    The ratio is of minor units; ``refunded`` and ``captured`` are in major units, None for an unknown currency.
    """

    currency: str
    ratio: Ratio

    @property
    def refunded(self) -> Decimal | None:
        return Money(self.ratio.n, self.currency).to_major_if_known()

    @property
    def captured(self) -> Decimal | None:
        return Money(self.ratio.total, self.currency).to_major_if_known()


@dataclass(frozen=True, slots=True)
class ThreeDSecureFunnel:
    """Attempts that requested 3-D Secure and how far they got; each step is a subset of the previous one.

    The second step is the sum of ``challenged``, ``frictionless`` and ``unknown``: authenticated attempts for which
    Stripe states no flow. ``paid`` are the authenticated ones that succeeded.
    """

    requested: int
    challenged: int
    frictionless: int
    unknown: int
    authenticated: int
    paid: int


class Figures:
    """Every figure of one span of time and one filter of payments."""

    def __init__(self, counters: Counters) -> None:
        self.counters = counters

    def count(self, name: str) -> int:
        """One counter; 0 where nothing was counted."""
        return self.counters.get(name, 0)

    @property
    def payments(self) -> dict[str, int]:
        """How many payments were created, and how many have each outcome; the outcomes add up to created."""
        return {"created": self.count("created"), **{o.value: self.count(o.value) for o in Outcome}}

    @property
    def success_rate(self) -> Ratio:
        completed = self.count("completed")
        return Ratio(completed, completed + self.count("failed"))

    @cached_property
    def success_by_method(self) -> list[MethodSuccess]:
        """Most used first; only methods with a payment that completed or failed."""
        paid = self._keyed("method_paid")
        found = [MethodSuccess(name, Ratio(paid.get(name, 0), n)) for name, n in self._keyed("method").items()]
        return sorted(found, key=lambda m: (-m.ratio.total, m.method))

    @property
    def first_attempt_success(self) -> Ratio:
        return Ratio(self.count("first_succeeded"), self.count("with_outcome"))

    @cached_property
    def failure_reasons(self) -> list[FailureReason]:
        """Most frequent first."""
        total = self.count("failed_attempts")
        reasons = [
            FailureReason(explain(None, code), Ratio(n, total), self.count(f"payments_reason:{code}"))
            for code, n in self._keyed("reason").items()
        ]
        return sorted(reasons, key=lambda r: (-r.ratio.n, r.reason.code))

    @property
    def refund_rate(self) -> Ratio:
        return Ratio(self.count("refunded"), self.count("completed"))

    @cached_property
    def refunded_amounts(self) -> list[RefundedShare]:
        """By currency in alphabetical order."""
        refunded, captured = self._keyed("refunded"), self._keyed("captured")
        return [RefundedShare(c, Ratio(refunded.get(c, 0), captured[c])) for c in sorted(captured)]

    @property
    def three_d_secure_rate(self) -> Ratio:
        return Ratio(self.count("3ds"), self.count("attempts"))

    @property
    def three_d_secure_split(self) -> dict[str, int]:
        return {o.value: self.count(f"3ds:{o.value}") for o in AuthenticationOutcome}

    @property
    def three_d_secure_flows(self) -> dict[str, int]:
        return {flow: self.count(f"flow:{flow}") for flow in FLOWS}

    @property
    def three_d_secure_paid(self) -> dict[str, int]:
        """How many attempts of each outcome succeeded."""
        return {o.value: self.count(f"3ds_paid:{o.value}") for o in AuthenticationOutcome}

    @property
    def three_d_secure_funnel(self) -> ThreeDSecureFunnel:
        flows, authenticated = self.three_d_secure_flows, AuthenticationOutcome.AUTHENTICATED.value
        return ThreeDSecureFunnel(
            requested=self.count("3ds"),
            challenged=flows["challenge"],
            frictionless=flows["frictionless"],
            unknown=self.count("3ds_flow_unknown"),
            authenticated=self.three_d_secure_split[authenticated],
            paid=self.three_d_secure_paid[authenticated],
        )

    @cached_property
    def durations(self) -> dict[int, int]:
        """Processing times: seconds (two significant digits) to the number of payments that took so long."""
        return {int(seconds): n for seconds, n in self._keyed("took").items()}

    @property
    def time_classes(self) -> list[tuple[int, int | None, int]]:
        """Payments by processing time as (from seconds, to before seconds, payments); the last class has no end."""
        ends = (*TIME_CLASSES[1:], None)
        counts = (self.count(f"time_class:{start}") for start in TIME_CLASSES)
        return list(zip(TIME_CLASSES, ends, counts, strict=True))

    @property
    def timed(self) -> int:
        """How many payments have a processing time."""
        return self.count("timed")

    @property
    def mean_seconds(self) -> float | None:
        return self.count("seconds") / self.timed if self.timed else None

    def percentile_seconds(self, share: float) -> int | None:
        """The processing time that a ``share`` of the payments did not exceed."""
        return percentile(self.durations, share)

    @property
    def dispute_rate(self) -> Ratio:
        return Ratio(self.count("disputed"), self.count("completed"))

    @property
    def disputes_opened(self) -> int:
        return self.count("disputes_opened")

    @cached_property
    def volumes(self) -> list[Volume]:
        """By currency in alphabetical order; only currencies in which money moved."""
        moved = (self._keyed(name).keys() for name in ("gross", "returned", "refund_failures"))
        return [self.volume(c) for c in sorted(set().union(*moved))]

    def volume(self, currency: str) -> Volume:
        """The volume of one currency; zero where no money moved."""
        names = ("gross", "returned", "refund_failures", "captures", "refunds", "failed_refunds")
        return Volume(currency, *(self.count(f"{name}:{currency}") for name in names))

    def net(self, currency: str) -> int:
        """Gross minus refunded plus failures of refunds of one currency, in minor units."""
        return self.volume(currency).net_minor

    def hour(self, weekday: int, hour: int, name: str) -> int:
        """Payments ``created`` in a local hour, or how many of them ``completed`` or ``failed``; Monday is 0."""
        return self.count(f"hour:{weekday}:{hour}:{name}")

    def success_rate_of(self, weekday: int, hour: int) -> Ratio:
        """The success rate of the payments created in a local hour."""
        completed = self.hour(weekday, hour, "completed")
        return Ratio(completed, completed + self.hour(weekday, hour, "failed"))

    def _keyed(self, name: str) -> Mapping[str, int]:
        """The counters ``name:key`` by key, without those that have returned to zero."""
        return self._by_name.get(name, {})

    @cached_property
    def _by_name(self) -> dict[str, dict[str, int]]:
        """All keyed counters, grouped in one pass: there are hundreds, most of them for processing times."""
        by_name: dict[str, dict[str, int]] = {}
        for counter, n in self.counters.items():
            name, colon, key = counter.partition(":")
            if colon and n:
                by_name.setdefault(name, {})[key] = n
        return by_name
