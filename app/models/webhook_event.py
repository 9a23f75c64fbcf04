"""The inbox: one row for each Stripe event, whatever the number of deliveries (DESIGN section 4, rule 5)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from mongoengine import BooleanField, DateTimeField, DictField, Document, IntField, LongField, StringField
from pymongo import ReturnDocument, WriteConcern
from pymongo.errors import DuplicateKeyError

from app.models.connection import raw, unavailable_as_ours


class EventState(StrEnum):
    """``received`` is not ``applied``: a row stays received until its effects are in the payment."""

    RECEIVED = "received"
    APPLIED = "applied"
    IGNORED = "ignored"
    FAILED = "failed"


_FINISHED = [EventState.APPLIED.value, EventState.IGNORED.value]


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

    meta: ClassVar[dict[str, Any]] = {
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


def finish(event_id: str, state: EventState, *, now: datetime) -> None:
    """Note that the event is done with; an applied or ignored row never goes back.

    The note is not waited for: if it is lost the row stays received, and applying it once more changes nothing.
    """
    change = {
        "$set": {"state": state.value, "finished_at": now},
        "$unset": {"last_error": ""},
        "$inc": {"attempts": 1},
    }
    unacknowledged = raw(WebhookEvent).with_options(write_concern=WriteConcern(w=0))
    with unavailable_as_ours():
        unacknowledged.update_one({"_id": event_id, "state": {"$nin": _FINISHED}}, change)


def fail(event_id: str, error: str) -> None:
    """Note why an attempt to apply failed, for people and for the next attempt."""
    change = {"$set": {"state": EventState.FAILED.value, "last_error": error}, "$inc": {"attempts": 1}}
    with unavailable_as_ours():
        raw(WebhookEvent).update_one({"_id": event_id, "state": {"$nin": _FINISHED}}, change)
