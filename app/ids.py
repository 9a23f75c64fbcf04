"""Ids of our own rows: the 24 hexadecimal digits of an ObjectId, so they sort by the time at which they were made."""

from __future__ import annotations

from bson import ObjectId


def new_id() -> str:
    """A new id for a payment, refund or other row of ours."""
    return str(ObjectId())


def is_id(text: str | None) -> bool:
    """True for the 24 hexadecimal digits that our ids are."""
    return bool(text) and ObjectId.is_valid(text)
