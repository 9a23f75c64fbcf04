"""A Stripe that misbehaves on command, for the failures that the sandbox has no reason to have.

It knows just enough of payment intents and refunds to be paid and refunded; everything else is the sandbox's business.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

CHARGE: dict[str, Any] = {
    "object": "charge",
    "status": "succeeded",
    "captured": True,
    "payment_method": "pm_1",
    "payment_method_details": {
        "type": "card",
        "card": {
            "brand": "visa",
            "last4": "4242",
            "country": "US",
            "three_d_secure": {"result": "authenticated", "authentication_flow": "challenge", "version": "2.2.0"},
        },
    },
}


@dataclass
class Misbehaviour:
    """What to answer instead: ``silent`` waits until the test is over, ``after_work`` does the work first."""

    status: int = 500
    body: bytes = b""
    silent: bool = False
    after_work: bool = False


@dataclass
class StripeDouble:
    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    misbehaviour: Misbehaviour | None = None
    url: str = ""
    over: Event = field(default_factory=Event)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _replays: dict[str, dict[str, Any]] = field(default_factory=dict)

    def forget(self) -> None:
        """End what waits in silence, and begin again with nothing."""
        self.over.set()
        self.over = Event()
        self.misbehaviour = None
        for kept in (self.intents, self.refunds, self.calls, self._replays):
            kept.clear()

    def answer(self, method: str, path: str, form: dict[str, str], key: str | None) -> dict[str, Any]:
        self.calls.append(f"{method} {path}")
        if key in self._replays:
            return self._replays[str(key)]
        if (method, path) == ("POST", "/v1/payment_intents"):
            found = self._intent(form)
        elif (method, path) == ("POST", "/v1/refunds"):
            found = self._refund(form)
        elif path == "/v1/refunds":
            rows = [row for row in self.refunds if row["payment_intent"] == form["payment_intent"]]
            return {"object": "list", "data": rows, "has_more": False, "url": path}
        elif path == "/v1/payment_intents":
            return {"object": "list", "data": list(self.intents.values()), "has_more": False, "url": path}
        elif path.split("/")[3] not in self.intents:
            return {"error": {"type": "invalid_request_error", "code": "resource_missing", "message": "No such intent"}}
        else:
            found = self.intents[path.split("/")[3]]
        if key:
            self._replays[key] = dict(found)
        return found

    def pay(self, intent_id: str) -> None:
        """As the customer's browser would, with a card that asks for 3-D Secure."""
        intent = self.intents[intent_id]
        charge = {
            **CHARGE,
            "id": intent_id.replace("pi_", "ch_"),
            "created": int(time.time()),
            "amount": intent["amount"],
            "currency": intent["currency"],
            "amount_captured": intent["amount"],
            "amount_refunded": 0,
            "payment_intent": intent_id,
        }
        intent |= {
            "status": "succeeded",
            "amount_received": intent["amount"],
            "latest_charge": charge,
            "payment_method": "pm_1",
        }

    def change(self, intent_id: str, **values: Any) -> None:
        self.intents[intent_id] |= values

    def _intent(self, form: dict[str, str]) -> dict[str, Any]:
        number = next(self._numbers)
        intent_id = f"pi_{time.time_ns()}x{number}"
        self.intents[intent_id] = {
            "id": intent_id,
            "object": "payment_intent",
            "status": "requires_payment_method",
            "amount": int(form["amount"]),
            "currency": form["currency"],
            "created": int(time.time()),
            "livemode": False,
            "capture_method": "automatic",
            "client_secret": f"{intent_id}_secret_hidden{number}",
            "description": form.get("description"),
            "metadata": {name: form[f"metadata[{name}]"] for name in ("order_id", "customer_id", "paydesk_payment_id")},
        }
        return self.intents[intent_id]

    def _refund(self, form: dict[str, str]) -> dict[str, Any]:
        refund = {
            "id": f"re_{time.time_ns()}",
            "object": "refund",
            "status": "succeeded",
            "amount": int(form["amount"]),
            "currency": self.intents[form["payment_intent"]]["currency"],
            "created": int(time.time()),
            "payment_intent": form["payment_intent"],
            "charge": form["payment_intent"].replace("pi_", "ch_"),
            "reason": form.get("reason"),
            "metadata": {name[9:-1]: text for name, text in form.items() if name.startswith("metadata[")},
        }
        self.refunds.append(refund)
        return refund


@contextmanager
def stripe_double() -> Iterator[StripeDouble]:
    """Serve one on a free port."""
    double = StripeDouble()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve("GET", urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._serve("POST", self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

        def _serve(self, method: str, form: str) -> None:
            bad, over = double.misbehaviour, double.over
            values = {name: value[-1] for name, value in parse_qs(form).items()}
            status, body = 200, b""
            if bad is None or bad.after_work:
                found = double.answer(method, urlsplit(self.path).path, values, self.headers.get("Idempotency-Key"))
                status, body = 404 if "error" in found else 200, json.dumps(found).encode()
            else:
                double.calls.append(f"{method} {urlsplit(self.path).path}")
            if bad is not None:
                status, body = bad.status, bad.body
                if bad.silent:
                    over.wait(30)
                    self.close_connection = True
                    return
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Request-Id", "req_double")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    double.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield double
    finally:
        double.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def stripe_error(kind: str, **more: Any) -> bytes:
    """An error's body as Stripe writes it."""
    return json.dumps({"error": {"type": kind, "message": "sk_test_leak told by Stripe", **more}}).encode()
