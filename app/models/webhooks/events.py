"""The inbox: one row for each Stripe event, whatever the number of deliveries (DESIGN section 4, rule 5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from mongoengine import BooleanField, DateTimeField, EnumField, IntField, LongField, StringField
from pymongo import WriteConcern
from pymongo.errors import BulkWriteError

from app.cursors import Cursor
from app.models import pagination
from app.models.connection import raw, unavailable_as_ours
from app.models.document import PlainField, StoredDocument
from app.models.pagination import Page, Position, Row, Sorting
from app.models.write_batching import GroupCommit


class EventState(StrEnum):
    """``received`` is not ``applied``: a row stays received until its effects are in the payment."""

    RECEIVED = "received"
    APPLIED = "applied"
    IGNORED = "ignored"
    FAILED = "failed"


class IgnoredReason(StrEnum):
    """Why an event of a type that is applied was ignored."""

    WRONG_MODE = "wrong_mode"
    OTHER_ACCOUNT = "other_account"
    FOREIGN = "foreign"
    NO_PAYMENT = "no_payment"
    NO_PERMISSION = "no_permission"


DEFAULT_RETENTION_DAYS = 90
_DUPLICATE_KEY = 11000
_BATCH = 200
_OLDEST = Sorting("created", 1)
_FINISHED = [EventState.APPLIED.value, EventState.IGNORED.value]
_UNFINISHED = [EventState.RECEIVED.value, EventState.FAILED.value]
# A request that received an event has applied it, or failed to, long before this, unless its process has died.
_GRACE_MS = 60_000
# After the first failure the worker waits a minute, then twice as long each time, up to an hour …
_FIRST_PAUSE_MS = 30_000
_LONGEST_PAUSE_MS = 3_600_000
_DOUBLINGS = 8
# … and gives up when Stripe itself no longer lists the event (docs.stripe.com/api/events: 30 days).
_GIVE_UP_MS = 30 * 86_400_000


class WebhookEvent(StoredDocument):
    """A verified event, stripped of personal data and secrets. ``created`` is Stripe's time in Unix seconds."""

    id: str = StringField(primary_key=True)
    type: str = StringField(required=True)
    api_version: str | None = StringField(null=True)
    created: int = LongField(required=True)
    livemode: bool = BooleanField(required=True)
    object_id: str | None = StringField(null=True)
    payment_intent_id: str | None = StringField(null=True)
    payload: dict[str, Any] = PlainField(dict, required=True)
    state: EventState = EnumField(EventState, required=True)
    attempts: int = IntField(required=True)
    last_error: str | None = StringField()
    ignored_reason: IgnoredReason | None = EnumField(IgnoredReason)
    # The connected account that the event is about (docs.stripe.com/connect/webhooks); ours have none.
    account: str | None = StringField()
    delivery_count: int = IntField(required=True)
    first_delivery_at: datetime = DateTimeField(required=True)
    last_delivery_at: datetime = DateTimeField(required=True)
    finished_at: datetime | None = DateTimeField()
    # From when on the worker may take the event up. Only unfinished events have it.
    due_at: datetime | None = DateTimeField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "webhook_events",
        "indexes": [
            {"name": "intent_created", "fields": ["payment_intent_id", "created"]},
            # Also for filters that leave the state open: four scans in this order merge into one. ``due_at`` lets the
            # sweep pass by what is not due without reading it.
            {"name": "state_created", "fields": ["state", "created", "id", "due_at"]},
            # For people who look for one type. Neither field ever changes, so only the insert pays for it.
            {"name": "type_created", "fields": ["type", "created", "id"]},
            {
                "name": "retention",
                "fields": ["finished_at"],
                "expireAfterSeconds": DEFAULT_RETENTION_DAYS * 86_400,
                # An event that was never applied has no such time, so no clock can remove it.
                "partialFilterExpression": {"finished_at": {"$type": "date"}},
            },
        ],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """What events are narrowed to; None means any. ``since`` is inclusive, ``until`` exclusive, by Stripe's time."""

    state: EventState | None = None
    type: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def query(self) -> Row:
        """As a MongoDB query."""
        states = [self.state] if self.state else list(EventState)
        query: Row = {"state": {"$in": [state.value for state in states]}}
        if self.type:
            query["type"] = self.type
        bounds = {"$gte": self.since, "$lt": self.until}
        created = {operator: moment.timestamp() for operator, moment in bounds.items() if moment}
        if created:
            query["created"] = created
        return query


def receive(event_id: str, row: dict[str, Any], *, now: datetime) -> EventState:
    """Store a delivery; returns RECEIVED for a new event, else the state of the stored one."""
    new = {
        "_id": event_id,
        **row,
        "state": EventState.RECEIVED.value,
        "attempts": 0,
        "delivery_count": 1,
        "first_delivery_at": now,
        "last_delivery_at": now,
        "due_at": now + timedelta(milliseconds=_GRACE_MS),
    }
    with unavailable_as_ours():
        if _insert(new):
            return EventState.RECEIVED
        stored = WebhookEvent.objects(id=event_id).only("state")
        event = stored.modify(new=True, inc__delivery_count=1, max__last_delivery_at=now)
    return event.state  # type: ignore[no-any-return]


def finish(event_id: str, state: EventState, reason: IgnoredReason | None = None) -> None:
    """Note that the event is finished; it stays so for good, but an ignored one may become applied.

    ``reason`` says why an event is ignored whose type is not.

    The note need not survive a failover: if it is lost the event stays received, and applying it again changes nothing.
    """
    with unavailable_as_ours():
        (_note_applied if state == EventState.APPLIED else _note_ignored[reason])(event_id)


def fail(event_id: str, error: str, *, state: EventState = EventState.FAILED) -> None:
    """Note why an attempt to apply failed, for people, and when the worker makes the next.

    ``state`` RECEIVED is for an event that only has to wait.
    """
    pause = {"$multiply": [_FIRST_PAUSE_MS, {"$pow": [2, {"$min": ["$attempts", _DOUBLINGS]}]}]}
    change: list[dict[str, Any]] = [
        {"$set": {"state": state.value, "last_error": {"$literal": error}, "attempts": {"$add": ["$attempts", 1]}}},
        {
            "$set": {
                "due_at": {
                    "$cond": [
                        {"$gt": ["$first_delivery_at", {"$subtract": ["$$NOW", _GIVE_UP_MS]}]},
                        {"$add": ["$$NOW", {"$min": [pause, _LONGEST_PAUSE_MS]}]},
                        "$$REMOVE",
                    ]
                }
            }
        },
    ]
    with unavailable_as_ours():
        WebhookEvent.objects(id=event_id, state__nin=_FINISHED).update_one(__raw__=change)


def due(limit: int, *, now: datetime) -> list[WebhookEvent]:
    """Unfinished events that are due for the worker, in the order in which Stripe made them."""
    events = WebhookEvent.objects(state__in=_UNFINISHED, due_at__lte=now)
    with unavailable_as_ours():
        return list(events.sort(_OLDEST.keys).limit(limit))


def find(event_id: str) -> WebhookEvent | None:
    """One event."""
    with unavailable_as_ours():
        return WebhookEvent.objects(id=event_id).first()  # type: ignore[no-any-return]


def count(where: EventFilter) -> int:
    """How many events match."""
    with unavailable_as_ours():
        return int(WebhookEvent.objects(__raw__=where.query()).count())


def count_up_to(where: EventFilter, most: int) -> int:
    """How many events match; ``most`` where there are as many or more, so that counting never takes long."""
    with unavailable_as_ours():
        return int(WebhookEvent.objects(__raw__=where.query()).limit(most).count(with_limit_and_skip=True))


def oldest_unapplied() -> int | None:
    """When Stripe made the oldest event that is not applied, in Unix seconds; None when all are."""
    events = WebhookEvent.objects(state__in=_UNFINISHED).order_by("created")
    with unavailable_as_ours():
        # Only this field, so that MongoDB answers from the index.
        created = events.fields(id=0, created=1).as_pymongo().first()
    return created["created"] if created else None


def page(where: EventFilter, *, limit: int, cursor: Cursor | None = None) -> Page:
    """The page of ``limit`` events that match at ``cursor``, newest first, without their payload."""

    def find(query: Row) -> Any:
        return WebhookEvent.objects(__raw__=query).exclude("payload").as_pymongo()

    with unavailable_as_ours():
        page = pagination.page(find, where.query(), _OLDEST.reversed, limit=limit, cursor=cursor)
    return replace(page, rows=[WebhookEvent.load(row) for row in page.rows])


def of_intent(intent_id: str, limit: int) -> list[WebhookEvent]:
    """Up to ``limit`` events about one payment intent, newest first, without their payload."""
    events = WebhookEvent.objects(payment_intent_id=intent_id).exclude("payload")
    with unavailable_as_ours():
        return list(events.order_by("-created").limit(limit))


def types() -> list[str]:
    """The types of the events that are stored."""
    with unavailable_as_ours():
        return sorted(WebhookEvent.objects.distinct("type"))


def walk(where: EventFilter, *, after: Position | None = None) -> Iterator[WebhookEvent]:
    """Every event that matches, oldest first, read in batches; ``after`` is the last one that was seen."""

    # By position and not by one long cursor: applying changes what a filter on the state matches, and MongoDB ends
    # cursors that wait long.
    def find(query: Row) -> Any:
        return WebhookEvent.objects(__raw__=query).as_pymongo()

    with unavailable_as_ours():
        for row in pagination.stream(find, where.query(), _OLDEST, after=after, batch=_BATCH):
            yield WebhookEvent.load(row)


def _insert_all(rows: Sequence[dict[str, Any]]) -> list[bool]:
    """Insert events; False for those that were stored already.

    Raw: measured in batches of twenty, an event costs four times the processor time through ``objects`` (0.11 ms).
    """
    try:
        raw(WebhookEvent).insert_many(rows, ordered=False)
    except BulkWriteError as error:
        problems = {problem["index"]: problem for problem in error.details["writeErrors"]}
        if any(problem["code"] != _DUPLICATE_KEY for problem in problems.values()):
            raise
        return [index not in problems for index in range(len(rows))]
    return [True] * len(rows)


def _finisher(state: EventState, unless: list[str], reason: IgnoredReason | None = None) -> GroupCommit[str, None]:
    said = {"ignored_reason": reason.value} if reason else {}

    def note(event_ids: Sequence[str]) -> list[None]:
        change = {
            "$set": {"state": state.value, "finished_at": datetime.now(UTC), **said},
            "$unset": {"last_error": "", "due_at": "", **({} if reason else {"ignored_reason": ""})},
            "$inc": {"attempts": 1},
        }
        # Raw: MongoEngine's updates take no hint, which this one needs on every delivery.
        rows = raw(WebhookEvent).with_options(write_concern=WriteConcern(w=1))
        query = {"_id": {"$in": list(event_ids)}, "state": {"$nin": unless}}
        # The hint spares MongoDB weighing the index on the state against the ids every time.
        rows.update_many(query, change, hint=[("_id", 1)])
        return [None] * len(event_ids)

    return GroupCommit(note)


_insert = GroupCommit(_insert_all)
_note_applied = _finisher(EventState.APPLIED, unless=[EventState.APPLIED.value])
_note_ignored = {
    reason: _finisher(EventState.IGNORED, unless=_FINISHED, reason=reason) for reason in (None, *IgnoredReason)
}
