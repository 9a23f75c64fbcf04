"""Many requests at once, over two gunicorn workers, judged by the sandbox's own books."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.flows.erp import Answer, Erp, new_order
from tests.integration.flows.test_every_card import paid
from tests.support.sandbox import SandboxProcess


def at_once(count: int, what: Any) -> list[Answer]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(what, range(count)))


@pytest.mark.parametrize("keyed", [True, False], ids=["one key", "no key"])
def test_fifty_clicks_open_one_payment(erp: Erp, sandbox: SandboxProcess, keyed: bool) -> None:
    order = new_order()
    answers = at_once(50, lambda _: erp.open(order, key=f"key-{order}" if keyed else None))
    assert Counter(status for status, _ in answers) == {201: 50}, answers
    assert all(answer == answers[0][1] for _, answer in answers)
    erp.payment_of(order)  # fails unless there is exactly one
    assert sandbox.intents_of(order) == [answers[0][1]["payment_intent_id"]]


def test_one_key_for_two_requests_is_refused(erp: Erp, sandbox: SandboxProcess) -> None:
    order = new_order()
    assert erp.open(order, amount=10.0, key=f"key-{order}")[0] == 201
    status, answer = erp.open(order, amount=11.0, key=f"key-{order}")
    assert (status, answer["error"]) == (422, "idempotency_key_reused")
    assert len(sandbox.intents_of(order)) == 1


@pytest.mark.parametrize("keyed", [True, False], ids=["own keys", "no keys"])
def test_twenty_refunds_at_once_never_exceed_the_payment(erp: Erp, sandbox: SandboxProcess, keyed: bool) -> None:
    payment = paid(erp, sandbox, "4242424242424242")
    answers = at_once(
        20, lambda n: erp.refund(payment["id"], key=f"r-{payment['id']}-{n}" if keyed else None, amount=10.0)
    )
    assert Counter(status for status, _ in answers) == {201: 10, 409: 10}, answers
    assert {a["error"] for s, a in answers if s == 409} == {"amount_exceeds_refundable"}
    sandbox.drain()
    assert sandbox.refunded(payment["payment_intent_id"]) == 10_000
    settled = erp.payment_of(payment["order_id"])
    assert (settled["refund_status"], settled["amount_refunded"], len(settled["refunds"])) == ("full", 100.0, 10)


def test_one_refund_key_at_once_refunds_once(erp: Erp, sandbox: SandboxProcess) -> None:
    payment = paid(erp, sandbox, "4242424242424242")
    answers = at_once(20, lambda _: erp.refund(payment["id"], key=f"once-{payment['id']}", amount=10.0))
    assert Counter(status for status, _ in answers) == {201: 20}, answers
    assert all(answer == answers[0][1] for _, answer in answers)
    assert sandbox.refunded(payment["payment_intent_id"]) == 1_000


def test_a_confirmed_payment_is_answered_alike_however_often(erp: Erp, sandbox: SandboxProcess) -> None:
    payment = paid(erp, sandbox, "4242424242424242")
    answers = at_once(20, lambda _: erp.confirm(payment["payment_intent_id"], payment["order_id"]))
    assert Counter(status for status, _ in answers) == {200: 20}
