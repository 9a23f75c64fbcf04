"""The lifecycle of intents, refunds and disputes in both versions: states, events in order, and amounts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.conftest import Api
from tests.contract.sandbox_process import Running
from tests.contract.stripe_reference import VERSIONS

CHALLENGED = "4000002760003184"


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def paid(api: Api, token: str = "pm_card_visa", **params: Any) -> dict[str, Any]:
    return api.intent(payment_method=token, confirm="true", **params)


def events_since(api: Api, count: int) -> list[str]:
    return api.event_types()[count:]


def in_version(api: Api, events: list[str]) -> list[str]:
    """Those that the account's version has: refunds of charges got events of their own in 2024-10-28.acacia."""
    return [name for name in events if api.version >= "2024-10-28" or not name.startswith("refund.")]


def test_several_attempts_on_one_intent(api: Api, control: Running) -> None:
    intent = api.intent(**{"metadata[order_id]": "1"})
    first = control.pay(intent["id"], "4000000000000002")
    api.post(f"payment_intents/{intent['id']}", {"metadata[order_id]": "2"})
    assert api.get(f"payment_intents/{intent['id']}")["last_payment_error"] is None
    second = control.pay(intent["id"], "4000000000009995")
    third = control.pay(intent["id"])
    assert (third["status"], third["amount_received"], third["last_payment_error"]) == ("succeeded", 1000, None)
    charges = api.get("charges", {"payment_intent": intent["id"]})["data"]
    latest = [third["latest_charge"], second["latest_charge"], first["latest_charge"]]
    assert [charge["id"] for charge in charges] == latest
    assert [charge["metadata"]["order_id"] for charge in charges] == ["2", "2", "1"]
    assert len({charge["payment_method"] for charge in charges}) == 3
    assert api.event_types() == [
        "payment_intent.created",
        *["charge.failed", "payment_intent.payment_failed"] * 2,
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


@pytest.mark.parametrize("outcome", ["complete", "fail", "abandon"])
def test_three_d_secure(api: Api, control: Running, outcome: str) -> None:
    intent = control.pay(api.intent()["id"], CHALLENGED, three_d_secure=outcome)
    challenged = ["payment_intent.created", "payment_intent.requires_action"]
    if outcome == "complete":
        assert intent["status"] == "succeeded"
        assert api.event_types() == [*challenged, "charge.succeeded", "payment_intent.succeeded"]
        return
    assert api.get("charges", {"payment_intent": intent["id"]})["data"] == []
    if outcome == "abandon":
        assert intent["status"] == "requires_action"
        assert intent["payment_method"] is not None
        assert api.event_types() == challenged
        completed = control.post(f"payment_intents/{intent['id']}/three_d_secure", outcome="complete")
        assert completed["status"] == "succeeded"
        return
    assert (intent["status"], intent["latest_charge"]) == ("requires_payment_method", None)
    assert intent["last_payment_error"]["code"] == "payment_intent_authentication_failure"
    assert api.event_types() == [*challenged, "payment_intent.payment_failed"]
    assert control.pay(intent["id"])["status"] == "succeeded"


def test_three_d_secure_on_the_bank_page(api: Api, control: Running) -> None:
    back = "https://shop.example.com/thanks?order=1"
    intent = paid(api, "pm_card_authenticationRequired", return_url=back)
    url = intent["next_action"]["redirect_to_url"]["url"]
    assert "Complete authentication" in control.session.get(url, timeout=5).text
    response = control.session.post(url, data={"outcome": "complete"}, allow_redirects=False, timeout=5)
    assert response.status_code == 303
    assert response.headers["Location"].startswith(f"{back}&payment_intent={intent['id']}")
    assert api.get(f"payment_intents/{intent['id']}")["status"] == "succeeded"


def test_manual_confirmation_needs_the_server_after_three_d_secure(api: Api, control: Running) -> None:
    intent = paid(api, "pm_card_authenticationRequired", confirmation_method="manual")
    authenticated = control.post(f"payment_intents/{intent['id']}/three_d_secure", outcome="complete")
    assert authenticated["status"] == "requires_confirmation"
    assert api.post(f"payment_intents/{intent['id']}/confirm")["status"] == "succeeded"


def test_error_on_requires_action(api: Api) -> None:
    intent = api.intent()
    params = {"payment_method": "pm_card_authenticationRequired", "error_on_requires_action": "true"}
    status, error = api.refused("POST", f"payment_intents/{intent['id']}/confirm", params)
    assert (status, error["code"]) == (402, "authentication_required")
    assert api.get("charges")["data"] == []


def test_new_amount_requires_confirmation_again(api: Api) -> None:
    intent = paid(api, "pm_card_authenticationRequired")
    changed = api.post(f"payment_intents/{intent['id']}", {"amount": 2000})
    assert (changed["status"], changed["next_action"], changed["amount"]) == ("requires_confirmation", None, 2000)


@pytest.mark.parametrize("change", [{"currency": "nok"}, {"amount": 2000}, {"currency": "jpy", "amount": 300}])
def test_the_charge_takes_what_the_intent_was_changed_to(api: Api, change: dict[str, Any]) -> None:
    intent = api.intent()
    changed = api.post(f"payment_intents/{intent['id']}", change)
    taken = api.post(
        f"payment_intents/{intent['id']}/confirm", {"payment_method": "pm_card_visa", "return_url": "https://shop.test"}
    )
    charge = api.get(f"charges/{taken['latest_charge']}")
    expected = {"amount": intent["amount"], "currency": intent["currency"], **change}
    for taken_as in (changed, taken, charge):
        assert {name: taken_as[name] for name in expected} == expected
    assert charge["amount_captured"] == taken["amount_received"] == expected["amount"]
    refused = api.refused("POST", f"payment_intents/{intent['id']}", {"currency": "sek"})
    assert (refused[0], refused[1]["code"]) == (400, "payment_intent_unexpected_state")


@pytest.mark.parametrize("action", ["capture", "part", "cancel"])
def test_hold_is_captured_or_released(api: Api, control: Running, action: str) -> None:
    held = paid(api, capture_method="manual")
    assert (held["status"], held["amount_capturable"], held["amount_received"]) == ("requires_capture", 1000, 0)
    card = api.get(f"charges/{held['latest_charge']}")["payment_method_details"]["card"]
    assert (card["capture_before"] - held["created"]) // 86_400 == 7
    count = len(api.event_types())
    path = f"payment_intents/{held['id']}"
    if action == "capture":
        done = api.post(f"{path}/capture")
        assert (done["status"], done["amount_received"], done["amount_capturable"]) == ("succeeded", 1000, 0)
        assert events_since(api, count) == ["charge.captured", "payment_intent.succeeded"]
        assert api.get("refunds")["data"] == []
        return
    if action == "part":
        assert api.refused("POST", f"{path}/capture", {"amount_to_capture": 1001})[1]["code"] == "amount_too_large"
        done = api.post(f"{path}/capture", {"amount_to_capture": 400})
        assert (done["status"], done["amount_received"]) == ("succeeded", 400)
        released, captured = 600, 400
    else:
        done = api.post(f"{path}/cancel", {"cancellation_reason": "abandoned"})
        assert (done["status"], done["cancellation_reason"]) == ("canceled", "abandoned")
        assert ("charge.refunded" in events_since(api, count)) is (api.version < "2025-03-31")
        released, captured = 1000, 0
    if api.version >= "2025-03-31":
        assert api.get("refunds")["data"] == []
        charge = api.get(f"charges/{held['latest_charge']}")
        assert (charge["amount_refunded"], charge["amount_captured"]) == (0, captured)
        books = control.get("books")["data"][0]
        assert (books["amount_captured"], books["refunded"], books["released"]) == (captured, 0, released)
        return
    refund = api.get("refunds", {"payment_intent": held["id"]})["data"][0]
    assert (refund["amount"], refund["status"]) == (released, "succeeded")
    charge = api.get(f"charges/{held['latest_charge']}")
    assert (charge["amount_refunded"], charge["amount_captured"]) == (released, captured)
    books = control.get("books")["data"][0]
    assert (books["amount_captured"], books["refunded"], books["released"]) == (captured, 0, released)


def test_partial_refunds(api: Api) -> None:
    intent = paid(api)
    count = len(api.event_types())
    first = api.post("refunds", {"payment_intent": intent["id"], "amount": 300, "metadata[a]": "1"})
    assert (first["status"], first["amount"], first["metadata"]) == ("succeeded", 300, {"a": "1"})
    status, error = api.refused("POST", "refunds", {"payment_intent": intent["id"], "amount": 701})
    assert (status, error["param"], error.get("code")) == (400, "amount", None)
    assert error["message"] == "Refund amount ($7.01) is greater than unrefunded amount on charge ($7.00)"
    rest = api.post("refunds", {"charge": intent["latest_charge"], "reason": "requested_by_customer"})
    assert rest["amount"] == 700
    status, error = api.refused("POST", "refunds", {"payment_intent": intent["id"]})
    assert (status, error["code"]) == (400, "charge_already_refunded")
    assert events_since(api, count) == in_version(api, ["refund.created", "charge.refunded"] * 2)
    last, before = api.get("events", {"type": "charge.refunded"})["data"]
    assert before["data"]["previous_attributes"] == {"amount_refunded": 0}
    assert last["data"]["previous_attributes"] == {"amount_refunded": 300, "refunded": False}
    assert before["data"]["object"]["amount_refunded"] == 300, "a snapshot does not change later"
    assert (last["data"]["object"]["refunded"], last["data"]["object"]["refunds"]) == (True, None)


@pytest.mark.parametrize(
    ("params", "status", "code", "param"),
    [
        ({}, 400, None, None),
        ({"payment_intent": "pi_none"}, 404, "resource_missing", "payment_intent"),
        ({"charge": "ch_none"}, 404, "resource_missing", "charge"),
        ({"payment_intent": "open"}, 400, None, "payment_intent"),
        ({"payment_intent": "paid", "amount": "0"}, 400, "parameter_invalid_integer", "amount"),
        ({"payment_intent": "paid", "reason": "broken"}, 400, None, "reason"),
        ({"payment_intent": "disputed"}, 400, "charge_disputed", None),
        ({"charge": "failed"}, 400, "charge_not_refundable", None),
    ],
)
def test_rejected_refunds(
    api: Api, control: Running, params: dict[str, Any], status: int, code: str | None, param: str | None
) -> None:
    targets = {
        "open": lambda: api.intent()["id"],
        "paid": lambda: paid(api)["id"],
        "disputed": lambda: paid(api, "pm_card_createDispute")["id"],
        "failed": lambda: control.pay(api.intent()["id"], "4000000000000002")["latest_charge"],
    }
    values = {name: targets[value]() if value in targets else value for name, value in params.items()}
    actual, error = api.refused("POST", "refunds", values)
    assert (actual, error.get("code"), error.get("param")) == (status, code, param)
    assert api.get("refunds")["data"] == []


def test_pending_refund_succeeds_later(api: Api, control: Running) -> None:
    intent = paid(api, "pm_card_pendingRefund")
    refund = api.post("refunds", {"payment_intent": intent["id"]})
    assert refund["status"] == "pending"
    assert api.get(f"charges/{intent['latest_charge']}")["amount_refunded"] == 1000
    assert control.get("books")["data"][0]["refund_pending"] == 1000
    count = len(api.event_types())
    settled = control.post(f"refunds/{refund['id']}/settle", status="succeeded")
    assert settled["status"] == "succeeded"
    assert events_since(api, count) == in_version(api, ["refund.updated", "charge.refund.updated"])
    latest = api.get("events")["data"][0]
    assert latest["data"]["previous_attributes"] == {"status": "pending"}
    assert latest["request"]["id"] is None
    assert control.call("POST", f"refunds/{refund['id']}/settle", {"status": "succeeded"}).status_code == 409


def test_succeeded_refund_fails_later(api: Api, control: Running) -> None:
    intent = paid(api, "pm_card_refundFail")
    refund = api.post("refunds", {"payment_intent": intent["id"]})
    assert refund["status"] == "succeeded"
    count = len(api.event_types())
    failed = control.post(f"refunds/{refund['id']}/settle")
    assert (failed["status"], failed["failure_reason"]) == ("failed", "unknown")
    assert events_since(api, count) == in_version(api, ["refund.updated", "charge.refund.updated", "refund.failed"])
    charge = api.get(f"charges/{intent['latest_charge']}")
    assert (charge["amount_refunded"], charge["refunded"]) == (0, False)
    assert api.post("refunds", {"payment_intent": intent["id"]})["amount"] == 1000


def test_refund_settles_automatically(api: Api, control: Running) -> None:
    control.put("settings", settle_refunds_after_ms=1)
    intent = paid(api, "pm_card_pendingRefund")
    refund = api.post("refunds", {"payment_intent": intent["id"]})
    for _ in range(200):
        if api.get(f"refunds/{refund['id']}")["status"] == "succeeded":
            return
    pytest.fail("the refund is still pending")


def test_refund_cannot_be_canceled(api: Api) -> None:
    refund = api.post("refunds", {"payment_intent": paid(api)["id"]})
    assert api.refused("POST", f"refunds/{refund['id']}/cancel")[0] == 400


@pytest.mark.parametrize(
    ("inquiry", "outcome", "refundable"), [(False, "won", True), (False, "lost", False), (True, "warning_closed", True)]
)
def test_disputes(api: Api, control: Running, inquiry: bool, outcome: str, refundable: bool) -> None:
    intent = paid(api)
    count = len(api.event_types())
    dispute = control.post("disputes", payment_intent=intent["id"], reason="duplicate", inquiry=inquiry)
    assert dispute["status"] == ("warning_needs_response" if inquiry else "needs_response")
    if inquiry:
        api.post("refunds", {"payment_intent": intent["id"], "amount": 1})
    else:
        code = api.refused("POST", "refunds", {"payment_intent": intent["id"]})[1]["code"]
        assert code == "charge_disputed"
    closed = control.post(f"disputes/{dispute['id']}/close", outcome=outcome)
    assert closed["status"] == outcome
    assert closed == api.get(f"disputes/{dispute['id']}")
    types = [name for name in events_since(api, count) if name.startswith("charge.dispute")]
    withdrawn = [] if inquiry else ["charge.dispute.funds_withdrawn"]
    reinstated = ["charge.dispute.funds_reinstated"] if outcome == "won" else []
    ends = ["charge.dispute.updated", "charge.dispute.closed"]
    assert types == ["charge.dispute.created", *withdrawn, *reinstated, *ends]
    response = api.send("POST", "refunds", {"payment_intent": intent["id"]})
    assert (response.status_code == 200) == refundable
    wrong = control.call("POST", f"disputes/{dispute['id']}/close", {"outcome": outcome})
    assert wrong.status_code == 409


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_processing(api: Api, control: Running, outcome: str) -> None:
    intent = control.pay(api.intent()["id"], processing=True)
    assert intent["status"] == "processing"
    finished = control.post(f"payment_intents/{intent['id']}/process", outcome=outcome)
    last = "payment_intent.succeeded" if outcome == "succeeded" else "payment_intent.payment_failed"
    assert finished["status"] == ("succeeded" if outcome == "succeeded" else "requires_payment_method")
    assert api.event_types()[1:] == ["charge.pending", "payment_intent.processing", f"charge.{outcome}", last]


def test_automatic_async_gets_its_balance_transaction_later(api: Api) -> None:
    intent = paid(api, capture_method="automatic_async")
    assert api.event_types()[1:] == ["charge.succeeded", "payment_intent.succeeded", "charge.updated"]
    updated, _, charged, _ = api.get("events")["data"]
    assert charged["data"]["object"]["balance_transaction"] is None
    assert updated["data"]["previous_attributes"] == {"balance_transaction": None}
    charge = api.get(f"charges/{intent['latest_charge']}")
    assert charge == updated["data"]["object"]
    assert charge["balance_transaction"].startswith("txn_")


def test_metadata(api: Api) -> None:
    intent = api.intent(**{"metadata[a]": "1", "metadata[b]": "2", "metadata[7]": "seven"})
    assert intent["metadata"] == {"a": "1", "b": "2", "7": "seven"}
    path = f"payment_intents/{intent['id']}"
    assert api.post(path, {"metadata[a]": "", "metadata[c]": "3"})["metadata"] == {"b": "2", "7": "seven", "c": "3"}
    assert api.post(path, {"metadata": ""})["metadata"] == {}


def test_event_names_its_request(api: Api) -> None:
    response = api.send(
        "POST", "payment_intents", {"amount": 1000, "currency": "usd"}, idempotency_key="key-of-the-event"
    )
    event = api.get("events")["data"][0]
    assert event["request"] == {"id": response.headers["Request-Id"], "idempotency_key": "key-of-the-event"}
    assert (event["api_version"], event["livemode"]) == (api.version, False)
    assert event["data"]["object"] == response.json()


def test_a_dispute_in_another_currency(api: Api, control: Running) -> None:
    """The disputed amount is the bank's, what is taken is booked in the settlement currency (facts §13)."""
    intent = paid(api)
    body = {"payment_intent": intent["id"], "amount": 900, "currency": "eur", "withdrawn": 1100}
    dispute = control.post("disputes", **body)
    assert (dispute["amount"], dispute["currency"], dispute["is_charge_refundable"]) == (900, "eur", False)
    (booking,) = dispute["balance_transactions"]
    assert (booking["amount"], booking["currency"], booking["reporting_category"]) == (-1100, "usd", "dispute")
    won = control.post(f"disputes/{dispute['id']}/close", outcome="won")
    assert [row["amount"] for row in won["balance_transactions"]] == [-1100, 1100]
    nothing = control.post("disputes", payment_intent=paid(api)["id"], withdrawn=0)
    assert (nothing["status"], nothing["balance_transactions"]) == ("needs_response", [])


def test_a_prevented_dispute_is_of_newer_versions(api: Api, control: Running) -> None:
    intent = paid(api)
    body = {"payment_intent": intent["id"], "kind": "prevented"}
    control.call("PUT", "settings", {"api_version": "2023-10-16"})
    assert control.call("POST", "disputes", body).status_code == 409
    control.call("PUT", "settings", {"api_version": "2026-10-28.endive"})
    count = len(api.event_types())
    dispute = control.post("disputes", **body)
    control.call("PUT", "settings", {"api_version": "2023-10-16"})
    assert (dispute["status"], dispute["balance_transactions"]) == ("prevented", [])
    assert [name for name in events_since(api, count) if name.startswith("charge.")] == ["charge.dispute.created"]
    assert api.refused("POST", "refunds", {"payment_intent": intent["id"]})[1]["code"] == "charge_disputed"
    assert control.call("POST", "disputes", {**body, "kind": "odd"}).status_code == 400
