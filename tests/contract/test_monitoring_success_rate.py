"""How often chance alone would fire PaydeskSuccessRateDrop, by the exact binomial and no approximation."""

from __future__ import annotations

import re
from math import asin, exp, lgamma, log, sqrt

import pytest

from tests.contract.prometheus_rules import alerts

(RULE,) = (str(rule["expr"]) for rule in alerts() if rule["alert"] == "PaydeskSuccessRateDrop")


def _number(pattern: str) -> float:
    found = re.search(pattern, RULE)
    assert found, f"{pattern} is not in the rule"
    return float(found[1])


STANDARD_ERRORS = _number(r"success:z < (-[\d.]+)")
POINTS = _number(r"sum1w - ([\d.]+)")
FEWEST = int(_number(r"decided:cohort1h >= (\d+)"))


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


def _fires(hour: float, payments: int, week: float) -> bool:
    """The rule, for a week of so many payments that its rate is certain."""
    z = 2 * (asin(sqrt(hour)) - asin(sqrt(week))) * sqrt(payments)
    return payments >= FEWEST and z < STANDARD_ERRORS and hour < week - POINTS


def _probability(completed: int, payments: int, rate: float) -> float:
    """That ``completed`` of so many payments complete."""
    ways = lgamma(payments + 1) - lgamma(completed + 1) - lgamma(payments - completed + 1)
    return exp(ways + completed * log(rate) + (payments - completed) * log(1 - rate))
