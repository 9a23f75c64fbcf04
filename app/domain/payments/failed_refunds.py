"""Which failed refunds still need attention.

A failed refund leaves the customer's money here (docs.stripe.com/refunds#failed-refunds). That is mended by refunds
made after the failure was known, by whatever else left nothing to refund, or by a person who refunded the money outside
Stripe. Refunds made before do not count, because a refund may fail days after it succeeded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.payments.states import RefundState


@dataclass(frozen=True, slots=True, kw_only=True)
class Refunded:
    """One refund of a payment. ``amount`` is in minor units; ``failed_at`` is when we learnt of its failure, if ever.

    Both times are Unix seconds. ``settled`` is True where a person refunded the money outside Stripe.
    """

    refund_id: str
    amount: int
    status: RefundState
    made_at: int
    failed_at: int | None = None
    settled: bool = False


def unmended(refunds: Sequence[Refunded], refundable: int) -> frozenset[str]:
    """The ids of the failed refunds that nothing made good; ``refundable`` is what may still be refunded.

    Every later refund makes good as much as its amount, once. It does so even when it failed itself: then it is the one
    that needs attention.
    """
    if refundable <= 0:
        return frozenset()
    failed = sorted((r for r in refunds if r.status == RefundState.FAILED and not r.settled), key=_failure)
    room = {refund.refund_id: refund.amount for refund in refunds if refund.status != RefundState.CANCELED}
    unresolved = set()
    for refund in failed:
        missing = refund.amount
        for later in refunds:
            if later.refund_id in room and _follows(later, refund):
                mended = min(missing, room[later.refund_id])
                room[later.refund_id] -= mended
                missing -= mended
        if missing:
            unresolved.add(refund.refund_id)
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


def _follows(later: Refunded, failed: Refunded) -> bool:
    """Of two that failed within one second, one is taken to follow the other and never both each other."""
    in_turn = later.status != RefundState.FAILED or _failure(later) > _failure(failed)
    return in_turn and later.made_at >= _failure(failed)[0]


def _failure(refund: Refunded) -> tuple[int, str]:
    """When we learnt of the failure; without a history, when the refund was made."""
    return (refund.made_at if refund.failed_at is None else refund.failed_at, refund.refund_id)
