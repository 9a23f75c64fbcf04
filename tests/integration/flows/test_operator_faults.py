"""A fault of whoever set Stripe up is not a declined card: the payment stays open, and the operator is told."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.integration.flows.erp import Erp, new_order, until
from tests.integration.flows.test_every_card import paid
from tests.integration.flows.test_holds import capture, hold
from tests.support.sandbox import SandboxProcess
from tests.support.server import LiveServer

FAULTS: list[dict[str, Any]] = [
    {"effect": "400", "error": {"message": "Invalid Stripe API version: 2031-01-01"}},
    {
        "effect": "400",
        "error": {"message": "Received unknown parameter: hooks", "code": "parameter_unknown", "param": "hooks"},
    },
    {"effect": "400", "error": {"message": "No valid payment method types for this Payment Intent."}},
    {"effect": "400", "error": {"message": "It is not writable.", "code": "payment_method_types_no_longer_supported"}},
    {"effect": "400", "error": {"message": "It exists in live mode.", "code": "livemode_mismatch"}},
    {"effect": "403", "error": {"message": "The key rk_test_*abc lacks the permission rak_charge_write."}},
]


def readiness(erp: Erp) -> dict[str, Any]:
    answer = requests.get(f"{erp.base_url}/readyz", timeout=10)
    assert answer.status_code == 200
    return dict(answer.json()["checks"]["stripe_configuration"])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["error"].get("code") or fault["effect"])
def test_the_payment_stays_open_and_payable(
    erp: Erp, sandbox: SandboxProcess, live_server: LiveServer, fault: dict[str, Any]
) -> None:
    order = new_order()
    sandbox.fault(match={"method": "POST", "path": "^/v1/payment_intents$"}, times=1, **fault)
    status, answer = erp.open(order)
    assert (status, answer["error"]) == (502, "stripe_configuration_error")
    assert "card" not in answer["message"]
    assert fault["error"]["message"] not in str(answer)
    assert erp.payment_of(order)["status"] == "pending"
    warning = readiness(erp)
    said = fault["error"]["message"].replace("rk_test_*abc", "…")
    assert (warning["state"], said in warning["message"]) == ("warning", True), warning
    assert '"stripe_configuration_error"' in live_server.output()

    status, opened = erp.open(order)
    assert status == 201, opened
    # Each process looks once in a while whether what works for it was noted as a fault by another.
    until(lambda: erp.open(new_order())[0] == 201 and readiness(erp)["state"] == "ok", 30)
    sandbox.pay(opened["payment_intent_id"])
    assert erp.confirm(opened["payment_intent_id"], order)[1]["status"] == "completed"


def test_a_refund_stays_reserved_and_is_completed(erp: Erp, sandbox: SandboxProcess) -> None:
    payment = paid(erp, sandbox, "4242424242424242")
    sandbox.fault(match={"method": "POST", "path": "^/v1/refunds$"}, times=1, **FAULTS[5])
    assert erp.refund(payment["id"], amount=10.0)[1]["error"] == "stripe_configuration_error"
    assert erp.refund(payment["id"], amount=10.0)[1]["status"] == "succeeded"
    assert sandbox.refunded(payment["payment_intent_id"]) == 1_000


def test_a_capture_is_completed_when_the_fault_is_mended(erp: Erp, sandbox: SandboxProcess) -> None:
    held = hold(erp, sandbox)
    sandbox.fault(match={"method": "POST", "path": "/capture$"}, times=1, **FAULTS[1])
    assert capture(erp, held["id"])[1]["error"] == "stripe_configuration_error"
    assert capture(erp, held["id"])[1]["status"] == "completed"


def test_a_confirmation_is_no_declined_card_either(erp: Erp, sandbox: SandboxProcess) -> None:
    order = new_order()
    opened = erp.open(order)[1]
    sandbox.fault(match={"method": "GET"}, times=1, **FAULTS[0])
    assert erp.confirm(opened["payment_intent_id"], order)[1]["error"] == "stripe_configuration_error"
    assert erp.confirm(opened["payment_intent_id"], order)[1]["error"] == "payment_not_completed"
