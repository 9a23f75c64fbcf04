"""Every Prometheus metric: what the processes count, what is read at each scrape, and the page of both."""

from __future__ import annotations

from app.telemetry.counting import (
    MongoDB,
    expect_deliveries,
    expect_stripe_calls,
    payment_differs,
    payment_moved,
    refund_came_to,
    request_answered,
    request_rejected,
    signed_in,
    stripe_called,
    webhook_applied,
    webhook_delivered,
)
from app.telemetry.definitions import OTHER, Family
from app.telemetry.page import page

__all__ = [
    "OTHER",
    "Family",
    "MongoDB",
    "expect_deliveries",
    "expect_stripe_calls",
    "page",
    "payment_differs",
    "payment_moved",
    "refund_came_to",
    "request_answered",
    "request_rejected",
    "signed_in",
    "stripe_called",
    "webhook_applied",
    "webhook_delivered",
]
