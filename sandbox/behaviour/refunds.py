"""The lifecycle of a refund. Sources: docs.stripe.com/api/refunds; facts §6.

A charge's ``amount_refunded`` counts pending refunds and decreases when one fails.
"""

from __future__ import annotations

from typing import Any

from sandbox.behaviour import balance, radar
from sandbox.core.origin import AUTOMATIC, Origin
from sandbox.core.records import Charge, Json, Refund
from sandbox.core.sandbox import Sandbox
from sandbox.core.store import Store
from sandbox.versions.behaviour import releases_make_refunds


def release(sandbox: Sandbox, charge: Charge, amount: int, origin: Origin) -> None:
    """Release a hold or its uncaptured part, which creates a Refund object before 2025-03-31.basil (facts §4)."""
    if releases_make_refunds(origin.api_version or sandbox.settings.api_version):
        refund_charge(sandbox, charge, amount, origin, release=True)


def settle(sandbox: Sandbox, refund: Refund, status: str, failure_reason: str = "unknown") -> None:
    """Change the status of a refund: requires_action to pending, these to succeeded, and any of them to failed."""
    refund.later = None
    if status == "failed":
        refund.failure_reason = failure_reason
        give_back(sandbox, refund, "failed")
        sandbox.events.emit_record("refund.failed", refund)
        return
    previous = {"status": refund.status}
    refund.status = status
    sandbox.store.save(refund)
    sandbox.events.emit_record("refund.updated", refund, previous=previous)
    sandbox.events.emit_record("charge.refund.updated", refund, previous=previous)


def give_back(sandbox: Sandbox, refund: Refund, status: str, origin: Origin = AUTOMATIC) -> None:
    """End a refund as failed or canceled: the money returns to our balance (facts §13)."""
    store, previous = sandbox.store, {"status": refund.status}
    refund.status = status
    refund.failure_balance_transaction = _book(store, refund, refund.amount, "refund_failure")
    charge = store.charges.by_id[refund.charge]
    charge.amount_refunded -= refund.amount
    store.save(charge)
    store.save(refund)
    sandbox.events.emit_record("refund.updated", refund, origin, previous)
    sandbox.events.emit_record("charge.refund.updated", refund, origin, previous)


def settle_by_card(sandbox: Sandbox, refund: Refund) -> None:
    """Give a refund the final status that its card determines, unless it has one already."""
    if refund.later:
        settle(sandbox, refund, refund.later)


def refund_charge(sandbox: Sandbox, charge: Charge, amount: int, origin: Origin, **fields: Any) -> Refund:
    """A new refund of a charge, booked when the charge was captured."""
    store = sandbox.store
    kind = store.payment_methods.by_id[charge.payment_method].type
    refund = Refund(
        **store.header("re" if kind == "card" else "pyr"),
        method_type=kind,
        amount=amount,
        currency=charge.currency,
        charge=charge.id,
        payment_intent=charge.payment_intent,
        **fields,
    )
    previous: Json = {"amount_refunded": charge.amount_refunded}
    was_refunded = charge.refunded
    charge.amount_refunded += refund.amount
    if charge.refunded != was_refunded:
        previous["refunded"] = was_refunded
    if charge.captured:
        refund.balance_transaction = _book(store, refund, -refund.amount, "refund")
    store.insert(store.refunds, refund)
    store.save(charge)
    sandbox.events.emit_record("refund.created", refund, origin)
    sandbox.events.emit_record("charge.refunded", charge, origin, previous)
    radar.follow_charge(sandbox, charge, "refunded_as_fraud" if refund.reason == "fraudulent" else "refunded")
    return refund


def _book(store: Store, refund: Refund, amount: int, kind: str) -> str:
    return balance.book(store, amount, source=refund.id, currency=refund.currency, kind=kind, category=kind)
