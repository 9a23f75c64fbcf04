"""The one way in which a payment changes: facts go through the state function and are saved with their history.

Saving is conditional on the version that was read; a conflict means that another writer made progress, so the decision
is taken again on what it wrote (DESIGN section 4, rules 1 and 2).
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app import telemetry
from app.clock import now
from app.domain.payments import history
from app.domain.payments.derivation import derive
from app.domain.payments.evidence import PaymentState, RefundEvidence
from app.domain.payments.facts import Fact, IntentFact
from app.domain.payments.merge import adopt, apply
from app.domain.payments.payment import Payment
from app.domain.payments.snapshot import Record, changes, record
from app.domain.payments.states import RefundState
from app.errors import DatabaseUnavailable
from app.ids import is_id
from app.models.payments import repository, writes
from app.models.payments.repository import StoredPayment
from app.models.payments.writes import AlreadyExists

Decision = Callable[[PaymentState], Sequence[Fact]]

# Every conflict is another writer's success, so this is reached only when hundreds write one payment at once.
_MOST_CONFLICTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where facts came from, for the history: the channel, what is behind it (event, request), and who acted."""

    channel: str
    reference: str | None = None
    actor: str | None = None


def entry_for(
    before: StoredPayment | None, after: Payment, source: Source, at: datetime
) -> tuple[Record, history.Entry | None]:
    """The record of ``after``, and the history entry that leads to it; None when people see no difference."""
    old = record(before.payment) if before else None
    new = record(after)
    if old == new:
        return new, None
    entry = history.next_entry(
        before.last_entry if before else None,
        at=int(at.timestamp() * 1000),
        source=source.channel,
        reference=source.reference,
        actor=source.actor,
        changes=changes(old, new),
        record=new,
    )
    return new, entry


def change(stored: StoredPayment, decide: Decision, source: Source) -> StoredPayment:
    """Apply the facts that ``decide`` draws from the present state; what it raises leaves the payment as it was.

    Raises DatabaseUnavailable when MongoDB is away.
    """
    for conflicts in range(_MOST_CONFLICTS):
        state = stored.state
        for fact in decide(state):
            state = apply(state, fact)
        if state is stored.state:
            return stored
        at = now()
        payment = derive(state, updated_at=at)
        new, entry = entry_for(stored, payment, source, at)
        names = entry["changes"].keys() if entry else set()
        changed, gone = {name: new[name] for name in names & new.keys()}, names - new.keys()
        if writes.save(stored, state, changed, entry, open_=not payment.status.is_final, now=at, gone=gone):
            observe(stored, state, payment)
            if entry is None:
                return StoredPayment(state, stored.payment, stored.version + 1, stored.last_entry)
            return StoredPayment(state, payment, stored.version + 1, entry)
        # Jitter keeps many writers of one payment from meeting again and again.
        time.sleep(random.uniform(0, 0.002 * min(conflicts + 1, 25)))  # noqa: S311 (not for security)
        fresh = repository.find(stored.id)
        if fresh is None:
            break
        stored = fresh
    raise DatabaseUnavailable("This payment is being changed by too many requests at once. Try again in a moment.")


def learn(stored: StoredPayment, facts: Sequence[Fact], source: Source) -> StoredPayment:
    """Apply facts that hold whatever the present state is."""
    return change(stored, lambda _: facts, source)


def stored_payment_of(fact: IntentFact, source: Source, *, further: Sequence[Fact] = ()) -> StoredPayment | None:
    """The payment that an intent belongs to, adopted when the intent is ours but has no row; None when it is not ours.

    The fact itself is applied in either case, and in the same write the ``further`` facts about the payment.
    """
    for _ in range(3):
        stored = repository.find_by_intent(fact.intent_id) or row_waiting_for(fact)
        if stored:
            return learn(stored, [fact, *further], source)
        if not fact.is_ours:
            return None
        state = adopt(fact, _adopted_id(fact))
        for more in further:
            state = apply(state, more)
        at = now()
        payment = derive(state, updated_at=at)
        new, entry = entry_for(None, payment, source, at)
        slot = writes.open_slot(state.customer_id, state.order_id, state.currency, state.amount, state.capture_method)
        try:
            writes.insert(state, new, entry or {}, slot=None if payment.status.is_final else slot, now=at)
        except AlreadyExists:
            continue  # another process adopted it between our look and our write
        observe(None, state, payment)
        return repository.find(state.payment_id)
    raise DatabaseUnavailable("The payment could not be read back just after it was written. Try again.")


def observe(before: StoredPayment | None, after: PaymentState, payment: Payment) -> None:
    """Count what a write changed; ``before`` is None for a new payment."""
    old = before.payment.status.value if before else "none"
    if old != payment.status.value:
        telemetry.payment_moved(old, payment.status.value)
    if payment.differs and not (before and before.payment.differs):
        telemetry.payment_differs()
    refunds_before = before.state.refunds if before else {}
    for refund_id in (refund.id for refund in payment.refunds):
        refund = after.refunds[refund_id]
        outcome, earlier = _outcome(refund), refunds_before.get(refund_id)
        if outcome and outcome != (earlier and _outcome(earlier)):
            telemetry.refund_came_to(outcome)


def _outcome(refund: RefundEvidence) -> str | None:
    """What has become of a refund; None while it is only reserved."""
    if refund.stripe_refund_id is None:
        if refund.status == RefundState.FAILED:
            return "refused"
        return "unknown" if refund.unanswered else None
    if refund.status.returned:
        return "failed"
    return "succeeded" if refund.status.counts_as_refunded else "pending"


def row_waiting_for(fact: IntentFact) -> StoredPayment | None:
    """The row that was written before Stripe was asked, when its answer has not reached us yet."""
    stored = repository.find(fact.payment_id or "")
    if stored and stored.state.intent_id is None and stored.state.order_id == fact.order_id:
        return stored
    return None


def _adopted_id(fact: IntentFact) -> str:
    """The id in the intent's metadata if it is free, else one that every process derives alike from the intent."""
    if is_id(fact.payment_id) and repository.find(fact.payment_id or "") is None:
        return str(fact.payment_id)
    return hashlib.sha256(fact.intent_id.encode()).hexdigest()[:24]
