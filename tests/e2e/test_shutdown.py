"""A deploy: gunicorn gets SIGTERM while a request waits for Stripe."""

from __future__ import annotations

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from pymongo.database import Database

from tests.support.sandbox import SandboxProcess
from tests.support.server import LiveServer


def test_a_request_in_flight_is_answered_before_the_process_ends(
    start_server: Callable[..., LiveServer],
    sandbox: SandboxProcess,
    bearer: dict[str, str],
    database: Database[dict[str, Any]],
) -> None:
    server = start_server()
    sandbox.fault(effect="slow", match={"method": "POST", "path": "^/v1/payment_intents$"}, delay_ms=4_000)
    body = {"order_id": "order-1", "customer_id": "customer-1", "amount": 10}
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(server.request, "POST", "/api/v1/payments/stripe/create-intent", json=body, headers=bearer)
        # The row is written before Stripe is called.
        server.wait_until(lambda: database["payments"].count_documents({"order_id": "order-1"}) == 1)
        assert not answer.done(), "the request was over before the server got SIGTERM"
        server.process.send_signal(signal.SIGTERM)
        assert answer.result().status_code == 201, server.tail()
    assert server.process.wait(30) == 0
    intent_id = answer.result().json()["payment_intent_id"]
    assert sandbox.intents_of("order-1") == [intent_id]
    stored = database["payments"].find_one({"order_id": "order-1"})
    assert stored["payment_intent_id"] == intent_id, "what Stripe answered is kept"
    with pytest.raises(requests.ConnectionError):
        server.request("GET", "/healthz")
