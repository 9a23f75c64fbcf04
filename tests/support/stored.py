"""Stored payment documents, described by what matters to a test; the rest is plain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId

Document = dict[str, Any]
EPOCH = datetime(2026, 3, 1, 12, tzinfo=UTC)


def payment(number: int = 0, **fields: Any) -> Document:
    """A completed payment of 10.00 USD, one minute later for each ``number``; any field by keyword."""
    created = fields.pop("created_at", EPOCH + timedelta(minutes=number))
    status = fields.get("status", "completed")
    amount = fields.get("amount", 1000)
    completed = created + timedelta(seconds=7) if status == "completed" else None
    return {
        "_id": ObjectId(),
        "order_id": f"order-{number}",
        "customer_id": f"customer-{number % 7}",
        "description": None,
        "payment_intent_id": f"pi_{number:04d}",
        "livemode": False,
        "amount": amount,
        "currency": "usd",
        "status": status,
        "amount_captured": amount if completed else 0,
        "amount_refundable": amount if completed else 0,
        "refund_status": "none",
        "disputed": False,
        "card": {"brand": "visa", "last4": "4242", "country": "US"},
        "attempts": [attempt("succeeded")] if completed else [],
        "refunds": [],
        "disputes": [],
        "created_at": created,
        "completed_at": completed,
        "updated_at": created,
        "history": [],
        "version": 1,
        "uncounted": True,
    } | fields


def attempt(status: str, reason: str | None = None, asked: str | None = None) -> Document:
    """One attempt; ``asked`` is the outcome of 3-D Secure where it was requested."""
    return {
        "charge_id": None,
        "payment_method_id": None,
        "status": status,
        "created_at": EPOCH,
        "card": None,
        "failure": {"code": "card_declined", "decline_code": reason, "reason": reason} if reason else None,
        "three_d_secure": {"attempted": asked is not None, "outcome": asked, "flow": None},
    }


def refund(number: int, status: str = "succeeded", amount: int = 500, **fields: Any) -> Document:
    """A refund, one hour later for each ``number``."""
    return {
        "id": f"refund-{number}",
        "stripe_refund_id": f"re_{number:04d}",
        "amount": amount,
        "currency": "usd",
        "status": status,
        "reason": "customer asked",
        "failure_reason": "lost_or_stolen_card" if status == "failed" else None,
        "notes": None,
        "requested_by": "finance@example.com",
        "created_at": EPOCH + timedelta(hours=number),
    } | fields


def dispute(number: int, status: str = "needs_response", **fields: Any) -> Document:
    """A dispute, one hour later for each ``number``."""
    return {
        "id": f"dp_{number:04d}",
        "charge_id": None,
        "amount": 1000,
        "currency": "usd",
        "status": status,
        "reason": "fraudulent",
        "evidence_due_by": None,
        "created_at": EPOCH + timedelta(hours=number),
    } | fields


def fraud_warning(number: int, *, actionable: bool) -> Document:
    """An early fraud warning, one hour later for each ``number``."""
    return {
        "id": f"issfr_{number:04d}",
        "charge_id": None,
        "actionable": actionable,
        "fraud_type": "made_with_stolen_card",
        "created_at": EPOCH + timedelta(hours=number),
    }


def review(number: int, *, is_open: bool) -> Document:
    """A review, one hour later for each ``number``."""
    return {
        "id": f"prv_{number:04d}",
        "charge_id": None,
        "is_open": is_open,
        "opened_reason": "rule",
        "closed_reason": None if is_open else "approved",
        "created_at": EPOCH + timedelta(hours=number),
    }


def mixed(count: int) -> list[Document]:
    """Payments of every kind: currencies, cards, outcomes, refunds and disputes in turn."""
    found = []
    cards = [("visa", "US"), ("visa", "DE"), ("mastercard", "DE"), ("amex", "JP"), ("discover", "US")]
    for n in range(count):
        brand, country = cards[n % 5]
        fields: Document = {
            "currency": ("usd", "eur", "jpy")[n % 3] if n % 97 else "kwd",
            "amount": (n * 37 % 400 + 1) * 10,
            "card": {"brand": brand, "last4": f"{n % 10_000:04d}", "country": country},
        }
        asked = "authenticated" if n % 4 == 0 else None
        if n % 6 == 1:
            reason = ("insufficient_funds", "do_not_honor", "expired_card")[n // 6 % 3]
            fields |= {"status": "failed", "attempts": [attempt("failed", reason, asked)]}
        elif n % 29 == 3:
            fields |= {"status": "canceled", "attempts": []}
        elif n % 31 == 4:
            fields |= {"status": "requires_action", "attempts": [attempt("open", None, "open")]}
        else:
            tried = [attempt("failed", "insufficient_funds", asked)] if n % 11 == 0 else []
            fields["attempts"] = [*tried, attempt("succeeded", None, asked)]
            if n % 13 == 0:
                status = ("succeeded", "failed", "pending")[n % 3]
                refunded = fields["amount"] if n % 2 else fields["amount"] // 2
                made = refund(n, status, refunded, currency=fields["currency"])
                if status == "failed" and n % 2:
                    # The money had left before it came back; of the others none had.
                    made |= {"moved": True, "failed_at": made["created_at"] + timedelta(hours=5)}
                word = {"succeeded": "full" if n % 2 else "partial", "pending": "pending"}.get(status, "none")
                fields |= {"refunds": [made], "refund_status": word}
            if n % 17 == 0:
                status = ("needs_response", "lost", "warning_needs_response")[n % 3]
                opened = dispute(n, status, currency=fields["currency"], amount=fields["amount"])
                fields |= {"disputes": [opened], "disputed": not status.startswith("warning")}
        if n % 7 == 2:
            fields["risk"] = {"level": ("elevated", "highest", "normal")[n % 3], "score": None}
        if fields.get("status", "completed") == "completed" and n % 5 == 2:
            fields["fraud_warnings"] = [fraud_warning(n, actionable=n % 2 == 0)]
        if n % 23 == 1:
            fields["reviews"] = [review(n, is_open=n % 2 == 0)]
        found.append(payment(n, **fields))
    return found
