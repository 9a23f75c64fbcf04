"""A browser signed in with a role, and payments to show on its pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.money import Money
from app.domain.permissions import Role
from app.extensions import services
from app.gateway.redaction import strip_event
from app.models.accounts import users
from app.models.webhooks import events as webhook_events
from app.services import accounts
from app.services.payments.opening import NewPayment
from app.services.webhooks.inbox import _row
from tests.support.passwords import cheap_hash
from tests.support.sandbox import SandboxProcess
from tests.support.signed_in import signed_in


def csrf_of(page: str) -> str:
    """The token of any form on a page."""
    match = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert match, page
    return match[1]


def key_of(page: str) -> str:
    """The key of the refund form on a page."""
    match = re.search(r'name="key" value="([^"]+)"', page)
    assert match, page
    return match[1]


def enter(app: Flask, role: Role) -> FlaskClient:
    """A browser signed in with ``role``; creates the account ``<role>@example.com`` where it is missing."""
    email = f"{role.value}@example.com"
    with app.app_context():
        if email not in {account.email for account in accounts.every()}:
            users.insert(email, cheap_hash(), role, now=datetime.now(UTC))
    return signed_in(app, email)


def post(client: FlaskClient, path: str, page: str, **fields: Any) -> TestResponse:
    """Send a form of ``page``."""
    return client.post(path, data={"csrf_token": csrf_of(page), **fields})


def opened(app: Flask, order: str = "order-1", money: Money | None = None, **more: Any) -> Any:
    """A payment that the shop has opened."""
    new_payment = NewPayment(order_id=order, customer_id="customer-1", money=money or Money(1999, "usd"), **more)
    with app.app_context():
        return services.payments.open(new_payment, caller="shop", key=None)


def paid(app: Flask, sandbox: SandboxProcess, order: str = "order-1", money: Money | None = None, **more: Any) -> Any:
    """A payment that was paid and of which Paydesk knows."""
    payment = opened(app, order, money, **more)
    sandbox.pay(payment.payment_intent_id)
    with app.app_context():
        services.payments.confirm(payment.payment_intent_id, order, customer=None, caller="shop", key=None)
    return payment


def received(app: Flask, sandbox: SandboxProcess, type_: str, *, apply: bool = True) -> list[str]:
    """What the sandbox tells of a type of event, stored and perhaps applied; the ids, oldest first."""
    page = sandbox.stripe("GET", "/v1/events", {"type": type_, "limit": 100})
    events = [strip_event(event) for event in reversed(page["data"])]
    with app.app_context():
        for event in events:
            webhook_events.receive(event["id"], _row(event), now=datetime.now(UTC))
            if apply:
                services.webhooks.apply(event)
    return [event["id"] for event in events]
