"""The read model of payments: one small row each, for lists, figures and exports.

Rows are written by ``figures_store`` alone, together with the rollups that they were counted in, so a row says exactly
what the rollups hold of its payment. Lists read rows, so their indexes cost the webhook path nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    Document,
    IntField,
    ListField,
    LongField,
    StringField,
)

from app.domain.counted import NO_CARD, Counted, CountedAttempt
from app.models.payment_codec import Document as Fields

_NOT_IN_CODES = re.compile(r"[^A-Za-z0-9_-]")
# What of a payment document makes its row; the rest (evidence, history) is never read for it.
PAYMENT_FIELDS = dict.fromkeys(
    (
        *("order_id", "customer_id", "payment_intent_id", "amount", "currency", "status", "amount_captured"),
        *("refund_status", "disputed", "card", "attempts", "refunds", "disputes", "description"),
        *("created_at", "completed_at", "updated_at", "version", "uncounted"),
    ),
    1,
)

# What of a payment document is counted, which is read while somebody waits: the least that will do.
COUNTED_OF_PAYMENT = dict.fromkeys(
    (
        *(
            "created_at",
            "completed_at",
            "currency",
            "card.brand",
            "card.country",
            "status",
            "amount_captured",
        ),
        *("disputed", "attempts.status", "attempts.failure.reason"),
        *("attempts.three_d_secure.outcome", "attempts.three_d_secure.flow"),
        *("refunds.status", "refunds.created_at", "refunds.amount"),
        *("disputes.status", "disputes.created_at"),
    ),
    1,
)

# What ``counted_of`` reads of a row.
COUNTED_FIELDS = dict.fromkeys(
    (
        *("created_at", "completed_at", "currency", "brand", "country", "status", "captured", "disputed"),
        *("attempts", "refunds", "disputes"),
    ),
    1,
)


class PaymentRow(Document):
    """One payment as lists show it and figures count it. ``_id`` is the payment's; amounts are minor units.

    ``kind`` joins everything about a row that has few values, so that any choice among them is a short list of kinds
    and every list can be read in order from an index.
    """

    version = IntField(required=True)
    kind = StringField(required=True)
    created_at = DateTimeField(required=True)
    completed_at = DateTimeField()
    updated_at = DateTimeField(required=True)
    order_id = StringField(required=True)
    customer_id = StringField(required=True)
    payment_intent_id = StringField()
    description = StringField()
    amount = LongField(required=True)
    captured = LongField(required=True)
    currency = StringField(required=True)
    status = StringField(required=True)
    refund_status = StringField(required=True)
    disputed = BooleanField(required=True)
    brand = StringField(required=True)
    country = StringField(required=True)
    last4 = StringField()
    attempts = ListField(DictField())
    refunds = ListField(DictField())
    disputes = ListField(DateTimeField())

    meta: ClassVar[dict[str, Any]] = {
        "collection": "payment_rows",
        "auto_create_index": False,
        "indexes": [
            # What follows the order in an index lets a second filter, and the count of a list, be judged from the index
            # alone. Amounts have an index by kind as well, so that a rare kind is found without reading all others.
            {"name": "created", "fields": ["-created_at", "-id"]},
            {"name": "kind_newest", "fields": ["kind", "-created_at", "-id"]},
            {
                "name": "currency_newest",
                "fields": ["currency", "kind", "-created_at", "-id", "brand", "country"],
            },
            {
                "name": "brand_newest",
                "fields": ["brand", "kind", "-created_at", "-id", "currency", "country"],
            },
            {
                "name": "country_newest",
                "fields": ["country", "kind", "-created_at", "-id", "currency", "brand"],
            },
            {
                "name": "currency_largest",
                "fields": [
                    *("currency", "kind", "-amount", "-id", "created_at", "completed_at"),
                    *("brand", "country"),
                ],
            },
            {"name": "order_created", "fields": ["order_id", "-created_at", "-id"]},
            {"name": "customer_created", "fields": ["customer_id", "-created_at", "-id"]},
            {
                "name": "intent",
                "fields": ["payment_intent_id"],
                "partialFilterExpression": {"payment_intent_id": {"$gt": ""}},
            },
            {
                "name": "reason_newest",
                "fields": [
                    *("attempts.reason", "-created_at", "-id", "currency", "brand", "country", "kind"),
                ],
                "partialFilterExpression": {"attempts.reason": {"$gt": ""}},
            },
            {
                "name": "completed_newest",
                "fields": ["-completed_at", "-id", "currency", "brand", "country", "kind"],
                "partialFilterExpression": {"completed_at": {"$gt": datetime(1970, 1, 1, tzinfo=UTC)}},
            },
            {
                "name": "currency_completed",
                "fields": ["currency", "-completed_at", "-id", "kind", "brand", "country"],
                "partialFilterExpression": {"completed_at": {"$gt": datetime(1970, 1, 1, tzinfo=UTC)}},
            },
        ],
    }


def row_of(payment: Mapping[str, Any]) -> Fields:
    """The row of a payment document that was read with PAYMENT_FIELDS."""
    row = bare_row_of(payment)
    row["kind"] = Kind.of(counted_of(row), row["refund_status"]).text
    return row


def bare_row_of(payment: Mapping[str, Any]) -> Fields:
    """The row without its kind, which counting does without."""
    card = payment.get("card") or {}
    captured = payment["amount_captured"]
    return {
        "_id": payment["_id"],
        **{name: payment.get(name) for name in _COPIED},
        "captured": captured,
        "brand": card.get("brand") or NO_CARD,
        "country": card.get("country") or NO_CARD,
        "last4": card.get("last4"),
        "attempts": [_attempt(a) for a in payment["attempts"]],
        "refunds": [
            {"at": r["created_at"], "amount": r["amount"]}
            for r in payment["refunds"]
            if r["status"] == "succeeded" and captured
        ],
        "disputes": [d["created_at"] for d in payment["disputes"] if is_chargeback(d["status"])],
    }


def counted_of(row: Mapping[str, Any]) -> Counted:
    """What the figures count of a row."""
    return Counted(
        created_at=_seconds(row["created_at"]),
        completed_at=_seconds(row["completed_at"]) if row["completed_at"] else None,
        currency=row["currency"],
        brand=row["brand"],
        country=row["country"],
        status=row["status"],
        captured=row["captured"],
        disputed=row["disputed"],
        attempts=tuple(CountedAttempt(**attempt) for attempt in row["attempts"]),
        refunds=tuple((_seconds(r["at"]), r["amount"]) for r in row["refunds"]),
        disputes=tuple(_seconds(at) for at in row["disputes"]),
    )


def is_chargeback(dispute_status: str) -> bool:
    """False for an inquiry, which takes no money (docs.stripe.com/disputes/how-disputes-work)."""
    return not dispute_status.startswith("warning_")


@dataclass(frozen=True, slots=True)
class Kind:
    """The parts of ``PaymentRow.kind``."""

    status: str
    outcome: str
    first_attempt: str
    refund_status: str
    disputed: bool
    three_d_secure: bool

    @classmethod
    def of(cls, counted: Counted, refund_status: str) -> Kind:
        """The kind of a payment."""
        return cls(
            status=counted.status,
            outcome=counted.outcome.value,
            first_attempt=counted.first_attempt.value,
            refund_status=refund_status,
            disputed=counted.disputed,
            three_d_secure=counted.three_d_secure,
        )

    @classmethod
    def parse(cls, text: str) -> Kind:
        status, outcome, first, refund_status, disputed, three_d_secure = text.split("/")
        return cls(status, outcome, first, refund_status, disputed == "disputed", three_d_secure == "3ds")

    @property
    def text(self) -> str:
        words = (self.status, self.outcome, self.first_attempt, self.refund_status)
        flags = ("disputed" if self.disputed else "", "3ds" if self.three_d_secure else "")
        return "/".join((*words, *flags))


_COPIED = (
    *("order_id", "customer_id", "payment_intent_id", "description", "amount", "currency", "status"),
    *("refund_status", "disputed", "created_at", "completed_at", "updated_at", "version"),
)


def _attempt(attempt: Mapping[str, Any]) -> Fields:
    failure, asked = attempt.get("failure") or {}, attempt.get("three_d_secure") or {}
    found = {
        "status": attempt["status"],
        "reason": _safe(failure.get("reason")) if attempt["status"] == "failed" else None,
        "outcome": asked.get("outcome"),
        "flow": asked.get("flow"),
    }
    return {name: value for name, value in found.items() if value}


def _safe(reason: str | None) -> str:
    """A code as a counter's name: Stripe's are lower-case words, and nothing else may reach a field path."""
    return _NOT_IN_CODES.sub("_", reason) if reason else "unknown"


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
