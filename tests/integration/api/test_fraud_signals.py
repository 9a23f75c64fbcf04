"""What Stripe says about fraud reaches staff by the API, and no customer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.caller import Caller
from tests.integration.api.stripe_double import StripeDouble

SIGNALS = {"risk", "fraud_warning"}


def event(kind: str, target: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"evt_{target['id']}_{kind}",
        "object": "event",
        "type": kind,
        "api_version": "2023-10-16",
        "created": 1_700_000_100,
        "livemode": False,
        "data": {"object": target},
    }


def warning_of(payment: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": f"issfr_{payment['id']}",
        "object": "radar.early_fraud_warning",
        "actionable": True,
        "charge": payment["attempts"][0]["charge_id"],
        "created": 1_700_000_090,
        "fraud_type": "made_with_stolen_card",
        "livemode": False,
        "payment_intent": payment["payment_intent_id"],
        **changes,
    }


def test_a_warning_is_shown_to_staff(erp: Caller, paid: dict[str, Any]) -> None:
    assert paid["fraud_warning"] is None
    assert erp.deliver(event("radar.early_fraud_warning.created", warning_of(paid))).status_code == 200
    found = erp.ask("GET", f"/{paid['id']}").json
    assert found["fraud_warning"] == {
        "id": f"issfr_{paid['id']}",
        "actionable": True,
        "fraud_type": "made_with_stolen_card",
        "created_at": "2023-11-14T22:14:50Z",
    }
    (listed,) = erp.ask("GET", f"?payment_intent_id={paid['payment_intent_id']}").json["data"]
    assert listed["fraud_warning"] == found["fraud_warning"]
    settled = warning_of(paid, actionable=False)
    assert erp.deliver(event("radar.early_fraud_warning.updated", settled)).status_code == 200
    # The older event comes last, and changes nothing.
    late = {**event("radar.early_fraud_warning.created", warning_of(paid)), "id": "evt_late"}
    assert erp.deliver(late).status_code == 200
    assert erp.ask("GET", f"/{paid['id']}").json["fraud_warning"]["actionable"] is False


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ({"risk_level": "elevated", "risk_score": 66}, {"level": "elevated", "score": 66}),
        ({"risk_level": "normal"}, {"level": "normal", "score": None}),
        (None, None),
    ],
)
def test_the_risk_of_the_charge_is_shown_to_staff(
    erp: Caller, stripe: StripeDouble, outcome: dict[str, Any] | None, expected: dict[str, Any] | None
) -> None:
    opened = erp.create().json
    stripe.pay(opened["payment_intent_id"])
    intent = stripe.intents[opened["payment_intent_id"]]
    charge = {**intent["latest_charge"], "outcome": outcome}
    paid_event = event("payment_intent.succeeded", {**intent, "latest_charge": charge})
    assert erp.deliver(paid_event).status_code == 200
    (found,) = erp.ask("GET", f"?payment_intent_id={opened['payment_intent_id']}").json["data"]
    assert (found["status"], found["risk"]) == ("completed", expected)


def test_no_customer_sees_what_stripe_thinks_of_the_risk(erp: Caller, paid: dict[str, Any]) -> None:
    erp.deliver(event("radar.early_fraud_warning.created", warning_of(paid)))
    review = {
        "id": f"prv_{paid['id']}",
        "object": "review",
        "charge": paid["attempts"][0]["charge_id"],
        "closed_reason": None,
        "created": 1_700_000_095,
        "ip_address": "198.51.100.7",
        "open": True,
        "opened_reason": "rule",
        "payment_intent": paid["payment_intent_id"],
        "reason": "rule",
    }
    assert erp.deliver(event("review.opened", review)).status_code == 200
    assert erp.refund(paid["id"], amount=1, stripe_reason="fraudulent").status_code == 201
    for_staff = erp.ask("GET", f"/{paid['id']}").json
    assert set(for_staff) >= SIGNALS
    names = {name for entry in for_staff["history"] for name in entry["changes"]}
    assert {"fraud_warnings", "reviews"} <= names
    bound = {"customer_id": "customer-1"}
    for_customer = erp.ask("GET", f"/{paid['id']}", claims=bound).json
    (listed,) = erp.ask("GET", f"?order_id={paid['order_id']}", claims=bound).json["data"]
    for view in (for_customer, listed):
        assert not set(view) & SIGNALS
        assert view["refunds"][0]["stripe_reason"] is None
    names = {name for entry in for_customer["history"] for name in entry["changes"]}
    assert not names & {"risk", "fraud_warnings", "reviews"}
    assert "198.51.100.7" not in erp.ask("GET", f"/{paid['id']}").text
