"""What somebody has entered to refund a payment and not confirmed yet, so that the second step has an address.

A draft is nothing but what a form shows: the refund itself is made from what its confirmation sends, once for its key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from mongoengine import DateTimeField, DictField, Document, StringField

from app.models.connection import raw, unavailable_as_ours

# As long as a refund form may be used.
RETENTION_SECONDS = 12 * 3600


class RefundDraft(Document):
    """``fields`` are the texts of the form by their names."""

    id = StringField(primary_key=True)
    fields = DictField(required=True)
    entered_at = DateTimeField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "refund_drafts",
        "auto_create_index": False,
        "indexes": [{"name": "retention", "fields": ["entered_at"], "expireAfterSeconds": RETENTION_SECONDS}],
    }


def keep(draft_id: str, fields: Mapping[str, str], *, now: datetime) -> None:
    """Keep the draft in place of an earlier one of the same form."""
    with unavailable_as_ours():
        raw(RefundDraft).replace_one(
            {"_id": draft_id}, {"fields": dict(fields), "entered_at": now}, upsert=True
        )


def find(draft_id: str) -> dict[str, str] | None:
    """The fields of the draft; None where nothing was entered or it is too old."""
    with unavailable_as_ours():
        row = raw(RefundDraft).find_one({"_id": draft_id})
    return row["fields"] if row else None
