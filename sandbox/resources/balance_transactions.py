"""/v1/balance_transactions and /v1/balance. Sources: docs.stripe.com/api/balance_transactions, /balance; facts §13."""

from __future__ import annotations

from functools import partial

from sandbox.behaviour import balance, dispute_rendering
from sandbox.core.call import Call
from sandbox.core.errors import invalid
from sandbox.core.lists import page, rendered
from sandbox.core.records import BalanceTransaction, Json, Payout


def retrieve(call: Call) -> Json:
    transaction = call.store.balance_transactions.require(call.object_id, param="id")
    return dispute_rendering.balance_transaction(transaction, call.store)


def list_transactions(call: Call) -> Json:
    """GET /v1/balance_transactions, all or those that match every filter.

    ``payout`` takes automatic payouts only, once they are reconciled.
    """
    collection, params = call.store.balance_transactions, call.params
    filters = {name: params[name] for name in ("source", "type", "currency", "payout") if name in params}

    def keep(transaction: BalanceTransaction) -> bool:
        return all(getattr(transaction, name) == value for name, value in filters.items())

    if "payout" in filters:
        _check_payout(call.store.payouts.require(filters["payout"], param="payout", status=400))
    first = next(((name, value) for name, value in filters.items() if name != "payout"), None)
    keys = collection.index(*first) if first else collection.all
    render = partial(dispute_rendering.balance_transaction, store=call.store)
    return rendered("/v1/balance_transactions", page(collection, [keys], params, keep), render)


def _check_payout(payout: Payout) -> None:
    if not payout.automatic:
        # The words are of 2017, the newest that could be read (facts §13).
        raise invalid("Balance transaction history can only be filtered on automatic transfers, not manual.")
    if not payout.reconciled:
        raise invalid(
            f"The balance transactions of payout {payout.id} are not known yet.", code="payout_reconciliation_not_ready"
        )


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
