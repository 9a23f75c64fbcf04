"""Stripe's events as the webhooks page shows them: what needs a person first, and replays in bounded steps."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from app.clock import now
from app.cursors import Cursor
from app.errors import NotFound
from app.models.pagination import Page
from app.models.webhooks import events as webhook_events
from app.models.webhooks.events import EventFilter, EventState, WebhookEvent
from app.services.webhooks.replay import ReplayOutcome, WebhookReplay

PAGE = 50
MOST_COUNTED = 1000
# An event that was received this long ago and is not applied waits for something.
AGED = timedelta(minutes=1)
# A replay may ask Stripe about each event, so a request takes a few and the next request goes on.
MOST_AT_ONCE = 50
_MOST_SECONDS = 10.0
_FAILED = EventFilter(state=EventState.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """One page of events; the counts are of all events and end at ``MOST_COUNTED``.

    ``urgent`` are the first failed and waiting ones, only on the first page of the unfiltered list.
    """

    failed: int
    waiting: int
    urgent: list[WebhookEvent]
    page: Page
    types: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDetail:
    """An event, what it has changed, and what a replay would change now."""

    event: WebhookEvent
    effects: ReplayOutcome
    preview: ReplayOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What became of some of the failed events, or would; ``last`` is where the next batch goes on, if any is left."""

    outcomes: list[ReplayOutcome]
    failed: int
    last: Cursor | None


class WebhookAdmin:
    """Use cases of the webhooks page."""

    def __init__(self, replay: WebhookReplay) -> None:
        self._replay = replay

    def inbox(self, where: EventFilter, *, cursor: Cursor | None) -> Inbox:
        """The events that match, newest first, below those that need attention."""
        waiting = EventFilter(state=EventState.RECEIVED, until=now() - AGED)
        urgent: list[WebhookEvent] = []
        if cursor is None and where == EventFilter():
            pages = (self._replay.page(filter_, limit=PAGE // 5) for filter_ in (_FAILED, waiting))
            urgent = [event for page in pages for event in page.rows]
        return Inbox(
            failed=webhook_events.count_up_to(_FAILED, MOST_COUNTED),
            waiting=webhook_events.count_up_to(waiting, MOST_COUNTED),
            urgent=urgent,
            page=self._replay.page(where, limit=PAGE, cursor=cursor),
            types=webhook_events.types(),
        )

    def event(self, event_id: str) -> EventDetail:
        """One event in full. Raises NotFound."""
        event = self._event(event_id)
        (preview,) = self._replay.preview([event])
        return EventDetail(event=event, effects=self._replay.effects(event), preview=preview)

    def replay(self, event_id: str, *, actor: str) -> ReplayOutcome:
        """Apply one event again. Raises NotFound."""
        event = self._event(event_id)
        self._replay.log(actor, {"events": [event_id]}, 1)
        (outcome,) = self._replay.replay([event])
        return outcome

    def preview_failed(self, *, cursor: Cursor | None) -> Batch:
        """What ``replay_failed`` would do with the next failed events; calls Stripe for nothing and writes nothing."""
        events, more = self._failed(cursor)
        outcomes = list(self._replay.preview(events))
        return self._batch(events, outcomes, more=more)

    def replay_failed(self, *, cursor: Cursor | None, actor: str) -> Batch:
        """Apply the next failed events again, as many as a request has time for."""
        events, more = self._failed(cursor)
        if events:
            # Ids, not the filter: what has failed when the log is read later is another set.
            ids = [event.id for event in events]
            self._replay.log(actor, {"state": "failed", "events": ids}, len(ids))
        deadline = time.monotonic() + _MOST_SECONDS
        outcomes: list[ReplayOutcome] = []
        for outcome in self._replay.replay(events):
            outcomes.append(outcome)
            if time.monotonic() > deadline:
                break
        return self._batch(events[: len(outcomes)], outcomes, more=more or len(outcomes) < len(events))

    def _failed(self, cursor: Cursor | None) -> tuple[list[WebhookEvent], bool]:
        after = (cursor.value, cursor.row_id) if cursor else None
        events = list(islice(self._replay.select(_FAILED, after=after), MOST_AT_ONCE + 1))
        return events[:MOST_AT_ONCE], len(events) > MOST_AT_ONCE

    def _batch(self, events: list[WebhookEvent], outcomes: list[ReplayOutcome], *, more: bool) -> Batch:
        return Batch(
            outcomes=outcomes,
            failed=webhook_events.count_up_to(_FAILED, MOST_COUNTED),
            last=Cursor(events[-1].created, events[-1].id) if more else None,
        )

    def _event(self, event_id: str) -> WebhookEvent:
        try:
            return self._replay.get(event_id)
        except NotFound:
            # The id came with the address; it is not repeated, as it may be anything.
            raise NotFound("There is no such event.") from None
