"""Stored payments as the API shows them: major units, reasons in words."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from app.domain.declines import advice_for_customer, explain
from app.domain.money import Money

Shown = dict[str, Any]
_AS_STORED = (
    "order_id customer_id payment_intent_id currency status refund_status disputed card created_at completed_at "
    "updated_at"
).split()

PAYMENT_ID = {
    "in": "path",
    "name": "payment_id",
    "description": "Our id of the payment: 24 hexadecimal digits.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{24}$"},
    "example": "65f0c0ffee65f0c0ffee65f0",
}


def payment(document: Shown) -> Shown:
    """A payment, as in lists and after confirm."""
    payment_id, currency = str(document["_id"]), document["currency"]
    return {
        "id": payment_id,
        **{name: document.get(name) for name in _AS_STORED},
        "amount": major(document["amount"], currency),
        "amount_refunded": major(document["amount_refunded"], currency),
        "failure": failure(document.get("failure")),
        "three_d_secure": three_d_secure(document.get("three_d_secure")),
        "attempts": [_attempt(row) for row in document.get("attempts", [])],
        "refunds": [refund({**row, "payment_id": payment_id}) for row in document.get("refunds", [])],
    }


def payment_detail(document: Shown) -> Shown:
    """One payment with its disputes and history."""
    disputes = [
        {**row, "amount": major(row["amount"], row["currency"])} for row in document.get("disputes", [])
    ]
    history = [
        {**row, "at": datetime.fromtimestamp(row["at"] / 1000, UTC)} for row in document.get("history", [])
    ]
    return {**payment(document), "disputes": disputes, "history": history}


def refund(row: Shown) -> Shown:
    """A refund with its ``payment_id``."""
    return {**row, "amount": major(row["amount"], row["currency"])}


def failure(stored: Shown | None) -> Shown | None:
    """Why it failed, with the group and the words for the customer."""
    if not stored:
        return None
    code, decline_code = stored.get("code"), stored.get("decline_code")
    return {
        "code": code,
        "decline_code": decline_code,
        "group": explain(code, decline_code).group.value,
        "message": advice_for_customer(code, decline_code),
    }


def three_d_secure(stored: Shown | None) -> Shown:
    """Stripe's own word for the result where there is one, else ours."""
    view = stored or {}
    return {
        "attempted": bool(view.get("attempted")),
        "result": view.get("result") or view.get("outcome"),
        "flow": view.get("flow"),
    }


def major(minor: int, currency: str) -> Decimal | None:
    """Minor units as the number that people write; None for a currency whose decimals we do not know."""
    return Money(minor, currency).to_major_if_known()


def _attempt(row: Shown) -> Shown:
    return {
        **row,
        "failure": failure(row.get("failure")),
        "three_d_secure": three_d_secure(row.get("three_d_secure")),
    }
