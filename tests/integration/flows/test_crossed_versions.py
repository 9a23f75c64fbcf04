"""Calls in one version and events in another: an endpoint sends what it was made with, or what the account once had."""

from __future__ import annotations

import pytest

from tests.integration.flows.conftest import NEW, OLD, Versions
from tests.integration.flows.erp import Erp, new_order, until
from tests.support.sandbox import SandboxProcess

BASIL = "2025-03-31.basil"
CROSSED = [Versions(OLD, NEW), Versions(NEW, OLD), Versions(OLD, BASIL), Versions(NEW, BASIL)]


@pytest.fixture(scope="module", params=CROSSED, ids=lambda crossed: f"{crossed.calls}, events {crossed.events}")
def versions(request: pytest.FixtureRequest) -> Versions:
    found: Versions = request.param
    return found


def test_one_story(erp: Erp, sandbox: SandboxProcess, versions: Versions) -> None:
    """Declined, authenticated, paid, refunded here and at Stripe, one refund failed, disputed and won."""
    order = new_order()
    intent_id = erp.open(order)[1]["payment_intent_id"]
    sandbox.pay(intent_id, "4000000000000002")
    paid = sandbox.pay(intent_id, "4000002760003184")
    assert paid["status"] == "succeeded"
    assert erp.confirm(intent_id, order)[0] == 200
    sandbox.drain()
    payment = erp.payment_of(order)
    refund = erp.refund(payment["id"], amount=10.0)[1]
    sandbox.stripe("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": 2500})
    sandbox.drain()
    sandbox.post(f"refunds/{refund['stripe_refund_id']}/settle", {"status": "failed"})
    dispute = sandbox.post("disputes", {"payment_intent": intent_id, "inquiry": True})
    sandbox.post(f"disputes/{dispute['id']}/close", {"outcome": "warning_closed"})
    sandbox.drain()

    payment = until(lambda: (p := erp.payment_of(order))["disputes"] and p)
    assert (payment["status"], payment["amount"], payment["amount_refunded"]) == ("completed", 100.0, 25.0)
    assert sorted((r["amount"], r["status"]) for r in payment["refunds"]) == [(10.0, "failed"), (25.0, "succeeded")]
    assert [attempt["status"] for attempt in payment["attempts"]] == ["failed", "succeeded"]
    assert payment["three_d_secure"]["result"] == "authenticated"
    assert [dispute["status"] for dispute in payment["disputes"]] == ["warning_closed"]
    assert {event["state"] for event in sandbox.get("webhooks/deliveries")["deliveries"]} == {"succeeded"}
    sent = {entry["stripe_version"] for entry in sandbox.requests("payment_intents")}
    assert versions.calls in sent, "the service calls in its own version"


@pytest.mark.parametrize("amount", [60.0, None], ids=["part", "given up"])
def test_a_hold_that_is_released(erp: Erp, sandbox: SandboxProcess, amount: float | None) -> None:
    """Its Refund exists by the version of the call and is sent or not by that of the endpoint: it is none of ours."""
    order = new_order()
    opened = erp.open(order, capture="manual")[1]
    sandbox.pay(opened["payment_intent_id"])
    sandbox.drain()
    path = f"/payments/stripe/{'capture' if amount else 'cancel'}/{erp.payment_of(order)['id']}"
    assert erp.post(path, {"amount": amount} if amount else {})[0] == 200
    sandbox.drain()
    payment = erp.payment_of(order)
    assert payment["status"] == ("completed" if amount else "canceled")
    assert (payment["refund_status"], payment["amount_refunded"], payment["refunds"]) == ("none", 0.0, [])
    status, refund = erp.refund(payment["id"])
    assert (status, refund.get("amount")) == ((201, amount) if amount else (409, None)), "all that was taken"
