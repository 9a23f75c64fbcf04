"""What Stripe last refused because of how this service or its account is set up, one document for each operation.

Stored, so that whichever process answers /readyz can say it.

Uses connection, document.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from mongoengine import DateTimeField, StringField

from app.models.connection import unavailable_as_ours
from app.models.document import StoredDocument

# A fault that was mended while nobody took a payment is forgotten after a day.
RETENTION_SECONDS = 86_400


class ConfigurationFaultDocument(StoredDocument):
    """``id`` is the operation, the rest is what Stripe said."""

    id: str = StringField(primary_key=True)
    code: str | None = StringField(null=True)
    param: str | None = StringField(null=True)
    message: str = StringField(required=True)
    seen_at: datetime = DateTimeField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "configuration_faults",
        "indexes": [{"name": "retention", "fields": ["seen_at"], "expireAfterSeconds": RETENTION_SECONDS}],
    }


def keep(operation: str, *, code: str | None, param: str | None, message: str, now: datetime) -> None:
    """Note the fault in place of an earlier one of the operation."""
    with unavailable_as_ours():
        ConfigurationFaultDocument.objects(id=operation).update_one(
            upsert=True, set__code=code, set__param=param, set__message=message, set__seen_at=now
        )


def forget(operation: str) -> None:
    """The operation works again."""
    with unavailable_as_ours():
        ConfigurationFaultDocument.objects(id=operation).delete()


def every() -> list[ConfigurationFaultDocument]:
    """The faults that have not been mended as far as we know, the latest first."""
    with unavailable_as_ours():
        return list(ConfigurationFaultDocument.objects.order_by("-seen_at"))
