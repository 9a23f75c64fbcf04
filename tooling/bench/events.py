"""Signed webhook deliveries, as Stripe sends them, and the payments that they are about."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterable
from typing import Any

from bson import ObjectId
from pymongo import MongoClient

from app.clock import now
from app.domain.payments.derivation import derive
from app.domain.payments.evidence import PaymentState
from app.domain.payments.merge import apply
from app.domain.payments.snapshot import record
from app.gateway.snapshots import intent_fact
from app.models.payments import writes
from tooling.bench.load import Request
from tooling.bench.stack import WEBHOOK_SECRET

CREATED = 1_700_000_000


def intent(number: str, status: str) -> dict[str, Any]:
    """A payment intent with our metadata."""
    return {
        "id": f"pi_{number}",
        "object": "payment_intent",
        "status": status,
        "amount": 10_000,
        "amount_received": 10_000 if status == "succeeded" else 0,
        "currency": "usd",
        "created": CREATED,
        "livemode": False,
        "capture_method": "automatic",
        "client_secret": f"pi_{number}_secret_bench",
        "payment_method": None,
        "latest_charge": f"ch_{number}" if status == "succeeded" else None,
        "last_payment_error": None,
        "metadata": {"order_id": f"order-{number}", "customer_id": "customer-1"},
    }


def insert_payments(uri: str, numbers: Iterable[str]) -> None:
    """The payments of some intents, as create-intent leaves them: nothing is adopted that Stripe cannot be asked of."""
    rows = [_row(number) for number in numbers]
    with MongoClient[dict[str, Any]](uri) as client:
        client.get_default_database().payments.insert_many(rows)


def _row(number: str) -> dict[str, Any]:
    made = intent_fact(intent(number, "requires_payment_method"), as_of=CREATED)
    state = PaymentState(
        payment_id=str(ObjectId()),
        order_id=f"order-{number}",
        customer_id="customer-1",
        amount=made.amount,
        currency=made.currency,
        opened_at=CREATED,
    )
    state = apply(state, made)
    return {**writes.document_for(state, record(derive(state)), None), "updated_at": now(), "version": 1}


def first_delivery(url: str, number: str) -> Request:
    """A signed delivery of the first event of a payment."""
    return delivery(url, "payment_intent.requires_action", intent(number, "requires_payment_method"))


def charge(number: str) -> dict[str, Any]:
    """The charge that pays the intent."""
    card = {"brand": "visa", "last4": "4242", "country": "US", "three_d_secure": None, "exp_year": 2030}
    return {
        "id": f"ch_{number}",
        "object": "charge",
        "status": "succeeded",
        "amount": 10_000,
        "amount_captured": 10_000,
        "amount_refunded": 0,
        "captured": True,
        "currency": "usd",
        "created": CREATED + 5,
        "livemode": False,
        "payment_intent": f"pi_{number}",
        "payment_method": f"pm_{number}",
        "payment_method_details": {"type": "card", "card": card},
        "billing_details": {"email": "someone@example.com", "name": "Some One"},
        "outcome": {"type": "authorized", "network_status": "approved_by_network", "risk_level": "normal"},
        "metadata": {"order_id": f"order-{number}", "customer_id": "customer-1"},
    }


def delivery(url: str, type_: str, obj: dict[str, Any]) -> Request:
    event = {
        "id": f"evt_{type_.replace('.', '_')}_{obj['id']}",
        "object": "event",
        "api_version": "2023-10-16",
        "created": CREATED + 6,
        "livemode": False,
        "pending_webhooks": 1,
        "type": type_,
        "data": {"object": obj},
        "request": {"id": None, "idempotency_key": None},
    }
    body = json.dumps(event).encode()
    now = int(time.time())
    signature = hmac.new(WEBHOOK_SECRET.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "Stripe-Signature": f"t={now},v1={signature}"}
    return Request("POST", url, headers, body)
