"""A sandbox for these tests, with a receiver for its webhooks; every response is validated."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
import stripe

from tests.contract.sandbox_process import Running
from tests.contract.stripe_reference import VERSION, VERSIONS, problems
from tests.contract.test_reference_tables import REFERENCE

SECRET = "whsec_contract_tests"
stripe.enable_telemetry = False
Json = dict[str, Any]


class Receiver(ThreadingHTTPServer):
    """Receives webhooks. It responds with ``statuses`` one after the other, then with 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = threading.Lock()
        self.clear()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/webhook"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore connections that a reset of the sandbox closes during a delivery."""

    def clear(self) -> None:
        self.received: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: list[int] = []


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.received.append((self.path, dict(self.headers), body))
            status = self.server.statuses.pop(0) if self.server.statuses else 200
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Log nothing: the tests check ``received``."""


class Api:
    """Stripe's API by plain HTTP. Every JSON response must be valid in Stripe's document, or the test fails."""

    def __init__(self, base_url: str, key: str = "sk_test_contract", version: str = VERSION) -> None:
        self.base_url = base_url
        self.version = version
        self.session = requests.Session()
        self.headers = {"Authorization": f"Bearer {key}"}

    def send(self, method: str, path: str, params: Any = None, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = self.session.request(
            method,
            f"{self.base_url}/v1/{path}",
            params=params if method == "GET" else None,
            data=params if method != "GET" else None,
            headers=self.headers | named,
            timeout=20,
        )
        assert response.headers["Request-Id"].startswith("req_")
        version = named.get("Stripe-Version", self.version)
        # Only two versions have a document, and an unknown one is answered in the account's.
        if REFERENCE.exists() and version in VERSIONS:
            assert problems(response.json(), version) == []
        return response

    def get(self, path: str, params: Any = None) -> Json:
        response = self.send("GET", path, params)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, params: Any = None, **headers: str) -> Json:
        response = self.send("POST", path, params, **headers)
        assert response.status_code == 200, response.text
        return response.json()

    def refused(self, method: str, path: str, params: Any = None, **headers: str) -> tuple[int, Json]:
        """The status and the error of a call that must fail."""
        response = self.send(method, path, params, **headers)
        assert response.status_code != 200, response.text
        return response.status_code, response.json()["error"]

    def intent(self, **params: Any) -> Json:
        """A new intent over 10.00 USD for cards, captured at once unless ``params`` say otherwise."""
        values = {"amount": 1000, "currency": "usd", "capture_method": "automatic"}
        if self.version < "2026-09-30":
            values["payment_method_types[0]"] = "card"
        else:
            values |= {"allowed_payment_method_types[0]": "card", "automatic_payment_methods[enabled]": "true"}
            values["automatic_payment_methods[allow_redirects]"] = "never"
        return self.post("payment_intents", {**values, **params})

    def event_types(self) -> list[str]:
        """Types of all events, oldest first. They are not validated here: test_sandbox_objects.py covers every type."""
        response = self.session.get(
            f"{self.base_url}/v1/events", params={"limit": 100}, headers=self.headers, timeout=20
        )
        return [event["type"] for event in response.json()["data"]][::-1]


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def sandbox_process(receiver: Receiver) -> Iterator[Running]:
    running = Running("--webhook-url", receiver.url, "--webhook-secret", SECRET)
    yield running
    assert running.stop() == 0


@pytest.fixture
def control(sandbox_process: Running, receiver: Receiver) -> Iterator[Running]:
    """The sandbox's controls; afterwards the sandbox is emptied and its settings are restored."""
    defaults = sandbox_process.get("settings")
    yield sandbox_process
    sandbox_process.post("reset")
    sandbox_process.put("settings", **defaults)
    sandbox_process.put("webhooks", base_backoff_ms=1000, max_attempts=16, duplicate=1.0)
    sandbox_process.put("webhooks", enabled_events=["*"], secret=SECRET, api_version=None)
    receiver.clear()


@pytest.fixture
def version() -> str:
    """The API version of the account; modules about what differs by version override it."""
    return VERSION


@pytest.fixture
def api(control: Running, version: str) -> Iterator[Api]:
    """A server with a secret key."""
    control.put("settings", api_version=version)
    client = Api(control.base_url, version=version)
    yield client
    client.session.close()


@pytest.fixture
def browser(control: Running) -> Iterator[Api]:
    """A browser with a publishable key."""
    client = Api(control.base_url, "pk_test_contract")
    yield client
    client.session.close()


@pytest.fixture(scope="session")
def sdk(sandbox_process: Running) -> Any:
    """Stripe's own library as a client."""
    client = stripe.StripeClient(
        "sk_test_contract",
        base_addresses={"api": sandbox_process.base_url},
        stripe_version="2023-10-16",
        max_network_retries=0,
    )
    return client.v1
