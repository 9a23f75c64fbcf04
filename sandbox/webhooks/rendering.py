"""Events and webhook endpoints in Stripe's format at API version 2023-10-16."""

from __future__ import annotations

import json

from sandbox.core.records import Endpoint, Event, Json


def webhook_endpoint(record: Endpoint, *, with_secret: bool = False) -> Json:
    """docs.stripe.com/api/webhook_endpoints/object; the secret is shown only when the endpoint is created."""
    rendered: Json = {
        "id": record.id,
        "object": "webhook_endpoint",
        "api_version": record.api_version,
        "application": None,
        "created": record.created,
        "description": record.description,
        "enabled_events": list(record.enabled_events),
        "livemode": False,
        "metadata": dict(record.metadata),
        "status": "enabled" if record.enabled else "disabled",
        "url": record.url,
    }
    if with_secret:
        rendered["secret"] = record.secrets[0]
    return rendered


def event_text(record: Event) -> str:
    """The JSON text of an event in its current state, with the snapshot exactly as it was written."""
    head = {
        "id": record.id,
        "object": "event",
        "api_version": record.api_version,
        "created": record.created,
        "livemode": record.livemode,
        "pending_webhooks": len(record.pending) + len(record.failed),
        "request": {"id": record.request_id, "idempotency_key": record.idempotency_key},
        "type": record.type,
    }
    if record.account:
        head["account"] = record.account
    return f'{json.dumps(head)[:-1]}, "data": {record.data}}}'


def event(record: Event) -> Json:
    """docs.stripe.com/api/events/object."""
    rendered: Json = json.loads(event_text(record))
    return rendered
