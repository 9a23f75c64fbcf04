"""What the event log writes."""

from __future__ import annotations

from sandbox.core.settings import Settings
from sandbox.core.store import Store
from sandbox.webhooks.event_log import EventLog


def test_snapshot_does_not_change_with_the_object() -> None:
    store = Store()
    log = EventLog(store, Settings())
    snapshot = {"id": "pi_1", "metadata": {"a": "1"}}
    log.emit("payment_intent.created", snapshot)
    snapshot["metadata"] = {}
    [event] = store.events.by_id.values()
    assert event.data == '{"object": {"id": "pi_1", "metadata": {"a": "1"}}}'
    assert event.delivered


def test_muted_events_and_those_of_later_versions_are_not_written() -> None:
    store = Store()
    log = EventLog(store, Settings(api_version="2024-09-30.acacia"))
    log.emit("refund.created", {"id": "re_1", "charge": "ch_1"})
    log.muted = True
    log.emit("charge.refunded", {"id": "ch_1"})
    assert len(store.events) == 0
