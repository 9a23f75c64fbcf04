"""/v1/balance_transactions and /v1/account. Sources: docs.stripe.com/api/balance_transactions, /api/accounts."""

from __future__ import annotations

from sandbox.behaviour import dispute_rendering
from sandbox.core.lists import page
from sandbox.core.records import Json
from sandbox.core.sandbox import Call
from sandbox.webhooks import rendering as envelopes


def list_transactions(call: Call) -> Json:
    """GET /v1/balance_transactions, all or of one type or source."""
    store, params = call.store, call.params
    order = store.balance_transactions.all
    for name in ("type", "source"):
        if name in params:
            order = store.balance_transactions.where(name, params[name])
    found = page(store.balance_transactions, [order], params)
    data = [dispute_rendering.balance_transaction(transaction) for transaction in found.records]
    return envelopes.listed("/v1/balance_transactions", data, found.has_more)


def account(_: Call) -> Json:
    """GET /v1/account: the account of the key."""
    return envelopes.account()
