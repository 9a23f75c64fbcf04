"""What a restricted key must be allowed to do, and whether it is.

Sources: docs.stripe.com/keys/restricted-api-keys (a missing right is a 403 whose message names it), and the names of
the rights at docs.stripe.com/stripe-apps/reference/permissions. Refunds and early fraud warnings have no rights of
their own.

Uses client.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import stripe

from app.gateway.client import StripeGateway

# An id that Stripe never gives: what is asked of it is refused for want of a right, or because there is no such object.
_NOTHING = "paydesk_permission_check"
_NAMED = re.compile(r"rak_[a-z0-9_]{1,80}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One right: its name at Stripe, its place in the form of a restricted key, and what we need it for.

    ``ask`` is a call that is refused without it and changes nothing with it.
    """

    name: str
    resource: str
    access: str
    purpose: str
    ask: Callable[[Any], Any]


RIGHTS = (
    Right(
        name="payment_intent_write",
        resource="PaymentIntents",
        access="Write",
        purpose="open, confirm, capture and cancel payments",
        ask=lambda v1: v1.payment_intents.cancel(f"pi_{_NOTHING}"),
    ),
    Right(
        name="charge_write",
        resource="Charges and Refunds",
        access="Write",
        purpose="refund, read charges, read early fraud warnings",
        ask=lambda v1: v1.refunds.create({"payment_intent": f"pi_{_NOTHING}"}),
    ),
    Right(
        name="dispute_read",
        resource="Disputes",
        access="Read",
        purpose="compare disputes",
        ask=lambda v1: v1.disputes.list({"limit": 1}),
    ),
    Right(
        name="event_read",
        resource="Events",
        access="Read",
        purpose="find events that never arrived",
        ask=lambda v1: v1.events.list({"limit": 1}),
    ),
    Right(
        name="review_read",
        resource="Reviews",
        access="Read",
        purpose="read events of reviews",
        ask=lambda v1: v1.reviews.list({"limit": 1}),
    ),
    Right(
        name="connected_account_read",
        resource="Accounts",
        access="Read",
        purpose="check the account",
        ask=lambda v1: v1.accounts.retrieve_current(),
    ),
    Right(
        name="webhook_read",
        resource="Webhook Endpoints",
        access="Read",
        purpose="check the webhook endpoint",
        ask=lambda v1: v1.webhook_endpoints.list({"limit": 1}),
    ),
)
# The service runs without it.
SETUP_RIGHT = Right(
    name="webhook_write",
    resource="Webhook Endpoints",
    access="Write",
    purpose="make and change the webhook endpoint",
    ask=lambda v1: v1.webhook_endpoints.update(f"we_{_NOTHING}", {"description": "Paydesk"}),
)


@dataclass(frozen=True, slots=True)
class MissingRight:
    """A right that the key lacks; ``named`` is what Stripe calls it, where the refusal says so."""

    right: Right
    named: str | None


class StripePermissions:
    """Asks Stripe. Every method raises the errors of the gateway."""

    def __init__(self, gateway: StripeGateway) -> None:
        self._gateway = gateway

    @property
    def is_restricted(self) -> bool:
        """True for a restricted key; a secret key may do everything."""
        return self._gateway.is_restricted

    def missing(self, *, for_setup: bool) -> list[MissingRight]:
        """The rights that the key lacks; nothing is changed at Stripe."""
        if not self.is_restricted:
            return []
        needed = (*RIGHTS, SETUP_RIGHT) if for_setup else RIGHTS
        return [lack for right in needed if (lack := self._gateway.call("check_permission", _checking(right)))]


def _checking(right: Right) -> Callable[[Any], MissingRight | None]:
    def check(v1: Any) -> MissingRight | None:
        try:
            right.ask(v1)
        except stripe.PermissionError as error:
            named = _NAMED.search(error.user_message or str(error))
            return MissingRight(right, named[0] if named else None)
        except stripe.InvalidRequestError:
            # Allowed: Stripe looked for the object, and there is none.
            return None
        return None

    return check
