"""A charge without a payment intent, as applications from before 2019 still make.

Source: docs.stripe.com/payments/older-apis. The API takes none here; only a control endpoint makes them.
"""

from __future__ import annotations

from sandbox.behaviour import balance, payment_methods
from sandbox.core.records import Charge
from sandbox.core.sandbox import Sandbox


def charge_directly(sandbox: Sandbox, amount: int, currency: str, number: str, metadata: dict[str, str]) -> Charge:
    """Take ``amount`` minor units from a test card; its ``payment_intent`` is null."""
    store = sandbox.store
    charge = Charge(
        **store.header("ch"),
        amount=amount,
        currency=currency,
        payment_method=payment_methods.of_number(store, number).id,
        captured=True,
        amount_captured=amount,
        metadata=metadata,
    )
    charge.balance_transaction = balance.book(
        store, amount, source=charge.id, currency=currency, kind="charge", category="charge"
    )
    store.insert(store.charges, charge)
    sandbox.events.emit_record("charge.succeeded", charge)
    return charge
