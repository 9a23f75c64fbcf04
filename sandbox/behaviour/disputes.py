"""The lifecycle of a dispute or an inquiry. Source: docs.stripe.com/api/disputes; facts §7."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.behaviour import balance, radar
from sandbox.behaviour.cards import card_of
from sandbox.core.errors import StripeError
from sandbox.core.records import Charge, Dispute
from sandbox.core.sandbox import Sandbox
from sandbox.core.store import Store

DISPUTE_FEE = 1500
_DAYS_TO_RESPOND = 7
# docs.stripe.com/changelog/basil/2025-08-27/add-preventions-to-dispute
_PREVENTED_SINCE = "2025-08-27"
_FIRST_STATUS = {"chargeback": "needs_response", "inquiry": "warning_needs_response", "prevented": "prevented"}
SETTLEMENT_CURRENCY = "usd"
KINDS = frozenset(_FIRST_STATUS)
OPEN = frozenset({"needs_response", "under_review", "warning_needs_response", "warning_under_review"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDispute:
    """A dispute to open: over the whole charge or ``amount``, and perhaps in another currency than the charge.

    ``withdrawn`` is what Stripe then takes in the settlement currency. ``kind`` decides what follows: an inquiry takes
    no money, and a prevented one never becomes a chargeback. ``refundable`` is what Stripe says of the charge.
    """

    reason: str = "fraudulent"
    kind: str = "chargeback"
    amount: int | None = None
    currency: str | None = None
    withdrawn: int | None = None
    refundable: bool | None = None


def open_dispute(sandbox: Sandbox, charge: Charge, new: NewDispute) -> Dispute:
    """Open a dispute."""
    store, inquiry = sandbox.store, new.kind == "inquiry"
    if new.kind == "prevented" and sandbox.settings.api_version < _PREVENTED_SINCE:
        raise StripeError(409, f"disputes are prevented since version {_PREVENTED_SINCE}")
    method = store.payment_methods.by_id[charge.payment_method]
    dispute = Dispute(
        **store.header("dp"),
        amount=charge.amount_captured or charge.amount if new.amount is None else new.amount,
        currency=new.currency or charge.currency,
        charge=charge.id,
        payment_intent=charge.payment_intent,
        brand=card_of(method.number).brand,
        reason=new.reason,
        status=_FIRST_STATUS[new.kind],
        inquiry=inquiry,
        withdrawn=new.withdrawn,
        refundable=inquiry if new.refundable is None else new.refundable,
        due_by=None if new.kind == "prevented" else store.now() + _DAYS_TO_RESPOND * 86400,
    )
    store.disputes.add(dispute)
    charge.disputed = True
    takes_money = new.kind == "chargeback" and new.withdrawn != 0
    if takes_money:
        _book(store, dispute, -1, DISPUTE_FEE)
    store.save(charge)
    store.save(dispute)
    sandbox.events.emit_record("charge.dispute.created", dispute)
    if takes_money:
        sandbox.events.emit_record("charge.dispute.funds_withdrawn", dispute)
    if new.kind == "chargeback":
        radar.follow_charge(sandbox, charge, "disputed")
    return dispute


def close_dispute(sandbox: Sandbox, dispute: Dispute, outcome: str) -> None:
    """Close a dispute as won, lost or (inquiries) warning_closed; a won one returns the money."""
    previous = {"status": dispute.status}
    dispute.status = outcome
    if outcome == "won" and dispute.balance_transactions:
        _book(sandbox.store, dispute, 1, 0)
        sandbox.events.emit_record("charge.dispute.funds_reinstated", dispute)
    sandbox.store.save(dispute)
    sandbox.events.emit_record("charge.dispute.updated", dispute, previous=previous)
    sandbox.events.emit_record("charge.dispute.closed", dispute)


def submit(sandbox: Sandbox, dispute: Dispute) -> None:
    """Send the evidence to the bank, which then looks at it."""
    dispute.submissions += 1
    dispute.status = "warning_under_review" if dispute.inquiry else "under_review"
    sandbox.store.save(dispute)


def decide(sandbox: Sandbox, dispute: Dispute) -> None:
    """Let the bank decide on submitted evidence by Stripe's test words (docs.stripe.com/testing, "evidence")."""
    word = dispute.evidence.get("uncategorized_text")
    if not dispute.status.endswith("under_review"):
        return
    if word == "escalate_inquiry_evidence" and dispute.inquiry:
        _escalate(sandbox, dispute)
    elif word in ("winning_evidence", "losing_evidence"):
        outcome = "won" if word == "winning_evidence" else "lost"
        close_dispute(sandbox, dispute, "warning_closed" if dispute.inquiry else outcome)


def _escalate(sandbox: Sandbox, dispute: Dispute) -> None:
    """An inquiry becomes a chargeback, which takes the money and needs a new answer (facts §14)."""
    previous = {"status": dispute.status}
    dispute.inquiry, dispute.refundable, dispute.evidence = False, False, {}
    dispute.status = _FIRST_STATUS["chargeback"]
    _book(sandbox.store, dispute, -1, DISPUTE_FEE)
    sandbox.store.save(dispute)
    sandbox.events.emit_record("charge.dispute.updated", dispute, previous=previous)
    sandbox.events.emit_record("charge.dispute.funds_withdrawn", dispute)


def blocks_refunds(store: Store, charge: Charge) -> bool:
    """Whether a dispute holds the money of a charge, or has taken it for good; inquiries hold none."""
    disputes = store.disputes.matching("charge", charge.id) if charge.disputed else []
    return any(not dispute.inquiry and not dispute.refundable and dispute.status != "won" for dispute in disputes)


def _book(store: Store, dispute: Dispute, sign: int, fee: int) -> None:
    is_settled = dispute.withdrawn is not None
    amount = sign * (dispute.amount if dispute.withdrawn is None else dispute.withdrawn)
    transaction = balance.book(
        store,
        amount,
        fee=fee,
        source=dispute.id,
        currency=SETTLEMENT_CURRENCY if is_settled else dispute.currency,
        kind="adjustment",
        category="dispute" if amount < 0 else "dispute_reversal",
    )
    dispute.balance_transactions.append(transaction)
