"""The event log: snapshots of changed objects, and the endpoints that have yet to receive them.

Source: docs.stripe.com/api/events; facts §2 and the table "Events by situation" in §4.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sandbox.behaviour import dispute_rendering, files, payouts, radar_rendering, rendering
from sandbox.core.origin import AUTOMATIC, Origin
from sandbox.core.records import (
    Charge,
    Customer,
    Dispute,
    Endpoint,
    Event,
    File,
    FraudWarning,
    Intent,
    Json,
    PaymentMethod,
    Payout,
    Record,
    Refund,
    Review,
)
from sandbox.core.settings import Settings
from sandbox.core.store import Store, key_of
from sandbox.versions.behaviour import is_sent
from sandbox.webhooks.endpoints import subscribers


class EventLog:
    """Writes events and sends each to every endpoint that subscribes to its type, if the endpoint's version has it.

    While ``muted`` it writes nothing, and while ``delivering`` is off it sends nothing: for generated history.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._objects = store
        self._account: str | None = None
        self._livemode = False
        self.send: Callable[[Event, Endpoint], None] = lambda _event, _endpoint: None
        self.muted = False
        self.delivering = True

    def elsewhere(self, objects: Store, account: str | None, livemode: bool) -> EventLog:
        log = EventLog(self._store, self._settings)
        log.send = self.send
        log._objects, log._account, log._livemode = objects, account, livemode
        return log

    def emit(
        self, event_type: str, snapshot: Json, origin: Origin = AUTOMATIC, previous: Json | None = None
    ) -> Event | None:
        if self.muted:
            return None
        data: dict[str, Any] = {"object": _live(snapshot) if self._livemode else snapshot}
        if previous is not None:
            data["previous_attributes"] = previous
        store = self._store
        default = self._settings.api_version
        endpoints = subscribers(store, event_type, snapshot, default, self._account) if self.delivering else []
        if not endpoints and not is_sent(event_type, snapshot, default):
            return None
        event = Event(
            id=f"evt_3{store.token(23)}",
            created=store.now(),
            seq=store.next_seq(),
            type=event_type,
            api_version=default,
            data=json.dumps(data),
            object_id=snapshot["id"],
            account=self._account,
            livemode=self._livemode,
            request_id=origin.request_id,
            idempotency_key=origin.idempotency_key,
            pending=[endpoint.id for endpoint in endpoints],
        )
        store.events.add(event)
        if endpoints:
            store.undelivered.add(key_of(event))
        store.save(event)
        for endpoint in endpoints:
            self.send(event, endpoint)
        return event

    def emit_record(
        self, event_type: str, record: Record, origin: Origin = AUTOMATIC, previous: Json | None = None
    ) -> None:
        if not self.muted:
            self.emit(event_type, snapshot_of(record, self._objects), origin, previous)

    def mark_delivered(self, event: Event, endpoint_id: str) -> None:
        """An endpoint responded with 2xx, possibly after the delivery had failed for good."""
        for endpoint_ids in (event.pending, event.failed):
            if endpoint_id in endpoint_ids:
                endpoint_ids.remove(endpoint_id)
        if event.delivered:
            self._store.undelivered.discard(key_of(event))
        self._store.save(event)

    def mark_failed(self, event: Event, endpoint_id: str) -> None:
        """There will be no further automatic attempt."""
        if endpoint_id in event.pending:
            event.pending.remove(endpoint_id)
            event.failed.append(endpoint_id)
            self._store.save(event)


_SNAPSHOTS: dict[type[Record], Callable[[Any, Store], Json]] = {
    Intent: lambda record, _: rendering.payment_intent(record),
    Charge: rendering.charge,
    Refund: lambda record, _: rendering.refund(record),
    Dispute: dispute_rendering.dispute,
    FraudWarning: lambda record, _: radar_rendering.early_fraud_warning(record),
    Review: lambda record, _: radar_rendering.review(record),
    Payout: lambda record, _: payouts.payout(record),
    File: lambda record, _: files.file(record),
    Customer: lambda record, _: rendering.customer(record),
    PaymentMethod: lambda record, _: rendering.payment_method(record),
}


def snapshot_of(record: Record, store: Store) -> Json:
    """The object in an event. Raises KeyError for kinds that have no events."""
    return _SNAPSHOTS[type(record)](record, store)


def _live(node: Any) -> Any:
    """A snapshot as live mode writes it."""
    if isinstance(node, list):
        return [_live(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {name: True if name == "livemode" else _live(value) for name, value in node.items()}
