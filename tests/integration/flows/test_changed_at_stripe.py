"""create-intent never hands out an intent of another amount, currency or capture method than it is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.flows.erp import Erp, new_order
from tests.integration.flows.test_lost_answers import lose_answers
from tests.support.sandbox import SandboxProcess

CHANGES = [{"amount": 9_000}, {"currency": "nok"}, {"capture_method": "manual"}]


def at_stripe(sandbox: SandboxProcess, intent_id: str) -> dict[str, Any]:
    intent: dict[str, Any] = sandbox.stripe("GET", f"/v1/payment_intents/{intent_id}")
    return intent


def open_intents(sandbox: SandboxProcess, order: str) -> list[str]:
    """The intents of an order that a customer could still pay."""
    return [id_ for id_ in sandbox.intents_of(order) if at_stripe(sandbox, id_)["status"] != "canceled"]


@pytest.mark.parametrize("key", [None, "same"], ids=["no key", "one key"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_an_intent_that_was_changed_is_canceled_and_replaced(
    erp: Erp, sandbox: SandboxProcess, key: str | None, change: dict[str, Any]
) -> None:
    order = new_order()
    keyed = key and f"{key}-{order}"
    first = erp.open(order, key=keyed, currency="sek")[1]["payment_intent_id"]
    sandbox.stripe("POST", f"/v1/payment_intents/{first}", change)

    for _ in range(2):
        status, again = erp.open(order, key=keyed, currency="sek")
        assert (status, again["amount"], again["currency"]) == (201, 100.0, "sek")
        intent = at_stripe(sandbox, again["payment_intent_id"])
        assert (intent["amount"], intent["currency"], intent["capture_method"]) == (10_000, "sek", "automatic")
        assert open_intents(sandbox, order) == [intent["id"]], "a repeat hands the new one out again"
    assert at_stripe(sandbox, first)["cancellation_reason"] == "abandoned"


def test_an_intent_that_was_changed_while_its_answer_was_lost_is_replaced(erp: Erp, sandbox: SandboxProcess) -> None:
    """Stripe's replay of the answer shows the amount as it was when the intent was made."""
    order = new_order()
    lose_answers(sandbox, "^/v1/payment_intents$")
    sandbox.hold_webhooks()
    assert erp.open(order)[0] == 503
    (first,) = sandbox.intents_of(order)
    sandbox.stripe("POST", f"/v1/payment_intents/{first}", {"amount": 9_000})
    again = erp.open(order)[1]["payment_intent_id"]
    assert at_stripe(sandbox, again)["amount"] == 10_000
    assert open_intents(sandbox, order) == [again]


def test_a_key_whose_payment_was_canceled_opens_a_new_one(erp: Erp, sandbox: SandboxProcess) -> None:
    order = new_order()
    first = erp.open(order, key=order)[1]["payment_intent_id"]
    sandbox.stripe("POST", f"/v1/payment_intents/{first}/cancel")
    again = [erp.open(order, key=order)[1]["payment_intent_id"] for _ in range(2)]
    assert again[0] == again[1] != first
    assert open_intents(sandbox, order) == again[:1]


def test_a_key_whose_payment_was_paid_in_another_amount_says_so(erp: Erp, sandbox: SandboxProcess) -> None:
    order = new_order()
    first = erp.open(order, key=order)[1]["payment_intent_id"]
    sandbox.stripe("POST", f"/v1/payment_intents/{first}", {"amount": 9_000})
    sandbox.pay(first)
    status, answer = erp.open(order, key=order)
    assert (status, answer["error"]) == (409, "amount_mismatch")
    assert sandbox.intents_of(order) == [first], "nothing that could be charged twice"


def test_a_paid_payment_is_repeated_for_its_key_as_before(erp: Erp, sandbox: SandboxProcess) -> None:
    order = new_order()
    first = erp.open(order, key=order)[1]
    sandbox.pay(first["payment_intent_id"])
    assert erp.open(order, key=order) == (201, first)


def test_a_changed_intent_that_was_just_paid_is_learnt_before_another_is_made(
    erp: Erp, sandbox: SandboxProcess
) -> None:
    order = new_order()
    first = erp.open(order)[1]["payment_intent_id"]
    sandbox.hold_webhooks()
    sandbox.stripe("POST", f"/v1/payment_intents/{first}", {"amount": 9_000})
    sandbox.pay(first)
    again = erp.open(order)[1]["payment_intent_id"]
    assert again != first
    page = erp.get(f"/payments?order_id={order}")[1]["data"]
    assert {p["payment_intent_id"]: p["status"] for p in page} == {first: "completed", again: "pending"}


def test_a_changed_intent_that_is_being_processed_keeps_a_second_one_from_being_made(
    erp: Erp, sandbox: SandboxProcess
) -> None:
    order = new_order()
    first = erp.open(order)[1]["payment_intent_id"]
    sandbox.stripe("POST", f"/v1/payment_intents/{first}", {"amount": 9_000})
    sandbox.pay(first, processing=True)
    status, answer = erp.open(order)
    assert (status, answer["error"]) == (409, "request_in_progress")
    assert sandbox.intents_of(order) == [first]
