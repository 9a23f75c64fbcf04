"""The lifecycle of a payout, and its JSON. Sources: docs.stripe.com/payouts, /api/payouts/object; facts §13."""

from __future__ import annotations

from typing import Any

from sandbox.behaviour import balance
from sandbox.behaviour.rendering import fields
from sandbox.core.origin import AUTOMATIC, Origin
from sandbox.core.records import BalanceTransaction, Json, Payout
from sandbox.core.sandbox import Sandbox
from sandbox.core.store import Store

BANK_ACCOUNT = "ba_1SandboxBankAccount00"
_DAYS_TO_ARRIVE = 2
# docs.stripe.com/api/payouts/failures, for Stripe's test bank accounts.
FAILURES = {
    "account_closed": "The bank account has been closed.",
    "debit_not_authorized": "Debit transactions are not approved on the bank account.",
    "insufficient_funds": "Your Stripe account has insufficient funds to cover the payout.",
    "invalid_currency": "The bank was unable to process this payout because of its currency.",
    "no_account": "The bank account details on file are probably incorrect.",
}
# The statuses that each status can follow; a paid payout can still fail.
FOLLOWS = {"in_transit": ("pending",), "paid": ("pending", "in_transit"), "failed": ("pending", "in_transit", "paid")}
_PAYOUT = """id amount arrival_date automatic balance_transaction created currency description
failure_balance_transaction failure_code failure_message statement_descriptor status""".split()


def pay_out(sandbox: Sandbox, amount: int, currency: str, origin: Origin, **content: Any) -> Payout:
    """A manual payout of ``amount`` minor units."""
    return _begin(sandbox, amount, currency, [], origin, automatic=False, **content)


def pay_out_available(sandbox: Sandbox, currency: str) -> Payout | None:
    """The automatic payout of every available booking that is in none yet; None where they sum up to nothing."""
    bookings = _unpaid(sandbox.store, currency)
    amount = sum(booking.amount - booking.fee for booking in bookings)
    return _begin(sandbox, amount, currency, bookings, AUTOMATIC, description="STRIPE PAYOUT") if amount else None


def proceed(sandbox: Sandbox, payout: Payout, status: str, failure_code: str = "account_closed") -> None:
    """What the bank does: the payout is in transit, paid or failed; FOLLOWS says when it may be."""
    previous = {"status": payout.status}
    payout.status = status
    if status == "failed":
        payout.failure_code, payout.failure_message = failure_code, FAILURES[failure_code]
        _give_back(sandbox.store, payout, "payout_failure")
    sandbox.store.save(payout)
    if status == "in_transit":
        sandbox.events.emit_record("payout.updated", payout, previous=previous)
    else:
        sandbox.events.emit_record(f"payout.{status}", payout)
    if status == "paid" and payout.automatic:
        payout.reconciled = True
        sandbox.store.save(payout)
        sandbox.events.emit_record("payout.reconciliation_completed", payout)


def cancel(sandbox: Sandbox, payout: Payout, origin: Origin) -> None:
    """Cancel a pending manual payout; the money returns to the balance."""
    payout.status = "canceled"
    _give_back(sandbox.store, payout, "payout_cancel")
    sandbox.store.save(payout)
    sandbox.events.emit_record("payout.canceled", payout, origin)


def payout(record: Payout) -> Json:
    """docs.stripe.com/api/payouts/object."""
    progress = "completed" if record.reconciled else "in_progress"
    return {
        **fields(record, _PAYOUT),
        **dict.fromkeys("application_fee application_fee_amount original_payout payout_method reversed_by".split()),
        "object": "payout",
        "destination": BANK_ACCOUNT,
        "livemode": False,
        "metadata": dict(record.metadata),
        "method": "standard",
        "reconciliation_status": progress if record.automatic else "not_applicable",
        "source_type": "card",
        "trace_id": {"status": "pending", "value": None},
        "type": "bank_account",
    }


def _begin(
    sandbox: Sandbox, amount: int, currency: str, bookings: list[BalanceTransaction], origin: Origin, **content: Any
) -> Payout:
    store = sandbox.store
    header = store.header("po")
    arrival = header["created"] + _DAYS_TO_ARRIVE * 86400
    payout = Payout(**header, amount=amount, currency=currency, arrival_date=arrival, **content)
    payout.balance_transaction = _book(store, payout, -amount, "payout", "payout")
    own = store.balance_transactions.by_id[payout.balance_transaction]
    if payout.automatic:
        for booking in (*bookings, own):
            booking.payout = payout.id
            store.save(booking)
    store.insert(store.payouts, payout)
    sandbox.events.emit_record("payout.created", payout, origin)
    return payout


def _unpaid(store: Store, currency: str) -> list[BalanceTransaction]:
    now = store.now()
    return [
        booking
        for booking in store.balance_transactions.matching("currency", currency)
        if booking.payout is None and booking.available_on <= now
    ]


def _give_back(store: Store, payout: Payout, kind: str) -> None:
    payout.failure_balance_transaction = _book(store, payout, payout.amount, kind, "payout_reversal")


def _book(store: Store, payout: Payout, amount: int, kind: str, category: str) -> str:
    return balance.book(
        store, amount, source=payout.id, currency=payout.currency, kind=kind, category=category, available=True
    )
