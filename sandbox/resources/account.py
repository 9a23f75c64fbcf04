"""/v1/account. Source: docs.stripe.com/api/accounts, as far as a payments service reads it."""

from __future__ import annotations

from sandbox.core.call import Call
from sandbox.core.records import Json


def retrieve(_: Call) -> Json:
    """GET /v1/account: the account of the key."""
    return {
        "id": "acct_1SandboxPaydesk0",
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
