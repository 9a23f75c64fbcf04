"""The read model of disputes: one small row each, written together with the row of its payment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from mongoengine import BooleanField, DateTimeField, StringField

from app.domain.payments.states import NEEDS_RESPONSE, DisputeStatus
from app.models.connection import raw, unavailable_as_ours
from app.models.document import StoredDocument
from app.models.listing.children import CARD_FIELDS, ChildFilter, ChildRow, Urgent, shared_fields
from app.models.pagination import Row
from app.models.payments.mapping import Document as Fields


class DisputeRow(ChildRow, StoredDocument):
    """One dispute in any state. ``amount`` is in minor units of the dispute's own currency."""

    dispute_id = StringField(required=True)
    evidence_due_by = DateTimeField(null=True)
    dispute_currency = StringField(required=True)
    reason = StringField(required=True)
    # False for an inquiry, and for a dispute that was prevented.
    chargeback = BooleanField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "dispute_rows",
        "indexes": [
            {"name": "payment", "fields": ["payment_id"]},
            {"name": "newest", "fields": ["-at", "-id", *CARD_FIELDS, "status", "currency", "chargeback"]},
            {"name": "status_newest", "fields": ["status", "-at", "-id", *CARD_FIELDS, "currency"]},
            {"name": "status_due", "fields": ["status", "evidence_due_by", "id"]},
            {"name": "currency_newest", "fields": ["currency", "-at", "-id", *CARD_FIELDS, "status", "chargeback"]},
        ],
    }


_ANSWERABLE: Row = {"status": {"$in": list(NEEDS_RESPONSE)}}


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeFilter(ChildFilter):
    """Disputes; ``chargeback`` is False for inquiries."""

    document: ClassVar[type[StoredDocument]] = DisputeRow
    urgent: ClassVar[Urgent] = Urgent(_ANSWERABLE, [("evidence_due_by", 1), ("_id", 1)], "status_due")
    amount_currency: ClassVar[str] = "dispute_currency"

    chargeback: bool | None = None

    def query(self) -> Row:
        query = self._shared_query()
        if self.chargeback is not None:
            query["chargeback"] = self.chargeback
        if self.chargeback is False:
            query = {"status": {"$ne": DisputeStatus.PREVENTED.value}} | query
        return query


def disputes_due(bounds: Mapping[str, datetime], *, most: int) -> dict[str, int]:
    """How many disputes that need a response are due by which bound; ``later`` are those beyond all, or without a date.

    ``bounds`` go from the earliest to the latest. No more than ``most`` are counted.
    """
    # A row without a date would be less than any bound.
    dated = {"$gt": ["$evidence_due_by", None]}
    branches = [
        {"case": {"$and": [dated, {"$lte": ["$evidence_due_by", bound]}]}, "then": name}
        for name, bound in bounds.items()
    ]
    steps = [
        {"$match": _ANSWERABLE},
        {"$limit": most},
        {"$group": {"_id": {"$switch": {"branches": branches, "default": "later"}}, "n": {"$sum": 1}}},
    ]
    with unavailable_as_ours():
        groups = raw(DisputeRow).aggregate(steps, hint="status_due")
        return {row["_id"]: int(row["n"]) for row in groups}


def dispute_rows(payment: Mapping[str, Any], row: Mapping[str, Any], three_d_secure: bool) -> list[Fields]:
    """The rows of a payment's disputes."""
    return [
        {
            **shared_fields(row, dispute, three_d_secure=three_d_secure),
            "dispute_id": dispute["id"],
            **{name: dispute.get(name) for name in ("reason", "evidence_due_by")},
            "dispute_currency": dispute["currency"],
            "chargeback": DisputeStatus(dispute["status"]).is_chargeback,
        }
        for dispute in payment["disputes"]
    ]
