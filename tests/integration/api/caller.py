"""The ERP as a client of the API in the same process, and the settings that it is served with."""

from __future__ import annotations

import hmac
import itertools
import json
import time
from typing import Any

import jwt
from flask import Flask
from mongoengine.connection import get_db
from werkzeug.test import TestResponse

from config import Settings

JWT_SECRET = "a secret of the test that has thirty-two bytes"
WEBHOOK_SECRET = "whsec_of_the_test"
EVERY_SCOPE = "payments:read payments:write payments:refund"
_orders = itertools.count(1)


class Caller:
    """Somebody with a token, and what they ask most."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client()

    def token(self, **changes: Any) -> str:
        claims = {
            "iss": "paydesk",
            "aud": "paydesk",
            "sub": "erp",
            "scope": EVERY_SCOPE,
            "exp": int(time.time()) + 300,
            **changes,
        }
        return jwt.encode(claims, JWT_SECRET, "HS256")

    def ask(self, method: str, path: str, *, claims: Any = None, key: str | None = None, **more: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token(**(claims or {}))}", **more.pop("headers", {})}
        if key is not None:
            headers["Idempotency-Key"] = key
        return self.client.open(f"/api/v1/payments{path}", method=method, headers=headers, **more)

    def create(self, *, key: str | None = None, claims: Any = None, **changes: Any) -> TestResponse:
        body = {"order_id": new_order(), "customer_id": "customer-1", "amount": 99.99, **changes}
        return self.ask("POST", "/stripe/create-intent", json=body, key=key, claims=claims)

    def confirm(self, intent_id: str, order_id: str, **more: Any) -> TestResponse:
        body = {"payment_intent_id": intent_id, "order_id": order_id}
        return self.ask("POST", "/stripe/confirm", json=body, **more)

    def refund(self, payment_id: str, *, key: str | None = None, claims: Any = None, **body: Any) -> TestResponse:
        return self.ask("POST", f"/stripe/refund/{payment_id}", json=body, key=key, claims=claims)

    def deliver(self, event: Any, *, secret: str = WEBHOOK_SECRET, age: int = 0, **more: Any) -> TestResponse:
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        return self.client.post(
            "/api/v1/payments/stripe/webhook",
            data=payload,
            headers={"Stripe-Signature": signature(payload, secret, age), **more},
            content_type="application/json",
        )

    def stored(self) -> dict[str, int]:
        """How many documents each collection has."""
        return {name: get_db()[name].count_documents({}) for name in ("payments", "webhook_events")}


def new_order() -> str:
    """An order id that no other test uses."""
    return f"order-{time.time_ns()}-{next(_orders)}"


def signature(payload: bytes, secret: str, age: int = 0) -> str:
    """What Stripe sends in Stripe-Signature."""
    at = int(time.time()) - age
    return f"t={at},v1={hmac.new(secret.encode(), f'{at}.'.encode() + payload, 'sha256').hexdigest()}"


def settings_for(mongodb_uri: str, stripe_url: str, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "stripe_secret_key": "sk_test_of_the_test",
        "stripe_publishable_key": "pk_test_of_the_test",
        "stripe_webhook_secret": (WEBHOOK_SECRET,),
        "stripe_api_base": stripe_url,
        "stripe_timeout": 1,
        "mongodb_uri": mongodb_uri,
        "secret_key": "a secret key of the test",
        "auth_jwt_secret": JWT_SECRET,
        "log_level": "CRITICAL",
        **changes,
    }
    return Settings(**values)
