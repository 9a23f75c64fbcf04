"""Refund forms that were filled in and not confirmed yet, so that the second step has an address.

A draft holds only what the form shows: the refund itself is made from what its confirmation sends, once for its key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from mongoengine import DateTimeField, StringField

from app.models.connection import unavailable_as_ours
from app.models.document import PlainField, StoredDocument

# As long as a refund form may be used.
RETENTION_SECONDS = 12 * 3600


class RefundDraft(StoredDocument):
    """``fields`` are the texts of the form by their names."""

    id: str = StringField(primary_key=True)
    fields: dict[str, str] = PlainField(dict, required=True)
    entered_at: datetime = DateTimeField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "refund_drafts",
        "indexes": [{"name": "retention", "fields": ["entered_at"], "expireAfterSeconds": RETENTION_SECONDS}],
    }


def keep(draft_id: str, fields: Mapping[str, str], *, now: datetime) -> None:
    """Keep the draft in place of an earlier one of the same form."""
    with unavailable_as_ours():
        RefundDraft.objects(id=draft_id).update_one(upsert=True, set__fields=dict(fields), set__entered_at=now)


def find(draft_id: str) -> dict[str, str] | None:
    """The fields of the draft; None where nothing was entered or it is too old."""
    with unavailable_as_ours():
        draft = RefundDraft.objects(id=draft_id).first()
    return draft.fields if draft else None
