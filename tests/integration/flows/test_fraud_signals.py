"""An early fraud warning and a review on their whole way, and the refund that answers the warning."""

from __future__ import annotations

from tests.integration.flows.erp import Erp, until
from tests.integration.flows.test_every_card import paid
from tests.support.sandbox import SandboxProcess


def test_a_warning_is_known_until_the_payment_is_refunded(erp: Erp, sandbox: SandboxProcess) -> None:
    payment = paid(erp, sandbox, "4242424242424242")
    intent = {"payment_intent": payment["payment_intent_id"]}
    order = payment["order_id"]
    assert until(lambda: erp.payment_of(order)["risk"])["level"] == "normal"
    assert erp.payment_of(order)["fraud_warning"] is None
    sandbox.post("fraud_warnings", intent)
    warning = until(lambda: erp.payment_of(order)["fraud_warning"])
    assert (warning["actionable"], warning["fraud_type"]) == (True, "made_with_stolen_card")
    review = sandbox.post("reviews", intent)
    status, refund = erp.refund(payment["id"], stripe_reason="fraudulent")
    assert (status, refund["stripe_reason"]) == (201, "fraudulent")
    until(lambda: not erp.payment_of(order)["fraud_warning"]["actionable"])
    closed = sandbox.stripe("GET", f"/v1/reviews/{review['id']}")
    assert closed["closed_reason"] == "refunded_as_fraud"

    def closing() -> bool:
        changes = [entry["changes"].get("reviews") for entry in erp.payment_of(order)["history"]]
        return any(not row["is_open"] for rows in changes if rows for row in rows)

    until(closing)
