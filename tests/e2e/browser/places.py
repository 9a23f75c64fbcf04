"""Every page that there is to look at, by a name."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page
from pymongo.database import Database

# Where a page is only reached by forms, the buttons that lead there.
_BUTTONS: dict[str, tuple[str, ...]] = {
    "refund-review": ("Review refund",),
    "user-secret": ("Reset password",),
    "webhooks-replayed": (r"Replay \d+ event",),
}


def addresses(database: Database[dict[str, Any]]) -> dict[str, str]:
    """The pages of ``shop.furnish`` for an admin: a short name and the address."""
    payments, users = database["payments"], database["users"]
    refunded = payments.find_one({"refund_status": "partial"})["_id"]
    failed = payments.find_one({"status": "failed"})["_id"]
    disputed = payments.find_one({"disputed": True})["_id"]
    long = payments.find_one({"order_id": {"$regex": "^ww"}})["_id"]
    event = database["webhook_events"].find_one({"state": "failed"})["_id"]
    reports = {
        ("one" if report["payment_id"] else "repair" if report["repair"] else "range"): report["_id"]
        for report in database["reconciliation_reports"].find()
    }
    colleague = users.find_one({"email": "forgot.her.password@example.com"})["_id"]
    return {
        "overview": "/dashboard",
        "overview-filtered": "/dashboard?range=90d&currency=usd&brand=visa&compare=year&granularity=week&heat=success",
        "overview-none": "/dashboard?from=2001-01-01&to=2001-01-31",
        "overview-misread": "/dashboard?from=2026-13-45&currency=xxx&granularity=second",
        "payments": "/dashboard/payments",
        "payments-filtered": "/dashboard/payments?range=30d&status=completed&currency=usd&sort=largest&brand=visa",
        "payments-none": "/dashboard/payments?q=nothing-like-it",
        "payments-misread": "/dashboard/payments?from=2026-13-45&currency=xxx&cursor=broken",
        "payment-refunded": f"/dashboard/payments/{refunded}",
        "payment-failed": f"/dashboard/payments/{failed}",
        "payment-disputed": f"/dashboard/payments/{disputed}",
        "payment-long": f"/dashboard/payments/{long}",
        "refund": f"/dashboard/payments/{refunded}/refund",
        "refund-review": f"/dashboard/payments/{refunded}/refund",
        "refund-problem": f"/dashboard/payments/{failed}/refund",
        "refunds": "/dashboard/refunds",
        "disputes": "/dashboard/disputes",
        "webhooks": "/dashboard/webhooks",
        "webhook-failed": f"/dashboard/webhooks/{event}",
        "webhooks-replay": "/dashboard/webhooks/replay-failed",
        "webhooks-replayed": "/dashboard/webhooks/replay-failed",
        "reconciliation": "/dashboard/reconciliation",
        **{f"reconciliation-{name}": f"/dashboard/reconciliation/{id_}" for name, id_ in reports.items()},
        "users": "/dashboard/users",
        "user": f"/dashboard/users/{colleague}",
        "user-disable": f"/dashboard/users/{colleague}/disable",
        "user-password": f"/dashboard/users/{colleague}/password",
        "user-secret": f"/dashboard/users/{colleague}/password",
        "audit": "/dashboard/audit",
        "password": "/dashboard/account/password",
        "not-found": "/dashboard/payments/nothing",
    }


def open_(page: Page, name: str, address: str) -> None:
    """Go to a page, by its forms where there is no other way."""
    page.goto(address)
    for button in _BUTTONS.get(name, ()):
        page.get_by_role("button", name=re.compile(f"^{button}")).click()
    page.get_by_role("heading", level=1).wait_for()
