"""The read model of refunds: one small row each, written together with the row of its payment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from mongoengine import BooleanField, DateTimeField, StringField

from app.domain.payments.failed_refunds import failure_times, needing_attention
from app.models.document import StoredDocument
from app.models.listing.children import BEGINNING, CARD_FIELDS, NEWEST, ChildFilter, ChildRow, Urgent, shared_fields
from app.models.listing.payment_summary import moves_money
from app.models.pagination import Row
from app.models.payments.mapping import Document as Fields
from app.models.payments.mapping import refund_of

_COPIED = ("stripe_refund_id", "reason", "failure_reason", "requested_by")


class RefundRow(ChildRow, StoredDocument):
    """One refund in any state. ``amount`` is in minor units."""

    refund_id = StringField(required=True)
    stripe_refund_id = StringField(null=True)
    # True where the figures count it: its money left our balance, and came from a capture in the same currency.
    counted = BooleanField(required=True)
    # When the money of a counted one came back.
    failed_at = DateTimeField()
    # True while it waits for a person: for an action, or after a failure that nothing has made good.
    needs_person = BooleanField(required=True)
    reason = StringField(null=True)
    failure_reason = StringField(null=True)
    requested_by = StringField(null=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "refund_rows",
        "indexes": [
            {"name": "payment", "fields": ["payment_id"]},
            # There are far fewer refunds than payments: MongoDB decides a second filter from the keys that it passes.
            {"name": "newest", "fields": ["-at", "-id", *CARD_FIELDS, "status", "currency", "amount", "counted"]},
            {"name": "status_newest", "fields": ["status", "-at", "-id", *CARD_FIELDS, "currency"]},
            {"name": "currency_newest", "fields": ["currency", "-at", "-id", *CARD_FIELDS, "status", "counted"]},
            {
                "name": "needs_person_newest",
                "fields": ["-at", "-id", *CARD_FIELDS, "status", "currency", "counted"],
                "partialFilterExpression": {"needs_person": True},
            },
            {
                "name": "failed_newest",
                "fields": ["-at", "-id", "failed_at", *CARD_FIELDS, "currency"],
                "partialFilterExpression": {"failed_at": {"$gte": BEGINNING}},
            },
        ],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFilter(ChildFilter):
    """Refunds; ``counted`` are those that a refunded volume counts.

    ``came_back`` are those that a volume of refund failures counts: the range is then of the failure.
    """

    document: ClassVar[type[StoredDocument]] = RefundRow
    urgent: ClassVar[Urgent] = Urgent({"needs_person": True}, NEWEST.keys, "needs_person_newest")
    amount_currency: ClassVar[str] = "currency"

    counted: bool | None = None
    came_back: bool = False

    def query(self) -> Row:
        query = self._shared_query() | ({} if self.counted is None else {"counted": self.counted})
        return query | {"at": {"$gte": BEGINNING}, "failed_at": query["at"]} if self.came_back else query

    def sum_query(self) -> Row:
        # Of refunds in any state, only those that paid money back are added up.
        return self.query() | ({"counted": True} if self.status is None else {})


def refund_rows(payment: Mapping[str, Any], row: Mapping[str, Any], three_d_secure: bool) -> list[Fields]:
    """The rows of a payment's refunds; the history need only be there where one of them failed."""
    waiting = _waiting(payment)
    return [
        {
            **shared_fields(row, refund, three_d_secure=three_d_secure),
            # Its own, which is another one where a charge that was not the last one was refunded.
            "currency": refund["currency"],
            "refund_id": refund["id"],
            **{name: refund.get(name) for name in _COPIED},
            "counted": counted,
            **({"failed_at": refund["failed_at"]} if counted and refund.get("failed_at") else {}),
            "needs_person": refund["id"] in waiting,
        }
        for refund in payment["refunds"]
        for counted in [bool(row["captured"]) and moves_money(refund) and refund["currency"] == row["currency"]]
    ]


def _waiting(payment: Mapping[str, Any]) -> frozenset[str]:
    """The ids of the refunds that wait for a person."""
    payment_id = str(payment["_id"])
    refunds = [refund_of({**row, "payment_id": payment_id}) for row in payment["refunds"]]
    return needing_attention(refunds, payment["amount_refundable"], failure_times(payment.get("history") or ()))
