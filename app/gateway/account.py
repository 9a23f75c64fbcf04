"""How the account at Stripe is set up, for the production checklist.

Sources: docs.stripe.com/api/accounts, /api/versioning (the version of a request is in the answer), /api/refunds/list,
/api/payment_intents/list.

Uses client.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from app.domain.payments.states import RefundState
from app.gateway.client import StripeGateway, answered_at, object_of

_LOOKED_AT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSetup:
    """The account behind the key. ``clock_ahead`` is how many seconds our clock is ahead of Stripe's."""

    country: str | None
    charges_enabled: bool
    payouts_enabled: bool
    api_version: str | None
    clock_ahead: int
    id: str | None = None


class StripeAccount:
    """Reads. Every method raises the errors of the gateway."""

    def __init__(self, gateway: StripeGateway) -> None:
        self._gateway = gateway

    def account(self) -> AccountSetup:
        """The account that the secret key belongs to."""
        answer = self._gateway.call("retrieve_account", lambda v1: v1.accounts.retrieve_current())
        account = object_of(answer, "account")
        return AccountSetup(
            id=account.get("id"),
            country=account.get("country"),
            charges_enabled=bool(account.get("charges_enabled")),
            payouts_enabled=bool(account.get("payouts_enabled")),
            api_version=answer.last_response.headers.get("Stripe-Version"),
            clock_ahead=int(time.time()) - answered_at(answer),
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
