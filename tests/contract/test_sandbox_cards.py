"""Every documented test card and token behaves as in test-cards.json."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.behaviour.cards import BY_NUMBER
from tests.contract import stripe_reference
from tests.contract.conftest import Api
from tests.contract.sandbox_process import Running
from tests.contract.test_reference_tables import REFERENCE

PATH = REFERENCE / "test-cards.json"
ROWS: list[dict[str, Any]] = json.loads(PATH.read_text("utf-8"))["cards"] if PATH.exists() else []
BY_CARD = [pytest.param(row, id=f"{row['number']} {row['behaviour']}") for row in ROWS]
BY_TOKEN = [pytest.param(row, id=row["payment_method"]) for row in ROWS if row["payment_method"]]
CHALLENGED_CARDS = frozenset(
    "4000002500003155 4000002760003184 4000003800000446 4000008260003178 4000000000003220 4000008400000027 "
    "4000008400001629".split()
)
# Radar's default rule blocks the highest risk.
BLOCKED = {"4000000000004954": ("card_declined", "fraudulent")}


def expected_error(row: dict[str, Any]) -> tuple[str, str | None] | None:
    if row["number"] in BLOCKED:
        return BLOCKED[row["number"]]
    if "error_code" not in row:
        return None
    code = row["error_code"]
    return code, row.get("decline_code") or ("generic_decline" if code == "card_declined" else None)


def test_table_matches_the_documentation() -> None:
    stripe_reference.read("test-cards.json")
    documented = {row["number"] for row in ROWS if row.get("error_code") != "incorrect_number"}
    assert documented == BY_NUMBER.keys()
    assert {row["payment_method"] for row in ROWS if row["payment_method"]} == {
        token for card in BY_NUMBER.values() for token in card.tokens
    }


@pytest.mark.parametrize("row", BY_CARD)
def test_paid_in_a_browser(api: Api, control: Running, row: dict[str, Any]) -> None:
    intent = api.intent(**{"metadata[order_id]": "7"})
    response = control.call("POST", f"payment_intents/{intent['id']}/pay", {"card": row["number"]})
    assert response.status_code == 200
    paid = response.json()
    assert paid == api.get(f"payment_intents/{intent['id']}")
    types = api.event_types()
    assert ("payment_intent.requires_action" in types) == (row["number"] in CHALLENGED_CARDS)
    error = expected_error(row)
    if error == ("incorrect_number", None):
        assert (paid["status"], paid["latest_charge"]) == ("requires_payment_method", None)
        assert response.headers["Sandbox-Card-Error"] == "incorrect_number"
        return
    charge = api.get(f"charges/{paid['latest_charge']}")
    card = charge["payment_method_details"]["card"]
    assert card["last4"] == row["number"][-4:]
    assert card["brand"] == row.get("brand", "visa").split("/")[-1]
    assert card["funding"] == row.get("funding", card["funding"])
    assert card["country"] == row.get("country", card["country"])
    assert charge["metadata"] == {"order_id": "7"}
    if error:
        code, decline_code = error
        assert (paid["status"], paid["payment_method"]) == ("requires_payment_method", None)
        failure = paid["last_payment_error"]
        assert (failure["code"], failure.get("decline_code")) == (code, decline_code)
        assert failure["type"] == "card_error"
        assert failure["charge"] == charge["id"]
        assert failure["payment_method"]["id"] == charge["payment_method"]
        assert (charge["status"], charge["paid"], charge["failure_code"]) == ("failed", False, code)
        assert types[-2:] == ["charge.failed", "payment_intent.payment_failed"]
        blocked = row["number"] in BLOCKED or row["number"] == "4100000000000019"
        assert charge["outcome"]["type"] == ("blocked" if blocked else "issuer_declined")
        return
    assert paid["status"] == "succeeded"
    assert (charge["status"], charge["captured"], charge["amount_captured"]) == ("succeeded", True, 1000)
    at = types.index("charge.succeeded")
    assert types[at : at + 2] == ["charge.succeeded", "payment_intent.succeeded"]
    challenged = row["number"] in CHALLENGED_CARDS
    flow = "challenge" if challenged else "frictionless" if row.get("three_ds") == "frictionless_ok" else None
    assert (card["three_d_secure"] or {}).get("authentication_flow") == flow


@pytest.mark.parametrize("row", BY_TOKEN)
def test_confirmed_by_a_server(api: Api, row: dict[str, Any]) -> None:
    intent = api.intent()
    response = api.send("POST", f"payment_intents/{intent['id']}/confirm", {"payment_method": row["payment_method"]})
    if row["number"] in CHALLENGED_CARDS:
        assert (response.status_code, response.json()["status"]) == (200, "requires_action")
        assert response.json()["latest_charge"] is None
        return
    error = expected_error(row)
    if error is None:
        assert (response.status_code, response.json()["status"]) == (200, "succeeded")
        return
    assert response.status_code == 402
    failure = response.json()["error"]
    assert (failure["type"], failure["code"], failure.get("decline_code")) == ("card_error", *error)
    assert failure["payment_intent"] == api.get(f"payment_intents/{intent['id']}")
    assert failure["payment_intent"]["latest_charge"] == failure["charge"]
    assert failure["payment_method"]["id"].startswith("pm_")


@pytest.mark.parametrize(
    ("token", "reasons", "status", "withdrawn"),
    [
        ("pm_card_createDispute", ["fraudulent"], "needs_response", True),
        ("pm_card_createDisputeProductNotReceived", ["product_not_received"], "needs_response", True),
        ("pm_card_createDisputeInquiry", ["fraudulent"], "warning_needs_response", False),
        ("pm_card_createCe3EligibleDispute", ["fraudulent"], "needs_response", True),
        ("pm_card_createComplianceDispute", ["noncompliant"], "needs_response", True),
        ("pm_card_createMultipleDisputes", ["fraudulent", "product_not_received"], "needs_response", True),
    ],
)
def test_disputed(api: Api, token: str, reasons: list[str], status: str, withdrawn: bool) -> None:
    intent = api.intent(payment_method=token, confirm="true")
    disputes = api.get("disputes", {"payment_intent": intent["id"]})["data"][::-1]
    assert [dispute["reason"] for dispute in disputes] == reasons
    assert {dispute["status"] for dispute in disputes} == {status}
    assert sum(dispute["amount"] for dispute in disputes) == 1000
    assert api.get(f"charges/{intent['latest_charge']}")["disputed"] is True
    after = ["charge.dispute.created"] + (["charge.dispute.funds_withdrawn"] if withdrawn else [])
    assert api.event_types() == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        *after * len(reasons),
    ]
    automatic = api.get("events", {"type": "charge.dispute.created"})["data"][0]
    assert automatic["request"] == {"id": None, "idempotency_key": None}


def test_early_fraud_warning(api: Api) -> None:
    intent = api.intent(payment_method="pm_card_createIssuerFraudRecord", confirm="true")
    warning = api.get("events", {"type": "radar.early_fraud_warning.created"})["data"][0]["data"]["object"]
    assert warning["charge"] == intent["latest_charge"]
    assert api.get(f"charges/{intent['latest_charge']}")["disputed"] is False


def test_bypass_pending(api: Api) -> None:
    expand = {"expand[]": "latest_charge.balance_transaction", "confirm": "true"}
    available = api.intent(payment_method="pm_card_bypassPending", **expand)
    pending = api.intent(payment_method="pm_card_visa", **expand)
    assert available["latest_charge"]["balance_transaction"]["status"] == "available"
    assert pending["latest_charge"]["balance_transaction"]["status"] == "pending"


def test_wrong_cvc_matters_only_when_it_is_sent(api: Api) -> None:
    card = {"type": "card", "card[number]": "4000000000000127", "card[exp_month]": 1, "card[exp_year]": 2035}
    without_cvc = api.post("payment_methods", card)
    assert api.intent(payment_method=without_cvc["id"], confirm="true")["status"] == "succeeded"
    with_cvc = api.post("payment_methods", card | {"card[cvc]": "123"})
    params = {"amount": 1000, "currency": "usd", "payment_method": with_cvc["id"], "confirm": "true"}
    status, error = api.refused("POST", "payment_intents", params | {"return_url": "https://a.example"})
    assert (status, error["code"], error["param"]) == (402, "incorrect_cvc", "cvc")


@pytest.mark.parametrize(
    ("off_session", "status"),
    [
        ("pm_card_authenticationRequiredSetupForOffSession", 200),
        ("pm_card_authenticationRequired", 402),
        ("pm_card_authenticationRequiredOnSetup", 402),
    ],
)
def test_off_session(api: Api, off_session: str, status: int) -> None:
    intent = api.intent()
    response = api.send(
        "POST", f"payment_intents/{intent['id']}/confirm", {"payment_method": off_session, "off_session": "true"}
    )
    assert response.status_code == status
    if status == 402:
        assert response.json()["error"]["code"] == "authentication_required"
        assert api.get(f"payment_intents/{intent['id']}")["status"] == "requires_payment_method"


@pytest.mark.parametrize(
    ("token", "status", "result"),
    [
        ("pm_card_visa", "succeeded", "attempt_acknowledged"),
        ("pm_card_amex_threeDSecureNotSupported", "succeeded", "not_supported"),
        ("pm_card_threeDSecureOptional", "requires_action", None),
        ("pm_card_threeDSecureOptionalProcessingError", "succeeded", "processing_error"),
    ],
)
def test_three_d_secure_requested_by_the_merchant(api: Api, token: str, status: str, result: str | None) -> None:
    options = {"payment_method_options[card][request_three_d_secure]": "any", "expand[]": "latest_charge"}
    intent = api.intent(payment_method=token, confirm="true", **options)
    assert intent["status"] == status
    if result:
        card = intent["latest_charge"]["payment_method_details"]["card"]
        assert card["three_d_secure"]["result"] == result


def test_highest_risk_passes_without_the_rule(api: Api, control: Running) -> None:
    control.put("settings", block_highest_risk=False)
    intent = api.intent(payment_method="pm_card_riskLevelHighest", confirm="true", **{"expand[]": "latest_charge"})
    assert intent["latest_charge"]["outcome"]["risk_level"] == "highest"
    assert intent["status"] == "succeeded"
