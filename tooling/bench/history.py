"""Writes a long history of payments into MongoDB, in the form in which the service stores them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId
from pymongo import MongoClient
from pymongo.collection import Collection

from tooling.bench import stack
from tooling.bench.report import progress
from tooling.mongo.embedded import EmbeddedMongo

Document = dict[str, Any]
DAYS = 365
# The time zone of the measured service.
ZONE = ZoneInfo("UTC")
_BATCH = 5_000
_CURRENCIES = ["usd"] * 60 + ["eur"] * 25 + ["gbp"] * 10 + ["jpy"] * 5
_BRANDS = ["visa"] * 55 + ["mastercard"] * 33 + ["amex"] * 9 + ["discover"] * 2 + ["jcb"]
_COUNTRIES = ["US"] * 45 + ["DE", "FR", "GB", "ES", "IT", "NL", "JP", "CA", "AU", "SE", "CH"] * 5
_REASONS = "insufficient_funds do_not_honor generic_decline expired_card incorrect_cvc fraudulent".split()


def prepare(mongo: EmbeddedMongo, count: int) -> str:
    """Create a database with ``count`` payments, indexes and figures, once in a run; return its address."""
    database = f"bench_history_{count}"
    uri = mongo.uri_for(database)
    with MongoClient[Document](uri) as client:
        if database in client.list_database_names():
            return uri
    write(uri, database, count)
    for command in (("db", "indexes"), ("metrics", "rebuild")):
        progress(f"flask {' '.join(command)}, for {count:,} payments")
        stack.flask(stack.environment(uri), *command)
    return uri


def write(uri: str, database: str, count: int, *, seed: int = 1) -> None:
    """Insert ``count`` payments, spread evenly over the past year."""
    rng = random.Random(seed)
    now = datetime.now(UTC).replace(microsecond=0)
    with MongoClient[Document](uri, tz_aware=True) as client:
        payments = client[database].payments
        batch: list[Document] = []
        for number in range(count):
            batch.append(payment(rng, now, number, count))
            if len(batch) == _BATCH:
                payments.insert_many(batch, ordered=False)
                batch = []
                if (number + 1) % 100_000 == 0:
                    progress(f"{number + 1:,} of {count:,} payments written")
        if batch:
            payments.insert_many(batch, ordered=False)


def touch(payments: Collection[Document], count: int) -> None:
    """Change ``count`` of the newest payments as webhooks would: refund them, and mark them as not yet counted."""
    now = datetime.now(UTC).replace(microsecond=0)
    query = {"status": "completed", "refund_status": "none"}
    for row in list(payments.find(query, {"amount": 1, "currency": 1}).sort("created_at", -1).limit(count)):
        refund = _refund(row["amount"], row["currency"], now)
        fields = {"refund_status": "full", "amount_refunded": row["amount"], "refunds": [refund]}
        change = {"$set": {**fields, "uncounted": True, "updated_at": now}, "$inc": {"version": 1}}
        payments.update_one({"_id": row["_id"]}, change)


def payment(rng: random.Random, now: datetime, number: int, count: int) -> Document:
    """One payment. The oldest has number 0."""
    age = timedelta(days=DAYS) * (1 - (number + rng.random()) / count)
    created = (now - age).replace(microsecond=0)
    currency, brand = rng.choice(_CURRENCIES), rng.choice(_BRANDS)
    card = {"brand": brand, "last4": "4242", "country": rng.choice(_COUNTRIES)}
    amount, luck = rng.randrange(100, 50_000), rng.random()
    has_3ds = rng.random() < 0.3
    attempts = [_attempt(rng, created, card, has_3ds, "failed") for _ in range(rng.choice((0, 0, 0, 0, 1, 2)))]
    completed = None
    if luck < 0.9:
        attempts.append(_attempt(rng, created, card, has_3ds, "succeeded"))
        completed = created + timedelta(seconds=int(rng.lognormvariate(3, 0.8)))
    elif not attempts and luck < 0.97:
        attempts.append(_attempt(rng, created, card, has_3ds, "failed"))
    refunds, disputes, refunded = [], [], 0
    if completed and rng.random() < 0.04:
        refunded = amount if rng.random() < 0.7 else amount // 2
        refunds = [_refund(refunded, currency, _later(rng, completed, now))]
    elif completed and rng.random() < 0.004:
        disputes = [_dispute(rng, amount, currency, _later(rng, completed, now))]
    canceled = not completed and rng.random() < 0.2
    unfinished = "canceled" if canceled else "failed" if attempts else "pending"
    return {
        "_id": ObjectId(),
        "order_id": f"order-{number}",
        "customer_id": f"customer-{rng.randrange(count // 5 + 1)}",
        "description": "Order",
        "payment_intent_id": f"pi_bench{number}",
        "livemode": False,
        "amount": amount,
        "currency": currency,
        "status": "completed" if completed else unfinished,
        "cancellation_reason": "abandoned" if canceled else None,
        "amount_captured": amount if completed else 0,
        "refund_status": "none" if not refunds else "full" if refunded == amount else "partial",
        "amount_refunded": refunded,
        "amount_refundable": amount - refunded if completed else 0,
        "disputed": bool(disputes),
        "failure": None if completed or not attempts else attempts[-1]["failure"],
        "three_d_secure": attempts[-1]["three_d_secure"] if attempts else {"attempted": False},
        "card": card if attempts else None,
        "attempts": attempts,
        "refunds": refunds,
        "disputes": disputes,
        "created_at": created,
        "completed_at": completed,
        "updated_at": completed or created,
        # About the size of the evidence and the history that the service stores with a payment.
        "evidence": {"intent_id": f"pi_bench{number}", "charges": {"ch": {"text": "x" * 400}}},
        "history": [{"seq": n, "changes": {"text": "x" * 250}, "hash": "0" * 64} for n in range(3)],
        "version": 3,
    }


def _attempt(rng: random.Random, created: datetime, card: Document, has_3ds: bool, status: str) -> Document:
    reason = rng.choice(_REASONS) if status == "failed" else None
    outcome = rng.choice(("authenticated", "authenticated", "attempted", "failed")) if has_3ds else None
    return {
        "charge_id": f"ch_{rng.getrandbits(64):x}",
        "payment_method_id": None,
        "status": status,
        "failure": {"code": "card_declined", "decline_code": reason, "reason": reason} if reason else None,
        "card": card,
        "three_d_secure": {
            "attempted": has_3ds,
            "outcome": outcome,
            "result": outcome,
            "flow": rng.choice(("challenge", "frictionless")) if has_3ds else None,
        },
        "created_at": created,
    }


def _later(rng: random.Random, completed: datetime, now: datetime) -> datetime:
    return min(now, completed + timedelta(days=rng.randrange(20)))


def _dispute(rng: random.Random, amount: int, currency: str, at: datetime) -> Document:
    return {
        "id": f"dp_{rng.getrandbits(64):x}",
        "charge_id": "ch_bench",
        "amount": amount,
        "currency": currency,
        "status": rng.choice(("needs_response", "won", "lost")),
        "reason": "fraudulent",
        "evidence_due_by": at + timedelta(days=14),
        "created_at": at,
    }


def _refund(amount: int, currency: str, at: datetime) -> Document:
    return {
        "id": str(ObjectId()),
        "stripe_refund_id": "re_bench",
        "amount": amount,
        "currency": currency,
        "status": "succeeded",
        "reason": None,
        "failure_reason": None,
        "notes": None,
        "requested_by": "bench",
        "created_at": at,
    }
