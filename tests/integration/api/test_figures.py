"""What ``GET /payments/metrics`` refuses, and what it says then."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from pymongo.database import Database

from app.models.figures.counter import SHAPE
from tests.integration.api.caller import Caller

SCOPE = {"scope": "metrics:read"}
REFUSED = {
    "733 days": ({"from": "2024-01-01", "to": "2026-01-02"}, "to", "at most 732 days"),
    "ten years": ({"from": "2016-01-01", "to": "2026-01-01"}, "to", "at most 732 days"),
    "reversed days": ({"from": "2026-03-02", "to": "2026-03-01"}, "to", "before from"),
    "no time": ({"from": "2026-03-02T10:00:00Z", "to": "2026-03-02T10:00:00Z"}, "to", "before from"),
    "a start in the future": ({"from": "2199-01-01"}, "to", "before from"),
    "33 days by hour": (
        {"from": "2026-01-01", "to": "2026-02-02", "granularity": "hour"},
        "granularity",
        "at most 32 days",
    ),
    "no day": ({"from": "2026-02-30"}, "from", ""),
    "words": ({"to": "yesterday"}, "to", ""),
    "a long currency": ({"currency": "dollars"}, "currency", "three-letter"),
    "a zero byte": ({"currency": "u\0d"}, "currency", "three-letter"),
    "an operator": ({"currency": "$ne"}, "currency", "three-letter"),
    "an unknown step": ({"granularity": "second"}, "granularity", "Must be one of"),
    "an unknown comparison": ({"compare": "decade"}, "compare", "Must be one of"),
    "a brand with markup": ({"brand": "<b>"}, "brand", "card brand"),
    "a long country": ({"country": "USA"}, "country", "two-letter"),
    "perhaps": ({"three_d_secure": "perhaps"}, "three_d_secure", "boolean"),
    "an unknown filter": ({"colour": "red"}, "colour", "Unknown field"),
}


@pytest.mark.parametrize(("query", "field", "said"), REFUSED.values(), ids=REFUSED)
def test_invalid_values_are_refused_by_field(erp: Caller, query: dict[str, str], field: str, said: str) -> None:
    answer = erp.ask("GET", f"/metrics?{urlencode(query)}", claims=SCOPE)
    assert (answer.status_code, answer.json["error"]) == (422, "validation_failed")
    assert list(answer.json["errors"]) == [field]
    assert said in answer.json["errors"][field][0]


@pytest.mark.parametrize(
    ("query", "steps"),
    [
        ({"from": "2024-01-01", "to": "2026-01-01"}, 732),
        ({"from": "2026-01-01", "to": "2026-02-01", "granularity": "hour"}, 32 * 24),
    ],
)
def test_the_longest_ranges_are_answered(erp: Caller, query: dict[str, str], steps: int) -> None:
    answer = erp.ask("GET", f"/metrics?{urlencode(query)}", claims=SCOPE)
    assert (answer.status_code, len(answer.json["series"])) == (200, steps)


def test_a_currency_of_no_payment_is_answered_with_no_data(erp: Caller, paid: dict[str, Any]) -> None:
    figures = erp.ask("GET", "/metrics?currency=XYZ", claims=SCOPE).json
    assert (figures["range"]["currency"], figures["payments"]["created"], figures["volume"]) == ("xyz", 0, [])
    assert figures["success_rate"] == {"value": None, "n": 0, "total": 0}


def test_a_customer_bound_token_sees_no_figures(erp: Caller, paid: dict[str, Any]) -> None:
    answer = erp.ask("GET", "/metrics", claims={**SCOPE, "customer_id": "customer-1"})
    assert (answer.status_code, answer.json["error"]) == (403, "forbidden")
    assert "bound to a customer" in answer.json["message"]


def test_without_the_scope_there_are_no_figures(erp: Caller) -> None:
    answer = erp.ask("GET", "/metrics")
    assert (answer.status_code, answer.json["error"]) == (403, "forbidden")


def test_no_figures_while_they_are_built(erp: Caller, paid: dict[str, Any], database: Database[dict[str, Any]]) -> None:
    state = {"zone": "UTC", "shape": SHAPE, "built_at": None, "done": 100, "total": 600}
    database.figures_state.replace_one({"_id": "figures"}, state, upsert=True)
    answer = erp.ask("GET", "/metrics", claims=SCOPE)
    assert (answer.status_code, answer.json["error"]) == (503, "figures_not_ready")
    assert answer.headers["Retry-After"] == "30"
    assert "100 of about 600" in answer.json["message"]
