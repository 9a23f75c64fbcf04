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


def totals(store: Store) -> tuple[dict[str, int], dict[str, int]]:
    """What is available and what is pending: net amounts in minor units by currency."""
    now = store.now()
    available: dict[str, int] = {}
    pending: dict[str, int] = {}
    for transaction in store.balance_transactions.by_id.values():
        sums = available if transaction.available_on <= now else pending
        sums[transaction.currency] = sums.get(transaction.currency, 0) + transaction.amount - transaction.fee
    return available, pending
