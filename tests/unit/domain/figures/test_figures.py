"""Figures of arbitrary payments."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.figures.contributions import AttemptContribution, Contribution, counters_by_time, merged
from app.domain.figures.figures import Figures
from app.domain.payments.states import AttemptStatus, AuthenticationOutcome

attempts = st.builds(
    AttemptContribution,
    status=st.sampled_from([status.value for status in AttemptStatus]),
    outcome=st.none() | st.sampled_from([outcome.value for outcome in AuthenticationOutcome]),
    flow=st.sampled_from([None, "challenge", "frictionless"]),
)


def of(attempts: list[AttemptContribution], seconds: int | None = None) -> Figures:
    counted = Contribution(
        created_at=0,
        completed_at=seconds,
        currency="usd",
        brand="visa",
        country="US",
        status="pending" if seconds is None else "completed",
        captured=0,
        disputed=False,
        attempts=tuple(attempts),
    )
    return Figures(merged(counters for _, counters in counters_by_time(counted)))


@given(st.lists(attempts))
def test_each_step_of_the_funnel_is_a_subset_of_the_previous(found: list[AttemptContribution]) -> None:
    steps = of(found).three_d_secure_funnel
    asked = steps.challenged + steps.frictionless + steps.unknown
    assert steps.requested >= asked >= steps.authenticated >= steps.paid >= 0


@given(st.lists(attempts))
def test_paid_attempts_are_a_subset_of_each_outcome(found: list[AttemptContribution]) -> None:
    figures = of(found)
    assert sum(figures.three_d_secure_split.values()) == figures.three_d_secure_rate.n
    for outcome, number in figures.three_d_secure_split.items():
        assert number >= figures.three_d_secure_paid[outcome]
    succeeded = sum(a.status == "succeeded" and a.outcome is not None for a in found)
    assert sum(figures.three_d_secure_paid.values()) == succeeded


@given(st.integers(0, 1_000_000))
@example(299)
@example(595)
@example(599)
@example(600)
def test_a_processing_time_is_in_the_class_of_its_exact_seconds(seconds: int) -> None:
    ((start, end),) = [(first, after) for first, after, n in of([], seconds).time_classes if n]
    assert start <= seconds < (end or 10**9)
