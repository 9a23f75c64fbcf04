"""The inbox: one row for each Stripe event, whatever the number of deliveries (DESIGN section 4, rule 5)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from mongoengine import BooleanField, DateTimeField, DictField, Document, IntField, LongField, StringField
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from app.models.connection import raw, unavailable_as_ours


class EventState(StrEnum):
    """``received`` is not ``applied``: a row stays received until its effects are in the payment."""

    RECEIVED = "received"
    APPLIED = "applied"
    IGNORED = "ignored"
    FAILED = "failed"


class WebhookEvent(Document):
    """A verified event, stripped of personal data and secrets. ``created`` is Stripe's time in Unix seconds."""

    id = StringField(primary_key=True)
    type = StringField(required=True)
    api_version = StringField()
    created = LongField(required=True)
    livemode = BooleanField(required=True)
    object_id = StringField()
    payment_intent_id = StringField()
    payload = DictField(required=True)
    state = StringField(required=True, choices=[state.value for state in EventState])
    attempts = IntField(required=True)
    last_error = StringField()
    delivery_count = IntField(required=True)
    first_delivery_at = DateTimeField(required=True)
    last_delivery_at = DateTimeField(required=True)
    finished_at = DateTimeField()

    meta = {
        "collection": "webhook_events",
        "auto_create_index": False,
        "indexes": [
            {"name": "intent_created", "fields": ["payment_intent_id", "created"]},
            {"name": "state_last_delivery", "fields": ["state", "last_delivery_at"]},
        ],
    }


def receive(event_id: str, row: dict[str, Any], *, now: datetime) -> EventState:
    """Store a delivery; returns RECEIVED for a new event, else the state that the known row is in."""
    fresh = {
        "_id": event_id,
        **row,
        "state": EventState.RECEIVED.value,
        "attempts": 0,
        "delivery_count": 1,
        "first_delivery_at": now,
        "last_delivery_at": now,
    }
    with unavailable_as_ours():
        try:
            raw(WebhookEvent).insert_one(fresh)
        except DuplicateKeyError:
            known = raw(WebhookEvent).find_one_and_update(
                {"_id": event_id},
                {"$inc": {"delivery_count": 1}, "$max": {"last_delivery_at": now}},
                projection={"state": 1},
                return_document=ReturnDocument.AFTER,
            )
            return EventState(known["state"])
    return EventState.RECEIVED


def finish(event_id: str, state: EventState, *, now: datetime, error: str | None = None) -> None:
    """Note what became of one attempt to apply; an applied or ignored row never goes back."""
    change: dict[str, Any] = {"$set": {"state": state.value, "last_error": error}, "$inc": {"attempts": 1}}
    if state in {EventState.APPLIED, EventState.IGNORED}:
        change["$set"]["finished_at"] = now
    finished = [EventState.APPLIED.value, EventState.IGNORED.value]
    with unavailable_as_ours():
        raw(WebhookEvent).update_one({"_id": event_id, "state": {"$nin": finished}}, change)
