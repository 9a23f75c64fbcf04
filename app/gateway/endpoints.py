"""The webhook endpoints of the account at Stripe: which there are, and how they are made and changed.

Sources: docs.stripe.com/api/webhook_endpoints (the version of an endpoint cannot be changed; its secret is in the
answer that creates it, and in no other), docs.stripe.com/webhooks (limits).

Uses client, webhooks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import stripe

from app.errors import ValidationFailed
from app.gateway.client import StripeGateway, listed, object_of
from app.gateway.webhooks import ALL_REFUND_EVENTS_SINCE, APPLIED_TYPES, FAILED_REFUND

# As many as an account may have in one mode (docs.stripe.com/webhooks).
MOST_ENDPOINTS = 16
_EVERY_EVENT = "*"
_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSetup:
    """A webhook endpoint. ``api_version`` None stands for the account's default, whatever that becomes."""

    id: str
    url: str
    is_enabled: bool
    livemode: bool
    api_version: str | None
    events: frozenset[str]

    @property
    def missing_events(self) -> tuple[str, ...]:
        """The events that we apply and that it does not get."""
        return () if _EVERY_EVENT in self.events else tuple(sorted(needed_events(self.api_version) - self.events))

    @property
    def needless_events(self) -> tuple[str, ...]:
        """The events that it gets and that we do not apply."""
        return tuple(sorted(self.events - APPLIED_TYPES))


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint that was just made; nobody can read its secret again by the API."""

    setup: EndpointSetup
    secret: str = field(repr=False)


class EventRefused(Exception):
    """Stripe does not know one of the events in the version of the endpoint."""


class StripeEndpoints:
    """Every method raises the errors of the gateway."""

    def __init__(self, gateway: StripeGateway) -> None:
        self._gateway = gateway

    def all(self) -> list[EndpointSetup]:
        """Every endpoint of the account in the mode of the key."""
        params = {"limit": _PAGE}
        return self._gateway.call(
            "list_webhook_endpoints",
            lambda v1: [_endpoint(row.to_dict()) for row in listed(v1.webhook_endpoints.list(params))],
        )

    def create(self, url: str, events: Collection[str], api_version: str) -> NewEndpoint:
        """Make an endpoint. Raises EventRefused, and ValidationFailed with Stripe's words for any other refusal."""
        params = {"url": url, "enabled_events": sorted(events), "api_version": api_version, "description": "Paydesk"}
        answer = self._gateway.call(
            "create_webhook_endpoint", lambda v1: _asked(lambda: v1.webhook_endpoints.create(params))
        )
        endpoint = object_of(answer, "webhook_endpoint")
        return NewEndpoint(_endpoint(endpoint), endpoint["secret"])

    def update(self, endpoint_id: str, events: Collection[str]) -> EndpointSetup:
        """Give an endpoint exactly these events, and enable it. Raises what ``create`` raises."""
        params = {"enabled_events": sorted(events), "disabled": False}
        answer = self._gateway.call(
            "update_webhook_endpoint", lambda v1: _asked(lambda: v1.webhook_endpoints.update(endpoint_id, params))
        )
        return _endpoint(object_of(answer, "webhook_endpoint"))


def needed_events(api_version: str | None) -> frozenset[str]:
    """The events without which an endpoint of a version would keep something from us.

    Before ``ALL_REFUND_EVENTS_SINCE``, ``charge.refund.updated`` says what ``refund.failed`` says.
    """
    if api_version is not None and api_version >= ALL_REFUND_EVENTS_SINCE:
        return APPLIED_TYPES
    return APPLIED_TYPES - {FAILED_REFUND}


def _asked(ask: Any) -> Any:
    """The answer. What Stripe says of a refused endpoint is about its settings, so the operator may read it."""
    try:
        return ask()
    except stripe.InvalidRequestError as error:
        if (error.param or "").startswith("enabled_events"):
            raise EventRefused from error
        raise ValidationFailed(f"Stripe refused the endpoint: {error.user_message or error.code}") from error


def _endpoint(endpoint: Mapping[str, Any]) -> EndpointSetup:
    return EndpointSetup(
        id=endpoint["id"],
        url=endpoint["url"],
        is_enabled=endpoint["status"] == "enabled",
        livemode=bool(endpoint["livemode"]),
        api_version=endpoint.get("api_version"),
        events=frozenset(endpoint["enabled_events"]),
    )
