"""Every endpoint as it is meant to be used."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.api.caller import Caller, new_order
from tests.integration.api.stripe_double import CHARGE, StripeDouble


def test_config_shows_everyone_the_publishable_key(erp: Caller) -> None:
    answer = erp.client.get("/api/v1/payments/stripe/config")
    assert (answer.status_code, answer.json) == (200, {"publishable_key": "pk_test_of_the_test"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("amount", "currency", "shown", "minor"),
    [("99.99", "USD", "99.99", 9999), ("100", "jpy", "100", 100), ("1.230", "kwd", "1.230", 1230)],
)
def test_create_intent_keeps_the_amount_exact(
    erp: Caller, stripe: StripeDouble, amount: str, currency: str, shown: str, minor: int
) -> None:
    body = f'{{"order_id":"{new_order()}","customer_id":"customer-1","amount":{amount},"currency":"{currency}"}}'
    answer = erp.ask("POST", "/stripe/create-intent", data=body, content_type="application/json")
    assert answer.status_code == 201
    assert set(answer.json) == {"client_secret", "payment_intent_id", "publishable_key", "amount", "currency"}
    assert f'"amount":{shown},' in answer.text
    assert answer.json["currency"] == currency.lower()
    assert stripe.intents[answer.json["payment_intent_id"]]["amount"] == minor


def test_a_second_click_gets_the_same_intent(erp: Caller, stripe: StripeDouble) -> None:
    order = new_order()
    first, second = erp.create(order_id=order), erp.create(order_id=order)
    assert first.json == second.json
    assert len(stripe.intents) == 1


def test_an_idempotency_key_replays_the_answer(erp: Caller, stripe: StripeDouble) -> None:
    order = new_order()
    first, second = (erp.create(order_id=order, key=order) for _ in range(2))
    assert (first.status_code, first.json) == (second.status_code, second.json)
    reused = erp.create(order_id=order, amount=5, key=order)
    assert (reused.status_code, reused.json["error"]) == (422, "idempotency_key_reused")
    assert len(stripe.intents) == 1


def test_confirm_answers_the_completed_payment(paid: dict[str, Any]) -> None:
    assert set(paid) == {
        *("id", "order_id", "customer_id", "payment_intent_id", "amount", "currency", "status", "refund_status"),
        *("amount_refunded", "disputed", "failure", "three_d_secure", "card", "attempts", "refunds"),
        *("created_at", "completed_at", "updated_at", "capture_method", "hold_expires_at"),
        *("amount_captured", "amount_refundable", "amount_released", "amount_lost", "differs"),
        *("payment_method", "waiting_for", "risk", "fraud_warning"),
    }
    assert (paid["status"], paid["refund_status"]) == ("completed", "none")
    assert paid["three_d_secure"] == {"attempted": True, "result": "authenticated", "flow": "challenge"}
    assert paid["card"] == {"brand": "visa", "last4": "4242", "country": "US"}
    (attempt,) = paid["attempts"]
    assert set(attempt) == {
        *("status", "failure", "three_d_secure", "card", "payment_method", "charge_id", "created_at")
    }
    assert paid["created_at"].endswith("Z")


def test_confirm_is_replayed_alike(erp: Caller, paid: dict[str, Any]) -> None:
    answers = [erp.confirm(paid["payment_intent_id"], paid["order_id"], key="k" + paid["id"]) for _ in range(2)]
    assert answers[0].text == answers[1].text.replace(answers[1].headers["X-Request-ID"], "")
    assert answers[0].json == paid


def test_confirm_before_payment_says_why_not(erp: Caller, stripe: StripeDouble) -> None:
    order = new_order()
    intent_id = erp.create(order_id=order).json["payment_intent_id"]
    assert erp.confirm(intent_id, order).json["error"] == "payment_not_completed"
    stripe.change(intent_id, status="requires_action", payment_method="pm_1")
    assert erp.confirm(intent_id, order).json["error"] == "payment_requires_action"
    assert erp.confirm(intent_id, new_order()).json["error"] == "order_mismatch"
    failed = {
        **CHARGE,
        "id": "ch_failed",
        "status": "failed",
        "captured": False,
        "amount": 9999,
        "currency": "usd",
        "created": 1_700_000_000,
        "payment_intent": intent_id,
        "failure_code": "card_declined",
        "outcome": {"type": "issuer_declined", "reason": "insufficient_funds"},
    }
    error = {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds", "charge": "ch_failed"}
    stripe.change(
        intent_id, status="requires_payment_method", payment_method=None, latest_charge=failed, last_payment_error=error
    )
    declined = erp.confirm(intent_id, order)
    assert (declined.status_code, declined.json["error"]) == (402, "card_declined")
    assert declined.json["failure"]["group"] == "funds"
    shown = erp.ask("GET", f"?payment_intent_id={intent_id}").json["data"][0]
    assert shown["status"] == "failed"
    assert shown["failure"] == declined.json["failure"]
    assert erp.ask("GET", "?failure_code=insufficient_funds").json["data"][0]["id"] == shown["id"]


def test_an_intent_without_its_secret_is_read_but_cannot_be_handed_out(erp: Caller, stripe: StripeDouble) -> None:
    """Stripe leaves the secret out where a restricted key may not read it."""
    order = new_order()
    intent_id = erp.create(order_id=order).json["payment_intent_id"]
    stripe.change(intent_id, client_secret=None)
    again = erp.create(order_id=order)
    assert (again.status_code, again.json["error"]) == (503, "stripe_unavailable")
    charge = {**CHARGE, "id": "ch_1", "amount": 9999, "currency": "usd", "created": 1_700_000_000}
    charge |= {"status": "succeeded", "captured": True, "amount_captured": 9999, "payment_intent": intent_id}
    stripe.change(intent_id, status="succeeded", amount_received=9999, latest_charge=charge)
    paid = erp.confirm(intent_id, order)
    assert (paid.status_code, paid.json["status"]) == (200, "completed")


def test_refund_in_parts_and_then_the_rest(erp: Caller, paid: dict[str, Any]) -> None:
    first = erp.refund(paid["id"], amount=30.01, reason="Customer returned it", notes="one\ntwo")
    assert first.status_code == 201
    assert set(first.json) == {
        *("id", "payment_id", "stripe_refund_id", "amount", "currency", "status", "reason", "notes"),
        "stripe_reason",
        *("requested_by", "created_at"),
    }
    assert '"amount":30.01,' in first.text
    assert (first.json["payment_id"], first.json["requested_by"]) == (paid["id"], "erp")
    rest = erp.client.post(
        f"/api/v1/payments/stripe/refund/{paid['id']}", headers={"Authorization": f"Bearer {erp.token()}"}
    )
    assert rest.status_code == 201, "a refund needs no body"
    assert '"amount":69.98,' in rest.text
    whole = erp.ask("GET", f"/{paid['id']}")
    assert whole.json["refund_status"] == "full"
    assert [refund["id"] for refund in whole.json["refunds"]] == [first.json["id"], rest.json["id"]]
    again = erp.refund(paid["id"])
    assert (again.status_code, again.json["error"]) == (409, "payment_not_refundable")


def test_one_payment_shows_everything(erp: Caller, paid: dict[str, Any]) -> None:
    whole = erp.ask("GET", f"/{paid['id']}").json
    assert set(whole) - set(paid) == {"disputes", "history"}
    assert {name: whole[name] for name in paid} == paid
    entries = whole["history"]
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert set(entries[0]) == {"seq", "at", "source", "reference", "actor", "changes", "hash", "previous_hash"}
    assert [entry["previous_hash"] for entry in entries[1:]] == [entry["hash"] for entry in entries[:-1]]


def test_a_dispute_is_shown_and_blocks_refunds(erp: Caller, paid: dict[str, Any]) -> None:
    dispute = {
        "id": "du_" + paid["id"],
        "object": "dispute",
        "amount": 9999,
        "currency": "usd",
        "status": "needs_response",
        "reason": "fraudulent",
        "created": 1_700_000_000,
        "payment_intent": paid["payment_intent_id"],
        "charge": paid["attempts"][0]["charge_id"],
        "evidence_details": {"due_by": 1_700_600_000},
    }
    assert erp.deliver(event_of("charge.dispute.created", dispute)).status_code == 200
    whole = erp.ask("GET", f"/{paid['id']}")
    assert whole.json["disputed"] is True
    (shown,) = whole.json["disputes"]
    assert (float(shown["amount"]), shown["evidence_due_by"]) == (99.99, "2023-11-21T20:53:20Z")
    refused = erp.refund(paid["id"], amount=1)
    assert (refused.status_code, refused.json["error"]) == (409, "payment_disputed")


def test_a_webhook_completes_a_payment_and_duplicates_change_nothing(erp: Caller, stripe: StripeDouble) -> None:
    intent_id = erp.create().json["payment_intent_id"]
    stripe.pay(intent_id)
    event = event_of("payment_intent.succeeded", stripe.intents[intent_id])
    for _ in range(2):
        answer = erp.deliver(event)
        assert (answer.status_code, answer.json) == (200, {"received": True})
    (shown,) = erp.ask("GET", f"?payment_intent_id={intent_id}").json["data"]
    assert shown["status"] == "completed"


def event_of(kind: str, target: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"evt_{target['id']}_{kind}",
        "object": "event",
        "type": kind,
        "api_version": "2023-10-16",
        "created": 1_700_000_100,
        "livemode": False,
        "data": {"object": json.loads(json.dumps(target))},
    }


def test_a_list_is_walked_page_by_page_without_gaps(erp: Caller) -> None:
    customer = "walker-" + new_order()
    made = [erp.create(customer_id=customer).json["payment_intent_id"] for _ in range(7)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = erp.ask("GET", f"?customer_id={customer}&limit=3{cursor}").json
        seen += [row["payment_intent_id"] for row in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == sorted(made, key=seen.index)
    assert set(seen) == set(made)
    assert len(seen) == 7


def test_filters_narrow_the_list(erp: Caller, paid: dict[str, Any]) -> None:
    def ids(query: str) -> list[str]:
        answer = erp.ask("GET", f"?order_id={paid['order_id']}&{query}")
        assert answer.status_code == 200, answer.json
        return [row["id"] for row in answer.json["data"]]

    day = paid["created_at"][:10]
    for query in (
        "status=completed&status=failed",
        "refund_status=none",
        "currency=USD",
        "three_d_secure=true",
        f"created_from={day}&created_to={day}",
        f"created_from={paid['created_at']}",
    ):
        assert ids(query) == [paid["id"]], query
    for query in (
        "status=failed",
        "refund_status=full",
        "currency=eur",
        "three_d_secure=false",
        f"created_to={paid['created_at']}",
        "created_from=2199-01-01",
    ):
        assert ids(query) == [], query


def test_a_bound_token_sees_its_own_customer_only(erp: Caller, paid: dict[str, Any], stripe: StripeDouble) -> None:
    mine, other = {"customer_id": "customer-1"}, {"customer_id": "customer-2"}
    assert erp.ask("GET", f"/{paid['id']}", claims=mine).status_code == 200
    calls = len(stripe.calls)
    for answer in (
        erp.ask("GET", f"/{paid['id']}", claims=other),
        erp.refund(paid["id"], amount=1, claims=other),
        erp.confirm(paid["payment_intent_id"], paid["order_id"], claims=other),
        erp.create(claims=other),
    ):
        assert (answer.status_code, answer.json["error"]) == (404, "not_found")
    assert len(stripe.calls) == calls
    assert erp.ask("GET", f"?order_id={paid['order_id']}", claims=other).json["data"] == []
    assert erp.ask("GET", "?customer_id=customer-1", claims=other).json == {"data": [], "next_cursor": None}
    assert {row["customer_id"] for row in erp.ask("GET", "", claims=mine).json["data"]} == {"customer-1"}


@pytest.mark.parametrize("text", ["No fraud, wrong size", "Paid twice", "fraudulent", None])
def test_a_text_by_people_never_becomes_a_reason_at_stripe(
    erp: Caller, stripe: StripeDouble, paid: dict[str, Any], text: str | None
) -> None:
    made = erp.refund(paid["id"], amount=1, reason=text)
    assert made.status_code == 201
    assert (made.json["reason"], made.json["stripe_reason"]) == (text, None)
    assert stripe.refunds[-1]["reason"] is None
    chosen = erp.refund(paid["id"], amount=1, reason=text, stripe_reason="fraudulent")
    assert chosen.status_code == 201
    assert chosen.json["stripe_reason"] == "fraudulent"
    assert stripe.refunds[-1]["reason"] == "fraudulent"
    assert erp.ask("GET", f"/{paid['id']}").json["refunds"][-1]["stripe_reason"] == "fraudulent"


def test_the_reason_for_stripe_is_part_of_the_request(erp: Caller, paid: dict[str, Any]) -> None:
    unknown = erp.refund(paid["id"], amount=1, stripe_reason="goodwill")
    assert (unknown.status_code, unknown.json["error"]) == (422, "validation_failed")
    first = erp.refund(paid["id"], amount=1, stripe_reason="duplicate", key=paid["id"])
    same = erp.refund(paid["id"], amount=1, stripe_reason="duplicate", key=paid["id"])
    assert (first.status_code, same.json) == (201, first.json)
    for other in ("fraudulent", None):
        reused = erp.refund(paid["id"], amount=1, stripe_reason=other, key=paid["id"])
        assert (reused.status_code, reused.json["error"]) == (422, "idempotency_key_reused")
