"""The lifecycle of a dispute or an inquiry. Source: docs.stripe.com/api/disputes; facts §7."""

from __future__ import annotations

from sandbox.behaviour import balance, radar
from sandbox.behaviour.cards import card_of
from sandbox.core.records import Charge, Dispute
from sandbox.core.sandbox import Sandbox
from sandbox.core.store import Store

DISPUTE_FEE = 1500
_DAYS_TO_RESPOND = 7
OPEN = frozenset({"needs_response", "under_review", "warning_needs_response", "warning_under_review"})


def open_dispute(sandbox: Sandbox, charge: Charge, *, reason: str, inquiry: bool, amount: int | None = None) -> Dispute:
    """Open a dispute over the whole charge or over ``amount``; an inquiry withdraws no money."""
    store = sandbox.store
    method = store.payment_methods.by_id[charge.payment_method]
    dispute = Dispute(
        **store.header("dp"),
        amount=charge.amount_captured or charge.amount if amount is None else amount,
        currency=charge.currency,
        charge=charge.id,
        payment_intent=charge.payment_intent,
        brand=card_of(method.number).brand,
        reason=reason,
        status="warning_needs_response" if inquiry else "needs_response",
        inquiry=inquiry,
        due_by=store.now() + _DAYS_TO_RESPOND * 86400,
    )
    store.disputes.add(dispute)
    charge.disputed = True
    if not inquiry:
        _book(store, dispute, -dispute.amount, DISPUTE_FEE)
    store.save(charge)
    store.save(dispute)
    sandbox.events.emit_record("charge.dispute.created", dispute)
    if not inquiry:
        sandbox.events.emit_record("charge.dispute.funds_withdrawn", dispute)
        radar.follow_charge(sandbox, charge, "disputed")
    return dispute


def close_dispute(sandbox: Sandbox, dispute: Dispute, outcome: str) -> None:
    """Close a dispute as won, lost or (inquiries) warning_closed; a won one returns the money."""
    previous = {"status": dispute.status}
    dispute.status = outcome
    if outcome == "won":
        _book(sandbox.store, dispute, dispute.amount, 0)
        sandbox.events.emit_record("charge.dispute.funds_reinstated", dispute)
    sandbox.store.save(dispute)
    sandbox.events.emit_record("charge.dispute.updated", dispute, previous=previous)
    sandbox.events.emit_record("charge.dispute.closed", dispute)


def blocks_refunds(store: Store, charge: Charge) -> bool:
    """Whether a dispute holds the money of a charge, or has taken it for good; inquiries hold none."""
    disputes = store.disputes.matching("charge", charge.id) if charge.disputed else []
    return any(not dispute.inquiry and dispute.status != "won" for dispute in disputes)


def _book(store: Store, dispute: Dispute, amount: int, fee: int) -> None:
    transaction = balance.book(
        store,
        amount,
        fee=fee,
        source=dispute.id,
        currency=dispute.currency,
        kind="adjustment",
        category="dispute" if amount < 0 else "dispute_reversal",
    )
    dispute.balance_transactions.append(transaction)
