"""Random ledgers: payment documents as they are stored, drawn without the code that counts them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from hypothesis import strategies as st

Document = dict[str, Any]
CURRENCIES = ("usd", "eur", "jpy", "kwd")
CARDS = (("visa", "US"), ("visa", "DE"), ("mastercard", "DE"), ("amex", "JP"), (None, None))
REASONS = ("insufficient_funds", "do_not_honor", "expired_card", "payment_intent_authentication_failure")
ASKED = (None, None, "authenticated", "failed", "abandoned", "open", "exempted", "attempted")
FLOWS = ("challenge", "frictionless", None)


@st.composite
def payment(draw: st.DrawFn, moments: st.SearchStrategy[datetime]) -> Document:
    """One payment created at one of ``moments``, as it might stand at any time after."""
    created = draw(moments)
    currency, (brand, country) = draw(st.sampled_from(CURRENCIES)), draw(st.sampled_from(CARDS))
    amount = draw(st.integers(1, 9_999)) * 10
    status = draw(st.sampled_from(["completed", "completed", "failed", "canceled", "pending", "requires_action"]))
    attempts = [_attempt(draw, created, "failed") for _ in range(draw(st.integers(0, 2)))]
    if status == "completed":
        attempts.append(_attempt(draw, created, "succeeded"))
    elif status == "failed" and not attempts:
        attempts.append(_attempt(draw, created, "failed"))
    elif status == "requires_action":
        attempts.append(_attempt(draw, created, "open"))
    elif status == "canceled" and draw(st.booleans()):
        attempts.append(_attempt(draw, created, "abandoned"))
    elif status == "pending":
        attempts = []
    completed = created + timedelta(seconds=draw(st.integers(0, 200_000))) if status == "completed" else None
    refunds = _refunds(draw, created, amount, currency) if completed else []
    refunded = sum(r["amount"] for r in refunds if r["status"] == "succeeded")
    disputes = _disputes(draw, created, amount, currency) if completed else []
    return {
        "_id": ObjectId(),
        "order_id": f"order-{draw(st.integers(1, 5))}",
        "customer_id": f"customer-{draw(st.integers(1, 5))}",
        "description": "<b>Order</b>",
        "payment_intent_id": None,
        "livemode": False,
        "amount": amount,
        "currency": currency,
        "status": status,
        "cancellation_reason": None,
        "amount_captured": amount if completed else 0,
        "refund_status": "full" if refunded == amount else "partial" if refunded else "none",
        "amount_refunded": refunded,
        "amount_refundable": amount - refunded if completed else 0,
        "disputed": any(not d["status"].startswith("warning_") for d in disputes),
        "failure": None,
        "three_d_secure": {"attempted": any(a["three_d_secure"]["attempted"] for a in attempts)},
        "card": {"brand": brand, "last4": "4242", "country": country} if brand else None,
        "attempts": attempts,
        "refunds": refunds,
        "disputes": disputes,
        "created_at": created,
        "completed_at": completed,
        "updated_at": created,
        "evidence": {},
        "history": [],
        "version": 1,
        "uncounted": True,
    }


def moments(first: datetime, last: datetime) -> st.SearchStrategy[datetime]:
    """Whole seconds between two instants, often near the ends of quarters of an hour."""
    seconds = int((last - first).total_seconds())
    near = st.builds(lambda q, s: max(0, min(seconds, q * 900 + s)), st.integers(0, seconds // 900), st.integers(-1, 1))
    return st.one_of(st.integers(0, seconds), near).map(lambda s: first.astimezone(UTC) + timedelta(seconds=s))


def _attempt(draw: st.DrawFn, created: datetime, status: str) -> Document:
    asked = {"open": "open", "abandoned": "abandoned"}.get(status) or draw(st.sampled_from(ASKED))
    flow = draw(st.sampled_from(FLOWS)) if asked else None
    reason = draw(st.sampled_from(REASONS)) if status == "failed" else None
    return {
        "charge_id": None,
        "payment_method_id": None,
        "status": status,
        "failure": {"code": "card_declined", "decline_code": reason, "reason": reason} if reason else None,
        "card": None,
        "three_d_secure": {"attempted": asked is not None, "outcome": asked, "result": None, "flow": flow},
        "created_at": created,
    }


def _refunds(draw: st.DrawFn, created: datetime, amount: int, currency: str) -> list[Document]:
    found, left = [], amount
    for number in range(draw(st.integers(0, 2))):
        part = left if draw(st.booleans()) else max(1, left // 3)
        status = draw(st.sampled_from(["succeeded", "succeeded", "failed", "pending"]))
        if part > left or left == 0:
            break
        left -= part if status == "succeeded" else 0
        found.append(
            {
                "id": f"refund-{number}",
                "stripe_refund_id": None,
                "amount": part,
                "currency": currency,
                "status": status,
                "reason": "=cmd()",
                "failure_reason": None,
                "notes": None,
                "requested_by": "someone",
                "created_at": created + timedelta(seconds=draw(st.integers(0, 400_000))),
            }
        )
    return found


def _disputes(draw: st.DrawFn, created: datetime, amount: int, currency: str) -> list[Document]:
    return [
        {
            "id": f"dispute-{number}",
            "charge_id": None,
            "amount": amount,
            "currency": currency,
            "status": draw(st.sampled_from(["needs_response", "lost", "won", "warning_needs_response"])),
            "reason": "fraudulent",
            "evidence_due_by": None,
            "created_at": created + timedelta(seconds=draw(st.integers(0, 400_000))),
        }
        for number in range(draw(st.sampled_from([0, 0, 0, 1, 2])))
    ]
