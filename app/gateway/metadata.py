"""What we write into the metadata of Stripe's objects, and how we know by it what is ours.

Many applications write ``order_id`` or ``payment_id`` there, WooCommerce among them, so only a key that no other
application writes says that an intent is ours (DESIGN section 4, rule 2); the rest stays beside it for people. A charge
gets a copy of its intent's metadata when it is made, refunds and disputes do not (docs.stripe.com/api/metadata).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.ids import is_id

Metadata = Mapping[str, Any]

PAYMENT_KEY = "paydesk_payment_id"
REFUND_KEY = "paydesk_refund_id"
# What earlier versions of this service wrote in their place. Such objects have a row, so nothing is adopted by these.
_EARLIER_PAYMENT_KEY = "payment_id"
_EARLIER_REFUND_KEY = "refund_id"

STORED = (
    *(PAYMENT_KEY, REFUND_KEY, _EARLIER_PAYMENT_KEY, _EARLIER_REFUND_KEY),
    *("order_id", "customer_id", "reason", "notes", "requested_by"),
)
"""The keys that may be stored."""


def of_intent(*, payment_id: str, order_id: str, customer_id: str) -> dict[str, str]:
    """The metadata of an intent that we make."""
    return {PAYMENT_KEY: payment_id, "order_id": order_id, "customer_id": customer_id}


def of_refund(*, refund_id: str, payment_id: str, texts: Mapping[str, str]) -> dict[str, str]:
    """The metadata of a refund that we make; ``texts`` are for people."""
    return {**texts, REFUND_KEY: refund_id, PAYMENT_KEY: payment_id}


def metadata_of(target: Mapping[str, Any]) -> Metadata:
    """The metadata of one of Stripe's objects."""
    metadata = target.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def payment_id_of(metadata: Metadata) -> str | None:
    """The id that makes an intent, a charge or a refund ours; None where it is not."""
    return text_of(metadata, PAYMENT_KEY)


def refund_id_of(metadata: Metadata) -> str | None:
    """Our id of a refund that was requested here.

    The earlier pair of keys counts too: a refund of ours that was taken for another one would be counted twice.
    """
    earlier = text_of(metadata, _EARLIER_REFUND_KEY) if _has_earlier_ids(metadata) else None
    return text_of(metadata, REFUND_KEY) or (earlier if is_id(earlier) else None)


def text_of(metadata: Metadata, key: str) -> str | None:
    """A value, which Stripe only gives as a text that is not empty; None for anything else."""
    value = metadata.get(key)
    return value if value and isinstance(value, str) else None


def names_payment(metadata: Metadata, payment_id: str) -> bool:
    """Whether an intent was made for the payment, by this version or an earlier one."""
    return payment_id in (metadata.get(PAYMENT_KEY), metadata.get(_EARLIER_PAYMENT_KEY))


def is_foreign(metadata: Metadata) -> bool:
    """True when an intent or a charge shows that another application made it; a row may still say that it is ours."""
    return not payment_id_of(metadata) and not _has_earlier_ids(metadata)


def _has_earlier_ids(metadata: Metadata) -> bool:
    return is_id(text_of(metadata, _EARLIER_PAYMENT_KEY))
