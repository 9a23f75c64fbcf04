"""How often chance alone would fire the alerts on rates of payments, by the exact binomial and no approximation."""

from __future__ import annotations

import re
from math import asin, exp, lgamma, log, sqrt

import pytest

from tests.contract.prometheus_rules import alerts

EXPRESSIONS = {rule["alert"]: str(rule["expr"]) for rule in alerts()}


def _number(alert: str, pattern: str) -> float:
    found = re.search(pattern, EXPRESSIONS[alert])
    assert found, f"{pattern} is not in the rule"
    return float(found[1])


STANDARD_ERRORS = _number("PaydeskSuccessRateDrop", r"success:z < (-[\d.]+)")
POINTS = _number("PaydeskSuccessRateDrop", r"sum1w - ([\d.]+)")
FEWEST = int(_number("PaydeskSuccessRateDrop", r"decided:cohort1h >= (\d+)"))


@pytest.mark.parametrize("rate", [0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.99, 0.995])
@pytest.mark.parametrize("payments", [FEWEST, 50, 100, 200, 500, 1000, 3000])
def test_chance_fires_less_than_once_in_17000_hours(payments: int, rate: float) -> None:
    by_chance = sum(
        _probability(completed, payments, rate)
        for completed in range(payments + 1)
        if _fires(completed / payments, payments, rate)
    )
    assert by_chance < 1 / 17_000


@pytest.mark.parametrize("payments", [100, 1000])
def test_a_real_drop_fires_as_a_rule(payments: int) -> None:
    """From 95 % to 75 %, in the hour in which it happens."""
    seen = sum(
        _probability(completed, payments, 0.75)
        for completed in range(payments + 1)
        if _fires(completed / payments, payments, 0.95)
    )
    assert seen > 0.9


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.79])
@pytest.mark.parametrize("payments", [50, 70, 100, 200, 500, 1000, 3000])
def test_chance_makes_payments_undecided_less_than_once_in_17000_hours(payments: int, rate: float) -> None:
    above = _number("PaydeskPaymentsUndecided", r"undecided:z > ([\d.]+)")
    points = _number("PaydeskPaymentsUndecided", r"sum1w \+ ([\d.]+)")
    assert payments >= _number("PaydeskPaymentsUndecided", r"old:cohort1h >= (\d+)")
    assert rate < _number("PaydeskPaymentsUndecided", r"begun:sum1w < ([\d.]+)")
    by_chance = sum(
        _probability(undecided, payments, rate)
        for undecided in range(payments + 1)
        if _standard_errors(undecided / payments, payments, rate) > above and undecided / payments > rate + points
    )
    assert by_chance < 1 / 17_000


def test_chance_makes_no_hour_without_payments() -> None:
    """Where a week ago there were as few as the rule looks at, fewer than a tenth once in more than a million years."""
    fewest = _number("PaydeskPaymentsMissing", r">= (\d+)")
    limit = fewest * _number("PaydeskPaymentsMissing", r"< ([\d.]+) \*")
    by_chance = sum(exp(-fewest + n * log(fewest) - lgamma(n + 1)) for n in range(100) if n < limit)
    assert by_chance < 1 / (24 * 365 * 1_000_000)


def _fires(hour: float, payments: int, week: float) -> bool:
    """The rule, for a week of so many payments that its rate is certain."""
    z = _standard_errors(hour, payments, week)
    return payments >= FEWEST and z < STANDARD_ERRORS and hour < week - POINTS


def _standard_errors(hour: float, payments: int, week: float) -> float:
    return 2 * (asin(sqrt(hour)) - asin(sqrt(week))) * sqrt(payments)


def _probability(completed: int, payments: int, rate: float) -> float:
    """That ``completed`` of so many payments complete."""
    ways = lgamma(payments + 1) - lgamma(completed + 1) - lgamma(payments - completed + 1)
    return exp(ways + completed * log(rate) + (payments - completed) * log(1 - rate))
