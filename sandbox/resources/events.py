"""/v1/events. Source: docs.stripe.com/api/events; facts §2."""

from __future__ import annotations

from fnmatch import fnmatchcase

from sandbox.core.call import Call
from sandbox.core.errors import invalid, missing
from sandbox.core.lists import page, rendered
from sandbox.core.records import Event, Json
from sandbox.webhooks import rendering

MAX_TYPES = 20


def retrieve(call: Call) -> Json:
    """GET /v1/events/{id}. Raises 404 for one of another account or mode, as for none at all."""
    event = call.store.events.require(call.object_id, param="id")
    if not event.ours:
        raise missing("event", event.id, param="id")
    return rendering.event(event)


def list_events(call: Call) -> Json:
    """GET /v1/events: newest first, by type or types, and by whether every endpoint accepted them.

    ``delivery_success=false`` includes events that are still being retried (facts §2).
    """
    store, params = call.store, call.params
    patterns = params.get("types")
    if "type" in params:
        if patterns:
            raise invalid("You may only specify one of these parameters: type, types.", param="types")
        patterns = [params["type"]]
    if patterns and len(patterns) > MAX_TYPES:
        raise invalid(f"You may only specify up to {MAX_TYPES} types.", param="types")
    undelivered_only = params.get("delivery_success") is False
    if undelivered_only:
        indexes = [store.undelivered]
    elif patterns:
        names = store.events.values("type")
        matching = {name for name in names for pattern in patterns if fnmatchcase(name, pattern)}
        indexes = [store.events.index("type", name) for name in matching]
    else:
        indexes = [store.events.all]

    def keep(event: Event) -> bool:
        if not event.ours:
            return False
        if undelivered_only and patterns:
            return any(fnmatchcase(event.type, pattern) for pattern in patterns)
        return "delivery_success" not in params or event.delivered != undelivered_only

    return rendered("/v1/events", page(store.events, indexes, params, keep), rendering.event)
