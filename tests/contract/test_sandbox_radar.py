"""Early fraud warnings and reviews: read, filtered, expanded, and what a dispute or refund makes of them (facts §15).

The fixture ``api`` validates every response against Stripe's document.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.conftest import Api, Json
from tests.contract.sandbox_process import Running

WARNED, PAID = "pm_card_createIssuerFraudRecord", "pm_card_visa"


def _paid(api: Api, method: str) -> Json:
    return api.intent(payment_method=method, confirm="true")


def _snapshots(api: Api, event_type: str) -> list[Json]:
    return [event["data"]["object"] for event in api.get("events", {"type": event_type})["data"]]


def test_a_warning_can_be_read_listed_and_expanded(api: Api) -> None:
    first, second = _paid(api, WARNED), _paid(api, WARNED)
    (warning,) = api.get("radar/early_fraud_warnings", {"payment_intent": first["id"]})["data"]
    assert warning["charge"] == first["latest_charge"]
    assert warning["actionable"] is True
    path = f"radar/early_fraud_warnings/{warning['id']}"
    assert api.get(path) == warning
    assert api.get(path, {"expand[]": "charge"})["charge"]["amount"] == 1000
    assert len(api.get("radar/early_fraud_warnings")["data"]) == 2
    (other,) = api.get("radar/early_fraud_warnings", {"charge": second["latest_charge"]})["data"]
    assert other["id"] != warning["id"]
    assert api.refused("GET", "radar/early_fraud_warnings/issfr_no")[0] == 404
    assert {snapshot["id"] for snapshot in _snapshots(api, "radar.early_fraud_warning.created")} == {
        warning["id"],
        other["id"],
    }


def test_a_full_refund_leaves_nothing_to_act_on(api: Api) -> None:
    intent = _paid(api, WARNED)
    api.post("refunds", {"payment_intent": intent["id"], "amount": 400})
    (warning,) = api.get("radar/early_fraud_warnings")["data"]
    assert warning["actionable"] is True
    api.post("refunds", {"payment_intent": intent["id"]})
    assert api.get(f"radar/early_fraud_warnings/{warning['id']}")["actionable"] is False
    (updated,) = _snapshots(api, "radar.early_fraud_warning.updated")
    assert updated == {**warning, "actionable": False}


def test_a_dispute_leaves_nothing_to_act_on(api: Api, control: Any) -> None:
    intent = _paid(api, WARNED)
    control.post("disputes", payment_intent=intent["id"])
    (warning,) = api.get("radar/early_fraud_warnings")["data"]
    assert warning["actionable"] is False


def test_the_bank_reports_fraud_of_any_charge(api: Api, control: Running) -> None:
    intent = _paid(api, PAID)
    warned = control.post("fraud_warnings", payment_intent=intent["id"], fraud_type="misc")
    assert api.get("radar/early_fraud_warnings")["data"] == [warned]
    assert (warned["charge"], warned["fraud_type"], warned["actionable"]) == (intent["latest_charge"], "misc", True)
    control.post(f"charges/{intent['latest_charge']}/fraud_warning")
    assert len(_snapshots(api, "radar.early_fraud_warning.created")) == 2


def test_a_review_is_opened_and_closed(api: Api, control: Running) -> None:
    intent = _paid(api, PAID)
    review = control.post("reviews", payment_intent=intent["id"])
    assert (review["open"], review["opened_reason"], review["reason"]) == (True, "rule", "rule")
    assert api.get(f"charges/{intent['latest_charge']}")["review"] == review["id"]
    closed = control.post(f"reviews/{review['id']}/close", outcome="approved")
    assert (closed["open"], closed["reason"], closed["closed_reason"]) == (False, "approved", "approved")
    assert api.get("reviews")["data"] == [closed]
    assert (_snapshots(api, "review.opened"), _snapshots(api, "review.closed")) == ([review], [closed])


def test_a_refund_closes_a_review(api: Api, control: Running) -> None:
    intent = _paid(api, PAID)
    control.post(f"charges/{intent['latest_charge']}/review", opened_reason="manual")
    api.post("refunds", {"payment_intent": intent["id"], "reason": "fraudulent"})
    (review,) = api.get("reviews")["data"]
    assert (review["open"], review["closed_reason"]) == (False, "refunded_as_fraud")


def test_reviews_of_nothing(api: Api) -> None:
    _paid(api, PAID)
    assert api.get("reviews")["data"] == []
    for method, path in (("GET", "reviews/prv_no"), ("POST", "reviews/prv_no/approve")):
        status, error = api.refused(method, path)
        assert (status, error["code"], error["param"]) == (404, "resource_missing", "review")


@pytest.mark.parametrize("path", ["radar", "radar/early_fraud_warning", "reviews/prv_1/reject", "radar/*"])
def test_no_other_path_exists(api: Api, path: str) -> None:
    assert "Unrecognized request URL" in api.refused("GET", path)[1]["message"]
