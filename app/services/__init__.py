"""The use cases, and the only writers. ``Services`` is built once for an app and reached through ``app.extensions``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.gateway.client import StripeGateway
from app.services.payments import Payments
from app.services.reconciliation import Reconciliation
from app.services.refunds import Refunds
from app.services.resolution import Resolution
from app.services.webhook_inbox import WebhookInbox
from app.services.webhook_replay import WebhookReplay


@dataclass(frozen=True, slots=True)
class Services:
    """Every use case, bound to one Stripe account."""

    payments: Payments
    refunds: Refunds
    webhooks: WebhookInbox
    reconciliation: Reconciliation
    replay: WebhookReplay
    resolution: Resolution


def build_services(gateway: StripeGateway, *, webhook_secrets: Sequence[str], livemode: bool) -> Services:
    """Wire the use cases together."""
    inbox = WebhookInbox(gateway, webhook_secrets, livemode=livemode)
    return Services(
        payments=Payments(gateway),
        refunds=Refunds(gateway),
        webhooks=inbox,
        reconciliation=Reconciliation(gateway, livemode=livemode),
        replay=WebhookReplay(inbox),
        resolution=Resolution(gateway, inbox),
    )
