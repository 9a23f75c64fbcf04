"""Early fraud warnings, reviews and the risk of a charge: what is read of them, and what is kept of their events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.domain.payments.facts import ChargeFact, Fact, FraudWarningFact, ReviewFact, Risk
from app.gateway.redaction import strip_event
from app.gateway.webhooks import facts_of

WARNING: dict[str, Any] = {
    "id": "issfr_1",
    "object": "radar.early_fraud_warning",
    "actionable": True,
    "charge": "ch_1",
    "created": 1_700_000_000,
    "fraud_type": "made_with_stolen_card",
    "livemode": False,
    "payment_intent": "pi_1",
}
REVIEW: dict[str, Any] = {
    "id": "prv_1",
    "object": "review",
    "billing_zip": "CANARY",
    "charge": "ch_1",
    "closed_reason": None,
    "created": 1_700_000_000,
    "ip_address": "CANARY",
    "ip_address_location": {"city": "CANARY"},
    "livemode": False,
    "open": True,
    "opened_reason": "rule",
    "payment_intent": "pi_1",
    "reason": "rule",
    "session": {"browser": "CANARY"},
}


def event(kind: str, target: dict[str, Any]) -> dict[str, Any]:
    return {"id": "evt_1", "object": "event", "type": kind, "created": 1_700_000_009, "data": {"object": target}}


def read(kind: str, target: dict[str, Any]) -> Fact:
    """The fact of an event, which what is stored of the event says as well."""
    kept = strip_event(event(kind, target))
    assert "CANARY" not in json.dumps(kept)
    (fact,) = facts_of(kept)
    assert facts_of(event(kind, target)) == [fact]
    return fact


@pytest.mark.parametrize("expanded", [False, True])
def test_an_early_fraud_warning(expanded: bool) -> None:
    names = ("charge", "payment_intent")
    target = WARNING | ({name: {"id": WARNING[name], "object": name} for name in names} if expanded else {})
    assert read("radar.early_fraud_warning.created", target) == FraudWarningFact(
        warning_id="issfr_1",
        intent_id="pi_1",
        charge_id="ch_1",
        actionable=True,
        fraud_type="made_with_stolen_card",
        created=1_700_000_000,
    )


def test_a_warning_without_an_intent_names_its_charge() -> None:
    fact = read("radar.early_fraud_warning.updated", {**WARNING, "payment_intent": None, "actionable": False})
    assert isinstance(fact, FraudWarningFact)
    assert (fact.intent_id, fact.charge_id, fact.actionable) == (None, "ch_1", False)


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        ("review.opened", {}, (True, "rule", None)),
        (
            "review.closed",
            {"open": False, "reason": "approved", "closed_reason": "approved"},
            (False, "rule", "approved"),
        ),
        # Before they had fields of their own, only the reason said why.
        ("review.opened", {"opened_reason": None, "reason": "manual"}, (True, "manual", None)),
        ("review.closed", {"open": False, "opened_reason": None, "reason": "disputed"}, (False, None, "disputed")),
    ],
)
def test_a_review(kind: str, changes: dict[str, Any], expected: tuple[bool, str | None, str | None]) -> None:
    fact = read(kind, REVIEW | changes)
    assert isinstance(fact, ReviewFact)
    assert (fact.review_id, fact.intent_id, fact.charge_id) == ("prv_1", "pi_1", "ch_1")
    assert (fact.is_open, fact.opened_reason, fact.closed_reason) == expected


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ({"risk_level": "elevated", "risk_score": 66}, Risk("elevated", 66)),
        ({"risk_level": "not_assessed"}, Risk("not_assessed")),
        ({}, None),
        (None, None),
    ],
)
def test_the_risk_of_a_charge(outcome: dict[str, Any] | None, expected: Risk | None) -> None:
    charge = {
        "id": "ch_1",
        "object": "charge",
        "status": "succeeded",
        "created": 1_700_000_000,
        "amount": 100,
        "currency": "usd",
        "payment_intent": "pi_1",
        "outcome": outcome,
    }
    fact = read("charge.succeeded", charge)
    assert isinstance(fact, ChargeFact)
    assert fact.risk == expected
