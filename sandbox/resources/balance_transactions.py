"""/v1/balance_transactions and /v1/balance. Sources: docs.stripe.com/api/balance_transactions, /balance; facts §13."""

from __future__ import annotations

from functools import partial

from sandbox.behaviour import balance, dispute_rendering
from sandbox.core.call import Call
from sandbox.core.lists import page, rendered
from sandbox.core.records import BalanceTransaction, Json


def retrieve(call: Call) -> Json:
    transaction = call.store.balance_transactions.require(call.object_id, param="id")
    return dispute_rendering.balance_transaction(transaction, call.store)


def list_transactions(call: Call) -> Json:
    """GET /v1/balance_transactions, all or those that match every filter."""
    collection, params = call.store.balance_transactions, call.params
    filters = {name: params[name] for name in ("source", "type", "currency") if name in params}

    def keep(transaction: BalanceTransaction) -> bool:
        return all(getattr(transaction, name) == value for name, value in filters.items())

    first = next(iter(filters.items()), None)
    keys = collection.index(*first) if first else collection.all
    render = partial(dispute_rendering.balance_transaction, store=call.store)
    return rendered("/v1/balance_transactions", page(collection, [keys], params, keep), render)


def retrieve_balance(call: Call) -> Json:
    """GET /v1/balance: the sums of all bookings by currency; a currency without bookings is missing."""
    available, pending = balance.totals(call.store)
    currencies = sorted(available.keys() | pending.keys()) or ["usd"]
    return {
        "object": "balance",
        "available": [_amount(currency, available.get(currency, 0)) for currency in currencies],
        "livemode": False,
        "pending": [_amount(currency, pending.get(currency, 0)) for currency in currencies],
    }


def _amount(currency: str, amount: int) -> Json:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}
