"""Stripe keeps an error under our idempotency key for a day. It is not repeated, and nothing is made twice."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from tests.integration.flows.erp import Erp, new_order
from tests.integration.flows.test_every_card import paid
from tests.integration.flows.test_holds import CANCEL, CAPTURE, cancel, capture, hold
from tests.support.profiles import examples
from tests.support.sandbox import SandboxProcess

INTENTS = "^/v1/payment_intents$"
REFUNDS = "^/v1/refunds$"


def store_error(sandbox: SandboxProcess, path: str, *, work: bool, effect: str = "500", **more: Any) -> None:
    """The next call ends in an error that its key keeps."""
    sandbox.fault(match={"method": "POST", "path": path}, times=1, effect=effect, work=work, stored=True, **more)


def keys_of(sandbox: SandboxProcess, path: str) -> list[str]:
    """The idempotency keys that Stripe saw, each once."""
    calls = [entry for entry in sandbox.requests(method="POST") if re.search(path, entry["path"])]
    return list(dict.fromkeys(entry["idempotency_key"] for entry in calls))


@pytest.mark.parametrize("work", [True, False], ids=["done", "not done"])
@pytest.mark.parametrize("keyed", [True, False], ids=["with key", "no key"])
def test_an_order_stays_payable(erp: Erp, sandbox: SandboxProcess, work: bool, keyed: bool) -> None:
    order = new_order()
    store_error(sandbox, INTENTS, work=work)
    status, opened = erp.open(order, key=order if keyed else None)
    assert status == 201, opened
    assert sandbox.intents_of(order) == [opened["payment_intent_id"]]
    keys = keys_of(sandbox, INTENTS)
    assert keys == ([keys[0]] if work else [keys[0], f"{keys[0]}-2"])
    sandbox.pay(opened["payment_intent_id"])
    assert erp.confirm(opened["payment_intent_id"], order)[1]["status"] == "completed"


@pytest.mark.parametrize("work", [True, False], ids=["done", "not done"])
def test_a_refund_is_made_once(erp: Erp, sandbox: SandboxProcess, work: bool) -> None:
    payment = paid(erp, sandbox, "4242424242424242")
    sandbox.hold_webhooks()
    store_error(sandbox, REFUNDS, work=work)
    status, refund = erp.refund(payment["id"], amount=10.0)
    assert (status, refund["status"]) == (201, "succeeded")
    assert sandbox.refunded(payment["payment_intent_id"]) == 1_000
    assert len(keys_of(sandbox, REFUNDS)) == (1 if work else 2)


@pytest.mark.parametrize("work", [True, False], ids=["done", "not done"])
@pytest.mark.parametrize(
    ("act", "path", "status"),
    [(capture, CAPTURE, "completed"), (cancel, CANCEL, "canceled")],
    ids=["capture", "cancel"],
)
def test_a_hold_ends_once(erp: Erp, sandbox: SandboxProcess, act: Any, path: str, status: str, work: bool) -> None:
    held = hold(erp, sandbox)
    sandbox.hold_webhooks()
    store_error(sandbox, path, work=work)
    assert act(erp, held["id"])[1]["status"] == status
    assert len(keys_of(sandbox, path)) == (1 if work else 2)


def test_the_key_that_is_next_outlives_the_request(erp: Erp, sandbox: SandboxProcess) -> None:
    """Two errors in a row end the request; the one after it goes on with the third key and not with the first."""
    order = new_order()
    # The first key, its repetition by the SDK (a replay), and the second key; the repetition of that is a replay too.
    sandbox.fault(match={"method": "POST", "path": INTENTS}, times=3, effect="500", work=False, stored=True)
    assert erp.open(order)[1]["error"] == "stripe_unavailable"
    status, opened = erp.open(order)
    assert status == 201, opened
    assert sandbox.intents_of(order) == [opened["payment_intent_id"]]
    keys = keys_of(sandbox, INTENTS)
    assert keys == [keys[0], f"{keys[0]}-2", f"{keys[0]}-3"]


def test_an_operator_s_fault_that_stripe_keeps_is_over_when_it_is_mended(erp: Erp, sandbox: SandboxProcess) -> None:
    order = new_order()
    words = {"message": "No valid payment method types for this Payment Intent."}
    store_error(sandbox, INTENTS, work=False, effect="400", error=words)
    assert erp.open(order)[1]["error"] == "stripe_configuration_error"
    status, opened = erp.open(order)
    assert status == 201, opened
    assert sandbox.intents_of(order) == [opened["payment_intent_id"]]


FAULTS = st.lists(
    st.tuples(st.sampled_from(["500", "503", "answer_lost", "402", "429"]), st.booleans(), st.booleans()), max_size=4
)


@profile(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(faults=FAULTS)
def test_whatever_stripe_does_and_keeps_nothing_is_made_twice(
    erp: Erp, sandbox: SandboxProcess, faults: list[tuple[str, bool, bool]]
) -> None:
    sandbox.delete("faults")
    order = new_order()
    strike(sandbox, INTENTS, faults)
    opened = until_answered(lambda: erp.open(order), 201)
    assert sandbox.intents_of(order) == [opened["payment_intent_id"]]
    sandbox.delete("faults")
    sandbox.pay(opened["payment_intent_id"])
    payment = erp.confirm(opened["payment_intent_id"], order)[1]
    assert payment["status"] == "completed", payment

    strike(sandbox, REFUNDS, [fault for fault in faults if fault[0] != "402"])
    until_answered(lambda: erp.refund(payment["id"], key=order, amount=10.0), 201)
    assert sandbox.refunded(payment["payment_intent_id"]) == 1_000


def strike(sandbox: SandboxProcess, path: str, faults: list[tuple[str, bool, bool]]) -> None:
    """Stripe keeps what it answers once it has begun; a 402 and a 429 come before anything is made."""
    for effect, work, stored in faults:
        done = effect == "answer_lost" or (work and effect in {"500", "503"})
        kept = effect != "429" and (stored or done)
        sandbox.fault(match={"method": "POST", "path": path}, times=1, effect=effect, work=done, stored=kept)


def until_answered(ask: Any, status: int) -> dict[str, Any]:
    """What a client gets in the end that repeats what may be repeated."""
    for _ in range(12):
        actual, answer = ask()
        if actual == status:
            return dict(answer)
        assert actual in {402, 409, 503}, answer
    raise AssertionError("it never came through")
