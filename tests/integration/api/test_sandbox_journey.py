"""One customer's way through the API with the Stripe sandbox, which judges our requests as Stripe would."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from tests.integration.api.caller import new_order
from tests.support.sandbox import SandboxProcess

PAYMENTS = "/api/v1/payments"


def test_pay_after_a_decline_and_get_half_of_it_back(
    client: FlaskClient, sandbox: SandboxProcess, bearer: dict[str, str]
) -> None:
    def post(path: str, **body: Any) -> Any:
        return client.post(f"{PAYMENTS}{path}", json=body, headers=bearer)

    order = new_order()
    opened = post("/stripe/create-intent", order_id=order, customer_id="customer-1", amount=100, currency="JPY")
    assert opened.status_code == 201, opened.json
    intent_id = opened.json["payment_intent_id"]
    told = {"payment_intent_id": intent_id, "order_id": order}

    sandbox.pay(intent_id, card="4000000000009995")
    declined = post("/stripe/confirm", **told)
    assert (declined.status_code, declined.json["error"]) == (402, "card_declined")
    assert declined.json["failure"]["decline_code"] == "insufficient_funds"

    sandbox.pay(intent_id, card="4242424242424242")
    paid = post("/stripe/confirm", **told)
    assert (paid.status_code, paid.json["status"]) == (200, "completed")
    assert [attempt["status"] for attempt in paid.json["attempts"]] == ["failed", "succeeded"]

    refund = post(f"/stripe/refund/{paid.json['id']}", amount=50, reason="Paid twice", notes="one\ntwo")
    assert (refund.status_code, refund.json["status"]) == (201, "succeeded")
    whole = client.get(f"{PAYMENTS}/{paid.json['id']}", headers=bearer).json
    assert (whole["refund_status"], whole["amount_refunded"]) == ("partial", 50)
    too_much = post(f"/stripe/refund/{paid.json['id']}", amount=51)
    assert (too_much.status_code, too_much.json["error"]) == (409, "amount_exceeds_refundable")
