"""The refunds of a payment: what is known of each, merged and derived."""

from __future__ import annotations

from dataclasses import replace

from app.domain.payments.evidence import ChargeEvidence, PaymentState, RefundEvidence
from app.domain.payments.facts import RefundFact, RefundRefused, RefundRequested, RefundSettled, RefundUnanswered
from app.domain.payments.joins import earliest, fill, latest
from app.domain.payments.payment import Refund
from app.domain.payments.states import ChargeStatus, RefundState, RefundStatus

# What Stripe gives as the reason of a hold that lapsed (docs.stripe.com/api/refunds/object).
_EXPIRED = "expired_uncaptured_charge"
# A release is made together with the capture; a person who refunds the same amount needs longer.
_SECONDS_OF_RELEASE = 60


def merge_refund(state: PaymentState, fact: RefundFact) -> PaymentState:
    """What Stripe says of one refund."""
    evidence = RefundEvidence(
        amount=fact.amount,
        status=fact.status,
        stripe_refund_id=fact.stripe_refund_id,
        created=fact.created,
        reason=fact.reason,
        failure_reason=fact.failure_reason,
        notes=fact.notes,
        requested_by=fact.requested_by,
        stripe_reason=fact.stripe_reason,
        charge_id=fact.charge_id,
        currency=fact.currency,
        status_as_of=fact.as_of if fact.status.is_open else None,
        moved=fact.is_booked or fact.status.counts_as_refunded,
        failed_at=fact.as_of if fact.status.returned else None,
    )
    refund_id = _refund_key(state, fact)
    return _merge(replace(state, intent_id=fact.intent_id or state.intent_id), refund_id, evidence)


def refund_requested(state: PaymentState, fact: RefundRequested) -> PaymentState:
    """A refund is reserved before Stripe is asked."""
    evidence = RefundEvidence(
        amount=fact.amount,
        status=RefundState.PENDING,
        requested_at=fact.requested_at,
        reason=fact.reason,
        notes=fact.notes,
        requested_by=fact.requested_by,
        stripe_reason=fact.stripe_reason,
    )
    return _merge(state, fact.refund_id, evidence)


def refund_unanswered(state: PaymentState, fact: RefundUnanswered) -> PaymentState:
    """The call for a refund ended without an answer."""
    waiting = replace(state.refunds[fact.refund_id], unanswered=True)
    return replace(state, refunds={**state.refunds, fact.refund_id: waiting})


def refund_refused(state: PaymentState, fact: RefundRefused) -> PaymentState:
    """Stripe refused a refund that it never named."""
    old = state.refunds[fact.refund_id]
    if old.stripe_refund_id:
        return state
    refused = replace(old, status=RefundState.FAILED, failure_reason=fact.failure_reason)
    return replace(state, refunds={**state.refunds, fact.refund_id: refused})


def refund_settled(state: PaymentState, fact: RefundSettled) -> PaymentState:
    """A person refunded a failed refund outside Stripe."""
    old = state.refunds[fact.refund_id]
    settled = replace(old, settled_by=fill(old.settled_by, fact.settled_by))
    return replace(state, refunds={**state.refunds, fact.refund_id: settled})


def refunds_of(state: PaymentState, currency: str) -> tuple[Refund, ...]:
    """In the order in which they were made, without released holds; ``currency`` is that of the payment."""
    if not state.refunds:
        return ()
    releases = _releases(state)
    refunds = [
        Refund(
            id=refund_id,
            payment_id=state.payment_id,
            stripe_refund_id=refund.stripe_refund_id,
            amount=refund.amount,
            currency=refund.currency or currency,
            status=refund.status,
            reason=refund.reason,
            failure_reason=refund.failure_reason,
            notes=refund.notes,
            requested_by=refund.requested_by,
            created=refund.created if refund.created is not None else refund.requested_at or 0,
            settled_by=refund.settled_by,
            stripe_reason=refund.stripe_reason,
            moved=refund.moved or refund.status.counts_as_refunded,
            failed=refund.failed_at if refund.moved and refund.status.returned else None,
        )
        for refund_id, refund in state.refunds.items()
        if refund_id not in releases
    ]
    return tuple(sorted(refunds, key=lambda refund: (refund.created, refund.id)))


def refund_status(refunds: tuple[Refund, ...], captured: int, refunded: int) -> RefundStatus:
    if captured and refunded >= captured:
        return RefundStatus.FULL
    if refunded:
        return RefundStatus.PARTIAL
    if captured and any(r.status.is_open for r in refunds):
        return RefundStatus.PENDING
    return RefundStatus.NONE


def _releases(state: PaymentState) -> frozenset[str]:
    """The ids of the refunds that gave no money back, but freed what a hold had and nobody captured.

    Before 2025-03-31.basil Stripe makes a Refund object of that part, at the moment of the capture or cancellation
    (docs.stripe.com/changelog/basil/2025-03-31/remove-refund-from-partial-capture). So a release is a refund of a
    charge that was never captured, or of a partly captured one the first that has the amount of the rest and is as old
    as the capture. One that we requested is none; neither is one that an earlier version kept, without its currency.
    """
    found: set[str] = set()
    of_rest: dict[str, tuple[int, str]] = {}
    for refund_id, refund in state.refunds.items():
        charge = state.charges.get(refund.charge_id or "")
        if refund.currency is None or refund_id != refund.stripe_refund_id:
            continue
        if refund.stripe_reason == _EXPIRED:
            found.add(refund_id)
        elif charge is None or charge.created is None or charge.status != ChargeStatus.SUCCEEDED:
            continue
        elif not charge.captured:
            found.add(refund_id)
        elif (
            charge.amount_captured
            and refund.amount == charge.amount - charge.amount_captured
            and _is_of_capture(refund, charge)
        ):
            candidate = (refund.created or 0, refund_id)
            of_rest[refund.charge_id or ""] = min(candidate, of_rest.get(refund.charge_id or "", candidate))
    return frozenset(found | {refund_id for _, refund_id in of_rest.values()})


def _is_of_capture(refund: RefundEvidence, charge: ChargeEvidence) -> bool:
    captured_at = earliest(charge.taken_at, charge.booked_at)
    return captured_at is None or (refund.created or 0) <= captured_at + _SECONDS_OF_RELEASE


def _refund_key(state: PaymentState, fact: RefundFact) -> str:
    """Our id where the refund's metadata carries it and no other refund at Stripe has taken it."""
    ours = state.refunds.get(fact.refund_id or "")
    if fact.refund_id and (ours is None or ours.stripe_refund_id in {None, fact.stripe_refund_id}):
        return fact.refund_id
    return fact.stripe_refund_id


def _merge(state: PaymentState, refund_id: str, new: RefundEvidence) -> PaymentState:
    old = state.refunds.get(refund_id)
    if old:
        # What Stripe says of a refund outweighs what we assumed before it had one.
        decisive = [e for e in (old, new) if e.stripe_refund_id] or [old, new]
        standing = max(decisive, key=_standing)
        new = RefundEvidence(
            amount=decisive[-1].amount,
            status=standing.status,
            stripe_refund_id=fill(old.stripe_refund_id, new.stripe_refund_id),
            requested_at=latest(old.requested_at, new.requested_at),
            created=earliest(old.created, new.created),
            reason=fill(old.reason, new.reason),
            failure_reason=fill(old.failure_reason, new.failure_reason),
            notes=fill(old.notes, new.notes),
            requested_by=fill(old.requested_by, new.requested_by),
            unanswered=old.unanswered or new.unanswered,
            settled_by=fill(old.settled_by, new.settled_by),
            stripe_reason=fill(old.stripe_reason, new.stripe_reason),
            key_number=latest(old.key_number, new.key_number),
            charge_id=fill(old.charge_id, new.charge_id),
            currency=fill(old.currency, new.currency),
            status_as_of=standing.status_as_of,
            moved=old.moved or new.moved,
            failed_at=earliest(_known_failure(old), new.failed_at),
        )
    return replace(state, refunds={**state.refunds, refund_id: new})


def _known_failure(refund: RefundEvidence) -> int | None:
    """When it failed; where an earlier version kept no time, that of the refund, so that no later net changes."""
    if refund.status.returned and refund.stripe_refund_id and refund.currency is None:
        return refund.created
    return refund.failed_at


def _standing(refund: RefundEvidence) -> tuple[bool, int, int]:
    """A final status outweighs an open one, the furthest of the final ones counts, and the newest of the open ones."""
    is_open = refund.status.is_open
    return (not is_open, (refund.status_as_of or 0) if is_open else 0, refund.status.rank)
