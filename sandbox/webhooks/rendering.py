"""Events and webhook endpoints in Stripe's format; each event in the version of the account or of an endpoint."""

from __future__ import annotations

import json

from sandbox.core.records import Endpoint, Event, Json
from sandbox.versions import rendering as versions


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


def event(record: Event, endpoint_version: str | None = None) -> Json:
    """docs.stripe.com/api/events/object, as one endpoint gets it; without a version, as it was created."""
    rendered: Json = {
        "id": record.id,
        "object": "event",
        "context": None,
        "created": record.created,
        "data": json.loads(record.data),
        "livemode": record.livemode,
        "pending_webhooks": len(record.pending) + len(record.failed),
        "request": {"id": record.request_id, "idempotency_key": record.idempotency_key},
        "type": record.type,
    }
    if record.account:
        rendered["account"] = rendered["context"] = record.account
    return versions.event(rendered, endpoint_version or record.api_version)
