"""Stripe does the work and its answer is lost: a retry completes it, and Stripe holds one object."""

from __future__ import annotations

import pytest

from tests.integration.flows.erp import Erp, new_order
from tests.integration.flows.test_every_card import paid
from tests.support.sandbox import SandboxProcess

# The SDK repeats a failed call once by itself, so two answers must be lost before we notice.
CALLS = 2


def lose_answers(sandbox: SandboxProcess, path: str) -> None:
    """Do the work of the next call, and close the connection instead of answering; likewise for its repetition."""
    sandbox.fault(match={"method": "POST", "path": path}, times=CALLS, effect="answer_lost")


@pytest.mark.parametrize("keyed", [True, False], ids=["with key", "no key"])
def test_create_intent(erp: Erp, sandbox: SandboxProcess, keyed: bool) -> None:
    order = new_order()
    key = f"key-{order}" if keyed else None
    lose_answers(sandbox, "^/v1/payment_intents$")
    status, answer = erp.open(order, key=key)
    assert (status, answer["error"]) == (503, "stripe_unavailable")
    assert erp.payment_of(order)["status"] == "pending"

    status, opened = erp.open(order, key=key)
    assert status == 201, opened
    assert sandbox.intents_of(order) == [opened["payment_intent_id"]]
    assert erp.payment_of(order)["payment_intent_id"] == opened["payment_intent_id"]


def test_create_intent_retried_with_another_description(erp: Erp, sandbox: SandboxProcess) -> None:
    """Stripe refuses the same key with other parameters; the intent that the first call made is found all the same."""
    order = new_order()
    lose_answers(sandbox, "^/v1/payment_intents$")
    assert erp.open(order, description="first")[0] == 503
    status, opened = erp.open(order, description="second")
    assert status == 201, opened
    assert sandbox.intents_of(order) == [opened["payment_intent_id"]]


@pytest.mark.parametrize("keyed", [True, False], ids=["with key", "no key"])
@pytest.mark.parametrize("amount", [10.0, None], ids=["part", "all"])
def test_refund(erp: Erp, sandbox: SandboxProcess, keyed: bool, amount: float | None) -> None:
    payment = paid(erp, sandbox, "4242424242424242")
    key = f"refund-{payment['id']}" if keyed else None
    body = {"reason": "broken on arrival"} | ({"amount": amount} if amount else {})
    sandbox.hold_webhooks()  # else the event would tell us what the answer did not
    lose_answers(sandbox, "^/v1/refunds$")
    status, answer = erp.refund(payment["id"], key=key, **body)
    assert (status, answer["error"]) == (503, "stripe_unavailable")
    assert [r["status"] for r in erp.payment_of(payment["order_id"])["refunds"]] == ["pending"]

    status, refund = erp.refund(payment["id"], key=key, **body)
    sandbox.release_webhooks()
    assert (status, refund["status"]) == (201, "succeeded"), refund
    minor = int((amount or 100.0) * 100)
    assert sandbox.refunded(payment["payment_intent_id"]) == minor
    assert len(erp.payment_of(payment["order_id"])["refunds"]) == 1


def test_a_lost_refund_is_completed_by_its_webhook_alone(erp: Erp, sandbox: SandboxProcess) -> None:
    payment = paid(erp, sandbox, "4242424242424242")
    lose_answers(sandbox, "^/v1/refunds$")
    assert erp.refund(payment["id"], amount=10.0)[0] == 503
    sandbox.drain()
    settled = erp.payment_of(payment["order_id"])
    assert [(r["status"], r["amount"]) for r in settled["refunds"]] == [("succeeded", 10.0)]
    assert settled["amount_refunded"] == 10.0
