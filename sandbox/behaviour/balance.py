"""Bookings on our Stripe balance. Source: docs.stripe.com/api/balance_transactions."""

from __future__ import annotations

from sandbox.core.records import BalanceTransaction
from sandbox.core.store import Store


def book(
    store: Store,
    amount: int,
    *,
    source: str,
    currency: str,
    kind: str,
    category: str,
    fee: int = 0,
    available: bool = False,
) -> str:
    """Book money in (positive) or out (negative), in minor units. Returns the id of the balance transaction."""
    transaction = BalanceTransaction(
        **store.header("txn"),
        amount=amount,
        fee=fee,
        currency=currency,
        type=kind,
        reporting_category=category,
        source=source,
        available=available,
    )
    return store.insert(store.balance_transactions, transaction).id
