"""The read models of refunds and disputes: one small row each, written together with the rows of their payments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from mongoengine import BooleanField, DateTimeField, Document, LongField, ObjectIdField, StringField

from app.domain.payments.failed_refunds import Refunded, failure_times, unmended
from app.domain.payments.states import DisputeStatus, RefundState
from app.models.payments.mapping import Document as Fields

_OF_PAYMENT = ("order_id", "customer_id", "currency", "brand", "country")
_JUDGED = ("brand", "country", "three_d_secure")


class RefundRow(Document):
    """One refund in any state. ``amount`` is in minor units; ``at`` is when it was made."""

    id = StringField(primary_key=True)
    payment_id = ObjectIdField(required=True)
    refund_id = StringField(required=True)
    stripe_refund_id = StringField()
    at = DateTimeField(required=True)
    amount = LongField(required=True)
    status = StringField(required=True)
    # True where the figures count it: it succeeded, and money had been captured.
    counted = BooleanField(required=True)
    # True while it waits for a person: for an action, or after a failure that nothing has made good.
    needs_person = BooleanField(required=True)
    reason = StringField()
    failure_reason = StringField()
    requested_by = StringField()
    order_id = StringField(required=True)
    customer_id = StringField(required=True)
    currency = StringField(required=True)
    brand = StringField(required=True)
    country = StringField(required=True)
    three_d_secure = BooleanField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "refund_rows",
        "auto_create_index": False,
        "indexes": [
            {"name": "payment", "fields": ["payment_id"]},
            # There are far fewer refunds than payments: a second filter is judged from the index as it is walked.
            {"name": "newest", "fields": ["-at", "-id", *_JUDGED, "status", "currency", "amount", "counted"]},
            {"name": "status_newest", "fields": ["status", "-at", "-id", *_JUDGED, "currency"]},
            {"name": "currency_newest", "fields": ["currency", "-at", "-id", *_JUDGED, "status", "counted"]},
            {
                "name": "needs_person_newest",
                "fields": ["-at", "-id", *_JUDGED, "status", "currency", "counted"],
                "partialFilterExpression": {"needs_person": True},
            },
        ],
    }


class DisputeRow(Document):
    """One dispute in any state. ``amount`` is in minor units of the dispute's own currency."""

    id = StringField(primary_key=True)
    payment_id = ObjectIdField(required=True)
    dispute_id = StringField(required=True)
    at = DateTimeField(required=True)
    evidence_due_by = DateTimeField()
    amount = LongField(required=True)
    dispute_currency = StringField(required=True)
    status = StringField(required=True)
    reason = StringField(required=True)
    # False for an inquiry.
    chargeback = BooleanField(required=True)
    order_id = StringField(required=True)
    customer_id = StringField(required=True)
    currency = StringField(required=True)
    brand = StringField(required=True)
    country = StringField(required=True)
    three_d_secure = BooleanField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "dispute_rows",
        "auto_create_index": False,
        "indexes": [
            {"name": "payment", "fields": ["payment_id"]},
            {"name": "newest", "fields": ["-at", "-id", *_JUDGED, "status", "currency", "chargeback"]},
            {"name": "status_newest", "fields": ["status", "-at", "-id", *_JUDGED, "currency"]},
            {"name": "status_due", "fields": ["status", "evidence_due_by", "id"]},
            {
                "name": "currency_newest",
                "fields": ["currency", "-at", "-id", *_JUDGED, "status", "chargeback"],
            },
        ],
    }


def refund_rows(payment: Mapping[str, Any], row: Mapping[str, Any], three_d_secure: bool) -> list[Fields]:
    """The rows of a payment's refunds; the history need only be there where one of them failed."""
    waiting = _waiting(payment)
    return [
        {
            "_id": f"{row['_id']}:{refund['id']}",
            "payment_id": row["_id"],
            "refund_id": refund["id"],
            **{
                name: refund.get(name)
                for name in (
                    "stripe_refund_id",
                    "amount",
                    "status",
                    "reason",
                    "failure_reason",
                    "requested_by",
                )
            },
            "at": refund["created_at"],
            "counted": RefundState(refund["status"]).counts_as_refunded and bool(row["captured"]),
            "needs_person": refund["id"] in waiting,
            **{name: row[name] for name in _OF_PAYMENT},
            "three_d_secure": three_d_secure,
        }
        for refund in payment["refunds"]
    ]


def _waiting(payment: Mapping[str, Any]) -> frozenset[str]:
    """The ids of the refunds that wait for a person."""
    failed_at = failure_times(payment.get("history") or ())
    refunds = [
        Refunded(
            refund_id=refund["id"],
            amount=refund["amount"],
            status=RefundState(refund["status"]),
            made_at=int(refund["created_at"].timestamp()),
            failed_at=failed_at.get(refund["id"]),
            settled=bool(refund.get("settled_by")),
        )
        for refund in payment["refunds"]
    ]
    acted = {refund.refund_id for refund in refunds if refund.status.needs_attention}
    return unmended(refunds, payment["amount_refundable"]) | acted


def dispute_rows(payment: Mapping[str, Any], row: Mapping[str, Any], three_d_secure: bool) -> list[Fields]:
    """The rows of a payment's disputes."""
    return [
        {
            "_id": f"{row['_id']}:{dispute['id']}",
            "payment_id": row["_id"],
            "dispute_id": dispute["id"],
            **{name: dispute.get(name) for name in ("amount", "status", "reason", "evidence_due_by")},
            "dispute_currency": dispute["currency"],
            "at": dispute["created_at"],
            "chargeback": not DisputeStatus(dispute["status"]).is_inquiry,
            **{name: row[name] for name in _OF_PAYMENT},
            "three_d_secure": three_d_secure,
        }
        for dispute in payment["disputes"]
    ]
