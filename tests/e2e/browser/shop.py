"""A shop with a past: sample payments with something of everything, and what makes pages difficult."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from flask import Flask

from app.domain.money import Money
from app.domain.permissions import Role
from app.extensions import services
from app.models.accounts import users
from app.models.webhooks import events as webhook_events
from app.services import accounts
from app.services.demo.sandbox_client import DemoSandbox
from app.services.demo.seed import Demo
from app.services.refunds.service import RefundRequest
from config import Settings
from dashboards.web.form_key import new_key
from tests.integration.dashboards import browsing
from tests.integration.dashboards.pages import opened, paid, received
from tests.support.passwords import PASSWORD
from tests.support.sandbox import SandboxProcess

PAYMENTS = 48
ADMIN = browsing.email_of(Role.ADMIN)
# As long as the API allows, without a place to break a line.
LONG = "w" * 255
MARKUP = "<script>alert(1)</script> & 'Söhne'"


def furnish(app: Flask, settings: Settings, sandbox: SandboxProcess) -> str:
    """Fill the database by the services: accounts, payments, an event that failed, comparisons that found something.

    Returns the address of a refund form that the admin has sent.
    """
    sandbox.hold_webhooks()
    browsing.add(app, *Role)
    with app.app_context():
        _colleagues()
        stripe = DemoSandbox(settings.stripe_api_base, settings.stripe_secret_key)
        maker = Demo(services, stripe, settings.stripe_webhook_secret)
        for _ in maker.run(maker.plan(PAYMENTS, seed=1, until=int(time.time()))):
            pass
    sent = _refunded(app, paid(app, sandbox, order="order-refunded").payment_id)
    paid(app, sandbox, order=LONG, money=Money(99_999_999, "usd"), description=LONG)
    paid(app, sandbox, order=MARKUP, money=Money(123_450, "kwd"), description=MARKUP)
    unheard = _unheard(app, sandbox, "order-unheard")
    with app.app_context():
        since = datetime.now(UTC) - timedelta(days=100)
        services.reconciliation.payment(unheard, actor=ADMIN)
        services.reconciliation.run(since=since, actor="worker")
        services.reconciliation.run(since=since, repair=True, actor=ADMIN)
    waiting = _unheard(app, sandbox, "order-that-waits")
    with app.app_context():
        services.reconciliation.payment(waiting, actor=ADMIN)
    failed = received(app, sandbox, "charge.succeeded", apply=False)[-1]
    with app.app_context():
        webhook_events.fail(failed, "StripeUnavailable: Stripe gave no usable answer.")
    return sent


def _refunded(app: Flask, payment_id: str) -> str:
    """Refund a little by a form; its address."""
    with app.app_context():
        account = users.find_by_email(ADMIN)
        assert account
        key = new_key(account.id, payment_id)
        order = RefundRequest(payment_id=payment_id, amount=Decimal(1), requested_by=ADMIN)
        services.refunds_from_dashboard.refund(order, account=account.id, key=key)
    return f"/dashboard/payments/{payment_id}/refund?key={key}"


def _unheard(app: Flask, sandbox: SandboxProcess, order: str) -> str:
    """A payment that was paid at Stripe, which we were not told; its id."""
    payment = opened(app, order=order)
    sandbox.pay(payment.payment_intent_id)
    return str(payment.payment_id)


def _colleagues() -> None:
    """An account that is locked, and one that is disabled."""
    locked = accounts.create("forgot.her.password@example.com", PASSWORD, Role.VIEWER, actor=ADMIN)
    users.lock(locked.id, until=datetime.now(UTC) + accounts.LOCK)
    accounts.create("left@example.com", PASSWORD, Role.FINANCE, actor=ADMIN)
    accounts.set_active("left@example.com", False, actor=ADMIN)
