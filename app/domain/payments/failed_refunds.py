"""Which refunds still need attention.

A failed refund leaves the customer's money here (docs.stripe.com/refunds#failed-refunds). That is mended by refunds
made after the failure was known, by whatever else left nothing to refund, or by a person who refunded the money outside
Stripe. Refunds made before do not count, because a refund may fail days after it succeeded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from app.domain.payments.payment import Refund
from app.domain.payments.states import RefundState


def needing_attention(refunds: Sequence[Refund], refundable: int, failed_at: Mapping[str, int]) -> frozenset[str]:
    """The ids of the refunds that wait for an action, and of the failed ones that nothing made good.

    ``refundable`` is what may still be refunded; ``failed_at`` is what ``failure_times`` gives. Every later refund
    makes good as much as its amount, once. It does so even when it failed itself: then it is the one that needs
    attention.
    """
    unresolved = {refund.id for refund in refunds if refund.status.needs_attention}
    if refundable <= 0:
        return frozenset(unresolved)
    failures = {
        refund.id: (failed_at.get(refund.id, refund.created), refund.id)
        for refund in refunds
        if refund.status == RefundState.FAILED
    }
    failed = sorted((r for r in refunds if r.id in failures and not r.settled_by), key=lambda r: failures[r.id])
    room = {refund.id: refund.amount for refund in refunds if refund.status != RefundState.CANCELED}
    for refund in failed:
        missing = refund.amount
        for later in refunds:
            if later.id in room and _follows(later, refund, failures):
                mended = min(missing, room[later.id])
                room[later.id] -= mended
                missing -= mended
        if missing:
            unresolved.add(refund.id)
    return frozenset(unresolved)


def failure_times(history: Iterable[Mapping[str, object]]) -> dict[str, int]:
    """When a payment's history first records the failure of each refund that failed, in Unix seconds by its id."""
    times: dict[str, int] = {}
    for entry in history:
        changes = entry.get("changes")
        changed = changes.get("refunds") if isinstance(changes, Mapping) else None
        for refund in changed if isinstance(changed, list) else ():
            if refund.get("status") == RefundState.FAILED:
                times.setdefault(refund["id"], int(str(entry["at"])) // 1000)
    return times


def _follows(later: Refund, failed: Refund, failures: Mapping[str, tuple[int, str]]) -> bool:
    """Of two that failed within one second, one is taken to follow the other and never both each other."""
    in_turn = later.id not in failures or failures[later.id] > failures[failed.id]
    return in_turn and later.created >= failures[failed.id][0]
