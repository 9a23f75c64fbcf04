"""What carries or surrounds objects: events, lists, webhook endpoints, the account; at API version 2023-10-16."""

from __future__ import annotations

import json
from typing import Any

from sandbox.core.records import Endpoint, Event, Json

ACCOUNT_ID = "acct_1SandboxPaydesk0"


def webhook_endpoint(record: Endpoint, *, with_secret: bool = False) -> Json:
    """docs.stripe.com/api/webhook_endpoints/object; the secret is told only when the endpoint is created."""
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
    """The JSON text of an event as it stands now; its snapshot is put in as it was written."""
    head = {
        "id": record.id,
        "object": "event",
        "api_version": record.api_version,
        "created": record.created,
        "livemode": False,
        "pending_webhooks": len(record.pending) + len(record.failed),
        "request": {"id": record.request_id, "idempotency_key": record.idempotency_key},
        "type": record.type,
    }
    return f'{json.dumps(head)[:-1]}, "data": {record.data}}}'


def event(record: Event) -> Json:
    """docs.stripe.com/api/events/object."""
    rendered: Json = json.loads(event_text(record))
    return rendered


def account() -> Json:
    """docs.stripe.com/api/accounts/object, as far as a payments service reads it."""
    return {
        "id": ACCOUNT_ID,
        "object": "account",
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": "US",
        "default_currency": "usd",
        "details_submitted": True,
        "email": "sandbox@example.com",
        "metadata": {},
        "payouts_enabled": True,
        "type": "standard",
    }


def listed(url: str, data: list[Any], has_more: bool) -> Json:
    """A page of objects."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}
