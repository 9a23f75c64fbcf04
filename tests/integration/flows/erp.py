"""The ERP as a client of the API: plain HTTP, as its back end and its browsers would call."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

_orders = itertools.count(1)
Answer = tuple[int, dict[str, Any]]


def new_order() -> str:
    """An order id that no other test uses."""
    return f"order-{time.time_ns()}-{next(_orders)}"


@dataclass(frozen=True)
class Erp:
    """Calls the API with one bearer token."""

    base_url: str
    token: str

    def post(self, path: str, body: dict[str, Any], key: str | None = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}"}
        if key:
            headers["Idempotency-Key"] = key
        answer = requests.post(f"{self.base_url}/api/v1{path}", json=body, headers=headers, timeout=60)
        return answer.status_code, answer.json()

    def get(self, path: str) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.get(f"{self.base_url}/api/v1{path}", headers=headers, timeout=60)
        return answer.status_code, answer.json()

    def open(self, order_id: str, amount: float = 100.0, key: str | None = None, **more: Any) -> Answer:
        body = {"order_id": order_id, "customer_id": "customer-1", "amount": amount, **more}
        return self.post("/payments/stripe/create-intent", body, key)

    def confirm(self, intent_id: str, order_id: str, key: str | None = None) -> Answer:
        return self.post("/payments/stripe/confirm", {"payment_intent_id": intent_id, "order_id": order_id}, key)

    def refund(self, payment_id: str, key: str | None = None, **body: Any) -> Answer:
        return self.post(f"/payments/stripe/refund/{payment_id}", body, key)

    def payment_of(self, order_id: str) -> dict[str, Any]:
        """The one payment of an order, in full."""
        status, page = self.get(f"/payments?order_id={order_id}")
        assert (status, len(page["data"])) == (200, 1), page
        return self.get(f"/payments/{page['data'][0]['id']}")[1]


def until(what: Callable[[], Any], seconds: float = 10.0) -> Any:
    """The first true value of ``what``; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return value
