"""The inbox: one row for each Stripe event, whatever the number of deliveries (DESIGN section 4, rule 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from mongoengine import BooleanField, DateTimeField, DictField, Document, IntField, LongField, StringField
from pymongo import ReturnDocument, WriteConcern
from pymongo.errors import BulkWriteError

from app.models.connection import raw, unavailable_as_ours
from app.models.group_commit import GroupCommit


class EventState(StrEnum):
    """``received`` is not ``applied``: a row stays received until its effects are in the payment."""

    RECEIVED = "received"
    APPLIED = "applied"
    IGNORED = "ignored"
    FAILED = "failed"


_DUPLICATE_KEY = 11000
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
        if _insert(fresh):
            return EventState.RECEIVED
        known = raw(WebhookEvent).find_one_and_update(
            {"_id": event_id},
            {"$inc": {"delivery_count": 1}, "$max": {"last_delivery_at": now}},
            projection={"state": 1},
            return_document=ReturnDocument.AFTER,
        )
    return EventState(known["state"])


def finish(event_id: str, state: EventState) -> None:
    """Note that the event is done with; an applied or ignored row never goes back.

    The note need not survive a failover: if it is lost the row stays received, and applying it again changes nothing.
    """
    with unavailable_as_ours():
        (_note_applied if state == EventState.APPLIED else _note_ignored)(event_id)


def fail(event_id: str, error: str) -> None:
    """Note why an attempt to apply failed, for people and for the next attempt."""
    change = {"$set": {"state": EventState.FAILED.value, "last_error": error}, "$inc": {"attempts": 1}}
    with unavailable_as_ours():
        raw(WebhookEvent).update_one({"_id": event_id, "state": {"$nin": _FINISHED}}, change)


def _insert_all(rows: Sequence[dict[str, Any]]) -> list[bool]:
    """Insert events; False for those that were known already."""
    try:
        raw(WebhookEvent).insert_many(rows, ordered=False)
    except BulkWriteError as error:
        problems = {problem["index"]: problem for problem in error.details["writeErrors"]}
        if any(problem["code"] != _DUPLICATE_KEY for problem in problems.values()):
            raise
        return [index not in problems for index in range(len(rows))]
    return [True] * len(rows)


def _finisher(state: EventState) -> GroupCommit[str, None]:
    def note(event_ids: Sequence[str]) -> list[None]:
        change: list[dict[str, Any]] = [
            {
                "$set": {
                    "state": state.value,
                    "finished_at": "$$NOW",
                    "last_error": "$$REMOVE",
                    "attempts": {"$add": ["$attempts", 1]},
                }
            }
        ]
        rows = raw(WebhookEvent).with_options(write_concern=WriteConcern(w=1))
        rows.update_many({"_id": {"$in": list(event_ids)}, "state": {"$nin": _FINISHED}}, change)
        return [None] * len(event_ids)

    return GroupCommit(note)


_insert = GroupCommit(_insert_all)
_note_applied = _finisher(EventState.APPLIED)
_note_ignored = _finisher(EventState.IGNORED)
