"""/v1/balance_transactions. Source: docs.stripe.com/api/balance_transactions."""

from __future__ import annotations

from sandbox.behaviour import dispute_rendering
from sandbox.core.call import Call
from sandbox.core.lists import list_page
from sandbox.core.records import Json


def list_transactions(call: Call) -> Json:
    """GET /v1/balance_transactions, all or of one type or source."""
    render = dispute_rendering.balance_transaction
    return list_page(call, "/v1/balance_transactions", call.store.balance_transactions, render, "type", "source")
