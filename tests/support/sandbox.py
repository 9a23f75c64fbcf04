"""The Stripe sandbox as a process, and its controls: the actions of a browser or a bank."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import requests

from tests.support.child import Child

READY_LINE = "sandbox listening on "


class SandboxProcess(Child):
    """A sandbox that keeps its state in memory, or in the file ``data``.

    ``get/post/put/delete`` call its control endpoints with JSON; ``/_sandbox`` in the path is optional.
    """

    secret_key = "sk_test_paydesk_tests"
    publishable_key = "pk_test_paydesk_tests"

    def __init__(
        self, folder: Path, *, webhook_url: str, webhook_secret: str, port: int = 0, data: Path | None = None
    ) -> None:
        self.webhook_secret = webhook_secret
        self.base_url = ""
        self.session = requests.Session()
        command = [
            *(sys.executable, "-m", "sandbox", "--port", str(port)),
            *("--webhook-url", webhook_url, "--webhook-secret", webhook_secret),
            *(("--data", str(data)) if data else ()),
        ]
        super().__init__("sandbox", command, folder / "sandbox.log", {})

    def wait(self, seconds: float = 30) -> None:
        """Wait until it has printed its URL."""
        self.wait_until(self._is_ready, seconds)

    def _is_ready(self) -> bool:
        for line in self.output().splitlines():
            if line.startswith(READY_LINE):
                self.base_url = line.removeprefix(READY_LINE).strip()
        return bool(self.base_url)

    def get(self, path: str, **params: Any) -> Any:
        return self._control("GET", path, params=params)

    def post(self, path: str, body: Any = None) -> Any:
        return self._control("POST", path, json=body if body is not None else {})

    def put(self, path: str, body: Any = None) -> Any:
        return self._control("PUT", path, json=body if body is not None else {})

    def delete(self, path: str) -> Any:
        return self._control("DELETE", path)

    def pay(self, intent_id: str, card: str = "4242424242424242", **options: Any) -> dict[str, Any]:
        """Pay an intent as a browser would, with a card number or a ``pm_card_…`` token. Returns the intent.

        ``three_d_secure``: "complete" (default), "fail" or "abandon". A declined card is not an error here.
        """
        kind = "payment_method" if card.startswith("pm_") else "card"
        paid: dict[str, Any] = self.post(f"payment_intents/{intent_id}/pay", {kind: card, **options})
        return paid

    def pay_with(self, intent_id: str, kind: str, **options: Any) -> dict[str, Any]:
        """Pay an intent with another type of payment method than a card. ``answer``: complete, fail or abandon."""
        paid: dict[str, Any] = self.post(f"payment_intents/{intent_id}/pay", {"type": kind, **options})
        return paid

    def settle_payment(self, intent_id: str, outcome: str) -> dict[str, Any]:
        """What comes of a payment after days: ``succeeded``, ``failed``, ``expired`` or ``processing``."""
        intent: dict[str, Any] = self.post(f"payment_intents/{intent_id}/process", {"outcome": outcome})
        return intent

    def drain(self, seconds: float = 15) -> None:
        """Wait until every webhook has been delivered or has failed."""
        result = self.post("webhooks/drain", {"timeout": seconds})
        assert result["idle"], f"webhooks are still active: {result}"

    def hold_webhooks(self) -> None:
        """Hold every webhook until ``release_webhooks``."""
        self.post("webhooks/hold")

    def release_webhooks(self, **options: Any) -> None:
        """Send the held webhooks (``duplicate``, ``shuffle``, ``seed``) and wait until they are delivered."""
        self.post("webhooks/release", options)
        self.drain()

    def fault(self, **fault: Any) -> None:
        """Add one fault; see sandbox/README.md for its fields."""
        self.post("faults", fault)

    def requests(self, path: str | None = None, method: str | None = None) -> list[dict[str, Any]]:
        """The API requests so far, oldest first."""
        filters = {"path": path, "method": method}
        params = {name: value for name, value in filters.items() if value}
        entries: list[dict[str, Any]] = self._control("GET", "requests", params=params)["requests"]
        return entries

    def books(self) -> list[dict[str, Any]]:
        """The totals of every intent, oldest first: Stripe's own books, in minor units."""
        return list(self.get("books", limit=100_000)["data"])

    def intents_of(self, order_id: str) -> list[str]:
        """The ids of every intent of an order."""
        return [line["id"] for line in self.books() if line["metadata"].get("order_id") == order_id]

    def refunded(self, intent_id: str) -> int:
        """The amount that Stripe has refunded on an intent."""
        (amount,) = [line["refunded"] for line in self.books() if line["id"] == intent_id]
        return int(amount)

    def reset(self) -> None:
        """Remove every object, delivery, hold and fault."""
        self.post("reset")

    def stripe(self, method: str, path: str, params: dict[str, Any] | None = None) -> Any:
        """A call of Stripe's API with the secret key: ``stripe("GET", "/v1/refunds", {"charge": …})``."""
        response = self.session.request(
            method,
            self.base_url + path,
            params=params if method == "GET" else None,
            data=params if method != "GET" else None,
            auth=(self.secret_key, ""),
            timeout=30,
        )
        assert response.ok, f"{method} {path} answered {response.status_code}: {response.text}"
        return response.json()

    def _control(self, method: str, path: str, **options: Any) -> Any:
        url = f"{self.base_url}/_sandbox/{path.removeprefix('/_sandbox').lstrip('/')}"
        response = self.session.request(method, url, timeout=30, **options)
        assert response.ok, f"{method} {url} answered {response.status_code}: {response.text}"
        return response.json()
