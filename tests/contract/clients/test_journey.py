"""Stripe's own libraries against the sandbox: all of them see the same, in both versions."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.clients.libraries import LIBRARIES, Library, command
from tests.contract.conftest import SECRET, Api, Receiver
from tests.contract.sandbox_process import Running
from tests.contract.stripe_reference import NEWEST, VERSION, VERSIONS

# Releases are installed at first, which needs the network, and a journey makes sixty calls.
pytestmark = [pytest.mark.thorough, pytest.mark.timeout(900)]
Json = dict[str, Any]
Run = Callable[..., Json]

JOURNEY = {
    "created": ["requires_payment_method", 2000, True],
    "replayed": True,
    "updated": ["order-1", "2"],
    "expanded": ["succeeded", "3184", "authenticated", "card"],
    "confirmed": "succeeded",
    "captured": ["requires_capture", "succeeded", 1200],
    "canceled": "canceled",
    "refund": ["succeeded", 500, "requested_by_customer", True],
    "found": [True],
    "paged": True,
    "dispute": ["needs_response", 2000, True],
    "endpoint": [True, "disabled"],
    "deleted": True,
    "events": ["charge.dispute.created", *["payment_intent.succeeded"] * 3],
    "event": True,
    "account": True,
    "customer": "ann@example.com",
    "bookings": True,
    "warnings": [],
}
# The class, which Node's library begins with "Stripe"; the status, the code, the decline code.
REFUSALS = {
    "declined": ["CardError", 402, "card_declined", "insufficient_funds"],
    "reused key": ["IdempotencyError", 400, None, None],
    "unknown object": ["InvalidRequestError", 404, "resource_missing", None],
    "unknown parameter": ["InvalidRequestError", 400, "parameter_unknown", None],
    "too small": ["InvalidRequestError", 400, "amount_too_small", None],
    "wrong state": ["InvalidRequestError", 400, "payment_intent_unexpected_state", None],
    "wrong expand": ["InvalidRequestError", 400, None, None],
    "wrong key": ["AuthenticationError", 401, None, None],
    "live key": ["AuthenticationError", 401, None, None],
    "publishable key": ["AuthenticationError", 401, "secret_key_required", None],
    "unknown version": ["InvalidRequestError", 400, None, None],
    "wildcard": ["InvalidRequestError", 400, None, None],
    "unknown event": ["InvalidRequestError", 400, None, None],
    "endpoint version": ["InvalidRequestError", 400, None, None],
    "403": ["PermissionError", 403, None, None],
    "429": ["RateLimitError", 429, "rate_limit", None],
    "409": ["APIError", 409, None, None],
    "500": ["APIError", 500, None, None],
    "garbage": "APIError",
}
FUNCTIONS = {
    "confirmed": "succeeded",
    "changed": "Two chairs",
    "refunded": ["succeeded", 2000],
    "file": ["pdf", 18, "dispute_evidence"],
    "charges": True,
    "refusal": ["InvalidRequestError", 400, "charge_already_refunded", None],
}


@pytest.fixture(params=LIBRARIES, ids=lambda library: f"{library.kind} {library.release}")
def library(request: pytest.FixtureRequest) -> Library:
    found: Library = request.param
    return found


@pytest.fixture
def run(library: Library, pytestconfig: pytest.Config) -> Run:
    """``run(*arguments, stdin=…)``: what the library's journey prints."""
    program = command(library, pytestconfig.cache.mkdir("stripe_libraries"))

    def ran(*arguments: str, stdin: str = "") -> Json:
        done = subprocess.run([*program, *arguments], input=stdin, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ran


@pytest.fixture
def quiet(control: Running) -> Running:
    """The sandbox with its webhooks held, so that they arrive when the test is there for them."""
    control.post("webhooks/hold")
    return control


@pytest.mark.parametrize("version", VERSIONS)
def test_every_library_sees_the_same(run: Run, library: Library, quiet: Running, version: str) -> None:
    seen = run(quiet.base_url, version)
    assert seen.pop("library") == library.release
    assert seen["journey"].pop("has_invoice") is (version == VERSION), "answers have the version of the request"
    # Node's name for a connection that ends is another one.
    lost = seen["refusals"].pop("answer_lost")
    assert lost == ("ConnectionError" if library.kind == "node" else "APIConnectionError")
    assert (seen["journey"], seen["refusals"]) == (JOURNEY, REFUSALS)
    if library.kind == "python":
        assert seen["functions"] == FUNCTIONS
    sent = {entry["stripe_version"] for entry in quiet.get("requests")["requests"]}
    assert sent == {version, "2017-05-25"}


def test_booleans_as_each_library_writes_them(run: Run, library: Library, quiet: Running) -> None:
    run(quiet.base_url, library.pins)
    made = quiet.get("requests", path="/v1/payment_intents", method="POST")["requests"]
    written = {entry["params"]["confirm"] for entry in made if "confirm" in (entry["params"] or {})}
    assert written == {"True" if library.release == "8.11.1" else "true"}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_library_verifies_our_signatures(
    run: Run, api: Api, control: Running, receiver: Receiver, version: str
) -> None:
    control.put("webhooks", api_version=version)
    api.intent(payment_method="pm_card_visa", confirm="true", description="Zwei Stühle")
    assert control.post("webhooks/drain", timeout=10)["idle"]
    deliveries = [[body.decode(), headers["Stripe-Signature"]] for _, headers, body in receiver.received]
    assert run("webhooks", stdin=json.dumps({"secret": SECRET, "deliveries": deliveries})) == {
        "types": ["charge.succeeded", "payment_intent.created", "payment_intent.succeeded"],
        "versions": [version],
        "other secret": "SignatureVerificationError",
        "other body": "SignatureVerificationError",
        "no signature": "SignatureVerificationError",
    }


def test_the_newest_python_library_is_the_one_that_the_service_uses() -> None:
    requirements = (Path(__file__).parents[3] / "requirements.txt").read_text()
    newest = next(one for one in LIBRARIES if one.kind == "python" and one.pins == NEWEST)
    assert f"\nstripe=={newest.release}\n" in requirements
