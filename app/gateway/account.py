"""How the account at Stripe is set up, for the production checklist.

Sources: docs.stripe.com/api/accounts, /api/webhook_endpoints, /api/versioning (the version of a request is in the
answer), /api/refunds/list, /api/payment_intents/list.

Uses client, webhooks.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from app.domain.payments.states import RefundState
from app.gateway.client import StripeGateway, answered_at, listed, object_of
from app.gateway.webhooks import APPLIED_TYPES

_LOOKED_AT = 100
_EVERY_EVENT = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSetup:
    """The account behind the key. ``clock_ahead`` is how many seconds our clock is ahead of Stripe's."""

    country: str | None
    charges_enabled: bool
    payouts_enabled: bool
    api_version: str | None
    clock_ahead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSetup:
    """A webhook endpoint; ``missing_events`` are those that we apply and it does not get."""

    url: str
    is_enabled: bool
    livemode: bool
    api_version: str | None
    missing_events: tuple[str, ...]


class StripeSetup:
    """Reads. Every method raises the errors of the gateway."""

    def __init__(self, gateway: StripeGateway) -> None:
        self._gateway = gateway

    def account(self) -> AccountSetup:
        """The account that the secret key belongs to."""
        answer = self._gateway.call("retrieve_account", lambda v1: v1.accounts.retrieve_current())
        account = object_of(answer, "account")
        return AccountSetup(
            country=account.get("country"),
            charges_enabled=bool(account.get("charges_enabled")),
            payouts_enabled=bool(account.get("payouts_enabled")),
            api_version=answer.last_response.headers.get("Stripe-Version"),
            clock_ahead=int(time.time()) - answered_at(answer),
        )

    def endpoints(self) -> list[EndpointSetup]:
        """Every webhook endpoint of the account in the mode of the key."""
        params = {"limit": _LOOKED_AT}
        return self._gateway.call(
            "list_webhook_endpoints", lambda v1: [_endpoint(row) for row in listed(v1.webhook_endpoints.list(params))]
        )

    def has_refunded(self) -> bool:
        """Whether any of the latest refunds has succeeded."""
        page = self._gateway.call("list_refunds", lambda v1: v1.refunds.list({"limit": _LOOKED_AT}))
        return any(row.get("status") == RefundState.SUCCEEDED for row in object_of(page, "list")["data"])

    def receipts(self) -> tuple[int, int]:
        """How many of the latest payment intents name an address for the receipt, and how many were looked at."""
        page = self._gateway.call("list_payment_intents", lambda v1: v1.payment_intents.list({"limit": _LOOKED_AT}))
        rows = object_of(page, "list")["data"]
        return sum(bool(row.get("receipt_email")) for row in rows), len(rows)


def _endpoint(row: Any) -> EndpointSetup:
    endpoint: dict[str, Any] = row.to_dict()
    enabled = set(endpoint["enabled_events"])
    return EndpointSetup(
        url=endpoint["url"],
        is_enabled=endpoint["status"] == "enabled",
        livemode=bool(endpoint["livemode"]),
        api_version=endpoint.get("api_version"),
        missing_events=() if _EVERY_EVENT in enabled else tuple(sorted(APPLIED_TYPES - enabled)),
    )
