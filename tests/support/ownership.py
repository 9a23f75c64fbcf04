"""How an intent that was made at Stripe itself is marked as ours or as another application's."""

from __future__ import annotations

from typing import Any

from bson import ObjectId

OURS = {"paydesk_payment_id": "restored"}
"""Metadata of ours on many intents; no id of ours, so each payment gets an id from its intent."""


def our_metadata(order_id: str, customer_id: str = "customer-1") -> dict[str, Any]:
    """The parameters of an intent that this service made and lost."""
    return {
        "metadata[order_id]": order_id,
        "metadata[customer_id]": customer_id,
        "metadata[paydesk_payment_id]": str(ObjectId()),
    }
