"""A hold is placed when the customer pays, and captured on shipment or given back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.flows.erp import Erp, new_order
from tests.integration.flows.test_concurrency import at_once
from tests.integration.flows.test_lost_answers import CALLS, lose_answers
from tests.support.sandbox import SandboxProcess

CAPTURE = "^/v1/payment_intents/[^/]+/capture$"
CANCEL = "^/v1/payment_intents/[^/]+/cancel$"


def capture(erp: Erp, payment_id: str, key: str | None = None, **body: Any) -> tuple[int, dict[str, Any]]:
    return erp.post(f"/payments/stripe/capture/{payment_id}", body, key)


def cancel(erp: Erp, payment_id: str, key: str | None = None) -> tuple[int, dict[str, Any]]:
    return erp.post(f"/payments/stripe/cancel/{payment_id}", {}, key)


def hold(erp: Erp, sandbox: SandboxProcess, card: str = "4242424242424242") -> dict[str, Any]:
    """A payment of 100.00 whose money is held."""
    order = new_order()
    status, opened = erp.open(order, capture="manual")
    assert status == 201, opened
    sandbox.pay(opened["payment_intent_id"], card)
    status, held = erp.confirm(opened["payment_intent_id"], order)
    assert (status, held["status"], held["capture_method"]) == (200, "authorized", "manual"), held
    return held


def books_of(sandbox: SandboxProcess, payment: dict[str, Any]) -> tuple[str, int, int]:
    """Status, captured and released of the payment at Stripe."""
    (line,) = [line for line in sandbox.books() if line["id"] == payment["payment_intent_id"]]
    return line["status"], line["amount_captured"], line["released"]


@pytest.mark.parametrize("amount", [None, 60.0], ids=["all", "part"])
def test_a_hold_is_captured(erp: Erp, sandbox: SandboxProcess, amount: float | None) -> None:
    held = hold(erp, sandbox)
    assert held["hold_expires_at"]
    assert held["completed_at"] is None
    status, taken = capture(erp, held["id"], None, **({"amount": amount} if amount else {}))
    minor = int((amount or 100.0) * 100)
    assert (status, taken["status"]) == (200, "completed"), taken
    assert books_of(sandbox, held) == ("succeeded", minor, 10_000 - minor)
    sandbox.drain()
    assert erp.payment_of(held["order_id"])["status"] == "completed"


def test_the_capture_method_is_sent_and_belongs_to_the_request(erp: Erp, sandbox: SandboxProcess) -> None:
    order = new_order()
    methods: list[dict[str, Any]] = [{}, {}, {"capture": "manual"}, {"capture": "manual"}]
    opened = [erp.open(order, **more)[1]["payment_intent_id"] for more in methods]
    assert len(set(opened)) == 2, "a hold is another payment than one that is taken at once"
    created = [entry for entry in sandbox.requests("payment_intents", "POST") if entry["path"].endswith("intents")]
    assert [entry["params"]["capture_method"] for entry in created] == ["automatic", "manual"]
    assert erp.open(order, key="k1", capture="manual")[0] == 201
    assert erp.open(order, key="k1")[1]["error"] == "idempotency_key_reused"


def test_a_hold_is_captured_before_its_webhook_has_come(erp: Erp, sandbox: SandboxProcess) -> None:
    order = new_order()
    opened = erp.open(order, capture="manual")[1]
    sandbox.hold_webhooks()
    sandbox.pay(opened["payment_intent_id"])
    assert capture(erp, erp.payment_of(order)["id"])[1]["status"] == "completed"


@pytest.mark.parametrize("card", ["4242424242424242", None], ids=["hold", "open"])
def test_a_payment_is_given_up(erp: Erp, sandbox: SandboxProcess, card: str | None) -> None:
    order = new_order()
    opened = erp.open(order, capture="manual")[1]
    if card:
        sandbox.pay(opened["payment_intent_id"], card)
        sandbox.drain()
    payment = erp.payment_of(order)
    status, given_up = cancel(erp, payment["id"])
    assert (status, given_up["status"]) == (200, "canceled"), given_up
    assert books_of(sandbox, payment) == ("canceled", 0, 10_000 if card else 0)
    assert cancel(erp, payment["id"])[1]["error"] == "payment_not_cancelable"
    assert capture(erp, payment["id"])[1]["error"] == "payment_not_capturable"
    assert erp.open(order, capture="manual")[1]["payment_intent_id"] != opened["payment_intent_id"]


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        ("capture", {"amount": 100.01}, 409, "amount_exceeds_capturable"),
        ("capture", {"amount": 0}, 422, "amount_invalid"),
        ("capture", {"amount": 1.001}, 422, "amount_invalid"),
        ("capture", {"amount": "60"}, 422, "validation_failed"),
        ("capture", {"note": "x"}, 422, "validation_failed"),
        ("cancel", {"amount": 60}, 422, "validation_failed"),
    ],
)
def test_what_is_refused_leaves_the_hold(
    erp: Erp, sandbox: SandboxProcess, path: str, body: dict[str, Any], status: int, word: str
) -> None:
    held = hold(erp, sandbox)
    answer = erp.post(f"/payments/stripe/{path}/{held['id']}", body)
    assert (answer[0], answer[1]["error"]) == (status, word)
    assert capture(erp, held["id"])[1]["status"] == "completed"


def test_customers_may_neither_capture_nor_cancel(erp: Erp, sandbox: SandboxProcess, token: Callable[..., str]) -> None:
    held = hold(erp, sandbox)
    bound = Erp(erp.base_url, token(scope="payments:read payments:write", customer_id="customer-1"))
    for answer in (capture(bound, held["id"]), cancel(bound, held["id"])):
        assert (answer[0], answer[1]["error"]) == (403, "forbidden")
    assert books_of(sandbox, held)[0] == "requires_capture"


def test_twenty_captures_at_once_capture_once(erp: Erp, sandbox: SandboxProcess) -> None:
    held = hold(erp, sandbox)
    answers = at_once(20, lambda n: capture(erp, held["id"], amount=10.0 + n))
    statuses = Counter(status for status, _ in answers)
    assert statuses == {200: 1, 409: 19}, answers
    assert {a["error"] for s, a in answers if s == 409} <= {"payment_not_capturable", "request_in_progress"}
    sandbox.drain()
    (winner,) = [n for n, (status, _) in enumerate(answers) if status == 200]
    assert books_of(sandbox, held)[:2] == ("succeeded", 1_000 + 100 * winner)


def test_one_key_at_once_captures_once_and_answers_alike(erp: Erp, sandbox: SandboxProcess) -> None:
    held = hold(erp, sandbox)
    answers = at_once(20, lambda _: capture(erp, held["id"], f"capture-{held['id']}", amount=60.0))
    assert Counter(status for status, _ in answers) == {200: 20}, answers
    assert books_of(sandbox, held) == ("succeeded", 6_000, 4_000)


def test_a_capture_and_a_cancellation_at_once_end_in_one_of_them(erp: Erp, sandbox: SandboxProcess) -> None:
    for _ in range(5):
        held = hold(erp, sandbox)
        answers = at_once(6, lambda n, held=held: (capture, cancel)[n % 2](erp, held["id"]))
        sandbox.drain()
        ended = erp.payment_of(held["order_id"])["status"]
        assert {a["status"] for s, a in answers if s == 200} == {ended}, answers
        assert books_of(sandbox, held)[0] == {"completed": "succeeded", "canceled": "canceled"}[ended]


@pytest.mark.parametrize("keyed", [True, False], ids=["with key", "no key"])
@pytest.mark.parametrize(("act", "path"), [(capture, CAPTURE), (cancel, CANCEL)], ids=["capture", "cancel"])
def test_a_lost_answer_is_completed_by_a_retry(
    erp: Erp, sandbox: SandboxProcess, keyed: bool, act: Any, path: str
) -> None:
    held = hold(erp, sandbox)
    sandbox.hold_webhooks()
    key = f"lost-{held['id']}" if keyed else None
    lose_answers(sandbox, path)
    assert act(erp, held["id"], key)[1]["error"] == "stripe_unavailable"
    status, ended = act(erp, held["id"], key)
    assert (status, ended["status"]) == (200, "completed" if act is capture else "canceled"), ended
    assert len([r for r in sandbox.requests(held["payment_intent_id"], "POST") if "confirm" not in r["path"]]) == CALLS


def test_a_capture_that_never_reached_stripe_does_not_stop_a_cancellation(erp: Erp, sandbox: SandboxProcess) -> None:
    held = hold(erp, sandbox)
    sandbox.fault(match={"method": "POST", "path": CAPTURE}, times=CALLS, effect="503")
    assert capture(erp, held["id"], "k-capture")[0] == 503
    assert cancel(erp, held["id"])[1]["status"] == "canceled"
    assert capture(erp, held["id"], "k-capture")[1]["error"] == "payment_not_capturable"
    assert books_of(sandbox, held)[0] == "canceled"


def test_what_happened_at_stripe_instead_is_learnt(erp: Erp, sandbox: SandboxProcess) -> None:
    held = hold(erp, sandbox)
    sandbox.hold_webhooks()
    sandbox.stripe("POST", f"/v1/payment_intents/{held['payment_intent_id']}/cancel")
    assert capture(erp, held["id"])[1]["error"] == "payment_not_capturable"
    assert erp.payment_of(held["order_id"])["status"] == "canceled"


def test_a_capture_made_in_the_dashboard_is_not_made_again(erp: Erp, sandbox: SandboxProcess) -> None:
    held = hold(erp, sandbox)
    sandbox.hold_webhooks()
    sandbox.stripe("POST", f"/v1/payment_intents/{held['payment_intent_id']}/capture", {"amount_to_capture": 3000})
    status, answer = capture(erp, held["id"], amount=60.0)
    assert (status, answer["error"]) == (409, "payment_not_capturable")
    known = erp.payment_of(held["order_id"])
    assert (known["status"], known["amount_captured"], known["amount_released"]) == ("completed", 30, 70)
    assert books_of(sandbox, held) == ("succeeded", 3000, 7000)


def test_what_was_captured_can_be_refunded_and_no_more(erp: Erp, sandbox: SandboxProcess) -> None:
    held = hold(erp, sandbox)
    assert capture(erp, held["id"], amount=60.0)[0] == 200
    assert erp.refund(held["id"], amount=70.0)[1]["error"] == "amount_exceeds_refundable"
    assert erp.refund(held["id"], amount=25.0)[0] == 201
    sandbox.drain()
    known = erp.payment_of(held["order_id"])
    assert (known["amount_refunded"], known["amount_refundable"], known["amount_released"]) == (25, 35, 40)
