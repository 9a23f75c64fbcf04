"""Who gets an event, and the webhook endpoint of the command line, which ``/_sandbox/webhooks`` can change."""

from __future__ import annotations

from typing import Any

from sandbox.core.records import COMMAND_LINE_ENDPOINT, Endpoint, Json
from sandbox.core.store import Store
from sandbox.versions.behaviour import is_sent
from sandbox.versions.event_names import selected


def subscribers(
    store: Store, event_type: str, snapshot: Json, default_version: str, account: str | None
) -> list[Endpoint]:
    """The endpoints that an event is sent to: they select its type, and their version has it for such an object.

    Events of a connected ``account`` go to endpoints made with ``connect``. The endpoint of the command line gets them
    as well, as one does that was set up in the wrong scope.
    """
    return [
        endpoint
        for endpoint in store.endpoints.by_id.values()
        if endpoint.enabled
        and (endpoint.connect is bool(account) or endpoint.id == COMMAND_LINE_ENDPOINT)
        and selected(endpoint.enabled_events, event_type)
        and is_sent(event_type, snapshot, endpoint.api_version or default_version)
    ]


def configure(store: Store, **changes: Any) -> None:
    """Create or change the endpoint. Raises ValueError for a new one without url and secrets."""
    endpoint = store.endpoints.get(COMMAND_LINE_ENDPOINT) or Endpoint(
        id=COMMAND_LINE_ENDPOINT, created=store.now(), seq=store.next_seq()
    )
    for name, value in changes.items():
        setattr(endpoint, name, value)
    if not endpoint.url or not endpoint.secrets:
        raise ValueError("a new endpoint requires url and secret")
    if endpoint.id not in store.endpoints.by_id:
        store.endpoints.add(endpoint)
    store.save(endpoint)
