"""The use cases, and the only writers. ``Services`` is built once for an app and reached through ``app.extensions``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.gateway.client import StripeGateway
from app.services.exports.service import Exports
from app.services.figures.keeper import FiguresKeeper
from app.services.figures.report import Analytics
from app.services.figures.scrape import Monitoring
from app.services.listing import Listings
from app.services.payments.closings import Closings
from app.services.payments.closings_from_dashboard import ClosingsFromDashboard
from app.services.payments.service import Payments
from app.services.preflight.stripe import StripePreflight
from app.services.reconciliation.admin import ReconciliationAdmin
from app.services.reconciliation.service import Reconciliation
from app.services.refunds.from_dashboard import RefundsFromDashboard
from app.services.refunds.service import Refunds
from app.services.stripe_setup import StripeSetup
from app.services.webhooks.admin import WebhookAdmin
from app.services.webhooks.inbox import WebhookInbox
from app.services.webhooks.replay import WebhookReplay
from app.services.worker.recovery import Recovery


@dataclass(frozen=True, slots=True)
class Services:
    """Every use case, bound to one Stripe account."""

    payments: Payments
    closings: Closings
    closings_from_dashboard: ClosingsFromDashboard
    refunds: Refunds
    webhooks: WebhookInbox
    reconciliation: Reconciliation
    replay: WebhookReplay
    refunds_from_dashboard: RefundsFromDashboard
    webhook_admin: WebhookAdmin
    reconciliation_admin: ReconciliationAdmin
    recovery: Recovery
    figures: FiguresKeeper
    analytics: Analytics
    listings: Listings
    exports: Exports
    stripe_preflight: StripePreflight
    stripe_setup: StripeSetup
    monitoring: Monitoring


def build_services(
    gateway: StripeGateway, *, webhook_secrets: Sequence[str], api_version: str, livemode: bool, zone: ZoneInfo
) -> Services:
    """Wire the use cases together; days are those of ``zone``."""
    keeper = FiguresKeeper(zone)
    inbox = WebhookInbox(gateway, webhook_secrets, livemode=livemode)
    closings, refunds, replay = Closings(gateway), Refunds(gateway), WebhookReplay(inbox)
    reconciliation = Reconciliation(gateway, livemode=livemode)
    analytics, listings = Analytics(keeper), Listings(keeper)
    return Services(
        payments=Payments(gateway, closings),
        closings=closings,
        closings_from_dashboard=ClosingsFromDashboard(closings),
        refunds=refunds,
        webhooks=inbox,
        reconciliation=reconciliation,
        replay=replay,
        refunds_from_dashboard=RefundsFromDashboard(refunds),
        webhook_admin=WebhookAdmin(replay),
        reconciliation_admin=ReconciliationAdmin(reconciliation),
        recovery=Recovery(gateway, inbox, closings),
        figures=keeper,
        analytics=analytics,
        listings=listings,
        exports=Exports(listings, analytics),
        stripe_preflight=StripePreflight(gateway, api_version=api_version, livemode=livemode),
        stripe_setup=StripeSetup(gateway, api_version=api_version, livemode=livemode),
        monitoring=Monitoring(analytics),
    )
