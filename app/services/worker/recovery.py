"""What was left open: events that were not applied, payments and refunds whose outcome is unknown.

Every step here may be repeated, interrupted or done twice at once: facts go through the same state function as
everywhere (DESIGN section 4, rules 2, 3 and 5).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

import structlog

from app.clock import now
from app.domain.payments.evidence import PaymentState, RefundEvidence
from app.domain.payments.facts import Fact, RefundRefused
from app.domain.payments.states import RefundState
from app.errors import Conflict, DatabaseUnavailable, PaydeskError, Unavailable
from app.gateway.client import StripeGateway
from app.models.payments import repository, writes
from app.models.webhooks import events as webhook_events
from app.models.webhooks.events import EventState, WebhookEvent
from app.services.payments.closings import Closings
from app.services.payments.idempotency import LEASE
from app.services.payments.updates import Source, change, learn
from app.services.webhooks.inbox import WebhookInbox

logger = structlog.get_logger(__name__)

Proceed = Callable[[], bool]

NEVER_REACHED = "never_reached_stripe"
# Far longer than Stripe or a proxy works on a request: what is not there by then will not come.
_GRACE = timedelta(minutes=1)
CERTAIN_AFTER = timedelta(minutes=15)
# So many failures are no accident; people should look at the event.
STUCK_ATTEMPTS = 5
_BATCH = 200
_CLOCK_SKEW_SECONDS = 600
# Stripe is away when it fails for several in a row; trying all the others would only wait.
_FAILURES_IN_A_ROW = 3
_SOURCE = Source(channel="worker")


class Recovery:
    """Each method works until nothing is left or ``proceed()`` is false, and returns what became of how many.

    They raise DatabaseUnavailable, and StripeUnavailable where nothing can go on without Stripe.
    """

    def __init__(self, gateway: StripeGateway, inbox: WebhookInbox, closings: Closings) -> None:
        self._gateway = gateway
        self._inbox = inbox
        self._closings = closings

    @property
    def possible(self) -> bool:
        """True when there is a key to ask Stripe with; without one only events can be taken up."""
        return self._gateway.configured

    def events(self, proceed: Proceed) -> Counter[str]:
        """Apply what a crash or a failure left unapplied, oldest first."""
        counts: Counter[str] = Counter()
        unavailable = 0
        while proceed():
            batch = webhook_events.due(_BATCH, now=now())
            for event in batch:
                if not proceed():
                    return counts
                try:
                    state = self._inbox.apply(event.payload)
                    counts[state.value] += 1
                    unavailable = unavailable + 1 if state == EventState.RECEIVED else 0
                except DatabaseUnavailable:
                    raise
                except Exception as error:  # noqa: BLE001 - the inbox noted it on the event, which is not lost
                    counts["failed"] += 1
                    unavailable = unavailable + 1 if isinstance(error, Unavailable) else 0
                    _log_when_stuck(event)
                if unavailable >= _FAILURES_IN_A_ROW:
                    return counts
            if len(batch) < _BATCH:
                break
        return counts

    def payments(self, proceed: Proceed) -> Counter[str]:
        """Find the intents of payments whose request ended before it learnt Stripe's answer."""
        # A minute's grace, because Stripe may still be at work on a call whose answer was lost.
        return _each(repository.without_answer(now() - _GRACE), self._payment, proceed)

    def closings(self, proceed: Proceed) -> Counter[str]:
        """Complete the captures and cancellations whose request ended before it learnt Stripe's answer."""
        return _each(repository.with_undecided_closings(now() - _GRACE), self._closing, proceed)

    def refunds(self, proceed: Proceed) -> Counter[str]:
        """Find the refunds whose request ended before it learnt Stripe's answer."""
        return _each(repository.with_unnamed_refunds(), self._refunds, proceed)

    def _payment(self, payment_id: str) -> str:
        at = now()
        # The same lease that a request takes, so that a retry of it and this search do not work side by side.
        if not writes.take_over_creation(payment_id, now=at, until=at + LEASE):
            return "skipped"
        stored = repository.find(payment_id)
        if stored is None or stored.state.intent_id:
            return "skipped"
        handle = self._gateway.find_intent(payment_id, created_from=stored.state.opened_at - _CLOCK_SKEW_SECONDS)
        if handle is None:
            # Nothing was made at Stripe. The row stays, and a retry of the request asks for its intent again.
            writes.forget_creation(payment_id)
            return "released"
        learn(stored, [handle.fact], _SOURCE)
        return "found"

    def _closing(self, payment_id: str) -> str:
        try:
            return "completed" if self._closings.resume(payment_id, _SOURCE) else "skipped"
        except Conflict:
            return "refused"

    def _refunds(self, payment_id: str) -> str:
        stored = repository.find(payment_id)
        if stored is None:
            return "skipped"
        looked_at = time.time()
        unnamed = {
            refund_id: row
            for refund_id, row in stored.state.refunds.items()
            if _is_open(row) and (row.unanswered or _age(row, looked_at) > LEASE.total_seconds())
        }
        if not unnamed:
            return "skipped"
        facts = self._gateway.refunds_of(str(stored.state.intent_id))
        stored = learn(stored, facts, _SOURCE)
        there = {fact.refund_id for fact in facts}
        absent = [refund_id for refund_id in unnamed if refund_id not in there]
        if not absent:
            return "found"
        lost = [id_ for id_ in absent if _age(unnamed[id_], looked_at) > CERTAIN_AFTER.total_seconds()]
        if not lost:
            return "waiting"

        def refuse(state: PaymentState) -> Sequence[Fact]:
            # A refund that is not made can be requested again; one that is made twice cannot be taken back. Should
            # a retry get it through in this very moment, Stripe's answer outweighs the refusal.
            return [
                RefundRefused(refund_id=refund_id, failure_reason=NEVER_REACHED)
                for refund_id in lost
                if _is_open(row := state.refunds[refund_id]) and _age(row, looked_at) > CERTAIN_AFTER.total_seconds()
            ]

        change(stored, refuse, _SOURCE)
        return "refused"


def _each(payment_ids: Iterable[str], work: Callable[[str], str], proceed: Proceed) -> Counter[str]:
    """Do ``work`` for every payment; one that fails keeps no other waiting, but a Stripe that is away does."""
    counts: Counter[str] = Counter()
    for payment_id in payment_ids:
        if not proceed():
            break
        try:
            counts[work(payment_id)] += 1
        except Unavailable:
            raise
        except Exception as error:
            counts["failed"] += 1
            is_ours = isinstance(error, PaydeskError)
            logger.warning(
                "resolution_failed",
                payment_id=payment_id,
                error=type(error).__name__,
                exc_info=None if is_ours else error,
            )
    return counts


def _is_open(row: RefundEvidence) -> bool:
    return row.stripe_refund_id is None and row.status == RefundState.PENDING


def _age(row: RefundEvidence, at: float) -> float:
    return at - (row.requested_at or 0)


def _log_when_stuck(event: WebhookEvent) -> None:
    attempts = event.attempts + 1
    if attempts >= STUCK_ATTEMPTS:
        logger.error("webhook_stuck", event_id=event.id, event_type=event.type, attempts=attempts)
