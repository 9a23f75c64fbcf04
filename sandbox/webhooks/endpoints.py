"""The webhook endpoint of the command line, which ``/_sandbox/webhooks`` can change."""

from __future__ import annotations

from typing import Any

from sandbox.core.records import COMMAND_LINE_ENDPOINT, Endpoint
from sandbox.core.store import Store


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
