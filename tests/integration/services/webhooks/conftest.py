"""Deliveries of the sandbox's events, one by one and in the order of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from tests.conftest import WEBHOOK_SECRET
from tests.support.sandbox import SandboxProcess
from tests.support.webhooks import WEBHOOK_PATH, signed

Json = dict[str, Any]
Mongo = Database[Json]
Deliver = Callable[[Json], int]
VISA = "4242424242424242"


@pytest.fixture
def stripe(sandbox: SandboxProcess) -> SandboxProcess:
    """The sandbox, which delivers nothing by itself."""
    sandbox.hold_webhooks()
    return sandbox


@pytest.fixture
def deliver(client: FlaskClient, stripe: SandboxProcess) -> Deliver:
    """``deliver(event)``: the status of the answer."""

    def post(event: Json) -> int:
        body, headers = signed(event, WEBHOOK_SECRET)
        return client.post(WEBHOOK_PATH, data=body, headers=headers).status_code

    return post


@pytest.fixture
def at_version(stripe: SandboxProcess) -> Iterator[Callable[[str], None]]:
    """``at_version(version)``: events are in the shapes of that version until the test ends."""
    before = stripe.get("settings")["api_version"]
    yield lambda version: stripe.put("settings", {"api_version": version})
    stripe.put("settings", {"api_version": before})


def events(sandbox: SandboxProcess, type_: str | None = None) -> list[Json]:
    """Every event, or those of a type, oldest first."""
    page = sandbox.stripe("GET", "/v1/events", {"limit": 100, **({"type": type_} if type_ else {})})
    return list(reversed(page["data"]))


def intent(sandbox: SandboxProcess, card: str | None = VISA, **metadata: str) -> str:
    """An intent made at Stripe with this metadata, paid unless ``card`` is None; its id."""
    named = {f"metadata[{name}]": value for name, value in metadata.items()}
    made = sandbox.stripe("POST", "/v1/payment_intents", {"amount": 1999, "currency": "usd", **named})
    if card:
        sandbox.pay(made["id"], card)
    return str(made["id"])
