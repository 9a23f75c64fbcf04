"""Paying back: reserve first, then ask Stripe, so that refunds can never exceed what was captured.

DESIGN section 4, rules 3 and 4. Sources: docs.stripe.com/api/refunds, docs.stripe.com/error-low-level (an answer that
is lost, or a 5xx, leaves the outcome unknown: same key, same parameters, try again).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from structlog.contextvars import bind_contextvars

from app.domain.money import Money
from app.domain.payments.derivation import derive
from app.domain.payments.evidence import PaymentState, RefundEvidence
from app.domain.payments.facts import Fact, KeySpent, RefundFact, RefundRefused, RefundRequested, RefundUnanswered
from app.domain.payments.methods import Card
from app.domain.payments.payment import Refund
from app.domain.payments.states import PaymentStatus, RefundState, StripeReason
from app.errors import (
    AmountExceedsRefundable,
    NotFound,
    PaydeskError,
    PaymentDisputed,
    PaymentNotRefundable,
    StripeNotInitialized,
    Unavailable,
)
from app.gateway.client import StripeGateway
from app.models.payments import repository
from app.models.payments.mapping import refund_document, refund_of
from app.models.payments.repository import StoredPayment
from app.services.payments.amounts import minor_units
from app.services.payments.idempotency import LEASE, Once, once
from app.services.payments.keys import call_once
from app.services.payments.service import may_see
from app.services.payments.updates import Source, change, learn


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """What to refund; ``amount`` is in major units, None for all that is left.

    ``reason`` is text for people. ``stripe_reason`` is what Stripe gets, and only a person chooses it, because
    ``fraudulent`` blocks the customer's card and e-mail address.
    """

    payment_id: str
    amount: Decimal | None = None
    reason: str | None = None
    stripe_reason: StripeReason | None = None
    notes: str | None = None
    requested_by: str

    @property
    def texts(self) -> dict[str, str | None]:
        """Why, as idempotency keys tell requests apart; what earlier versions did not know is left out where unset."""
        chosen = {"stripe_reason": self.stripe_reason.value} if self.stripe_reason else {}
        return {"reason": self.reason, "notes": self.notes, **chosen}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a refund would come to: its amount, and what would be left to refund after it.

    ``card`` is the one that the money goes back to.
    """

    money: Money
    left: Money
    card: Card | None


class Refunds:
    """Use cases of refunds."""

    def __init__(self, gateway: StripeGateway) -> None:
        self._gateway = gateway

    def refund(self, request: RefundRequest, *, customer: str | None, key: str | None) -> Refund:
        """Make the refund.

        Raises NotFound, AmountInvalid, PaymentNotRefundable, PaymentDisputed, AmountExceedsRefundable, the errors of
        idempotency keys, and Stripe's. After StripeUnavailable a retry completes the same refund.
        """
        stored = self._payment(request, customer)

        def work(refund_id: str) -> dict[str, Any]:
            return {"refund": refund_document(self._refund(stored, request, refund_id))}

        body = {
            "payment_id": request.payment_id,
            "amount": minor_units(request.amount, stored.state.currency),
            **request.texts,
        }
        answer, _ = once(Once(caller=request.requested_by, endpoint="refund", key=key, request=body), work)
        return refund_of(answer["refund"])

    def make(self, request: RefundRequest, refund_id: str) -> Refund:
        """The refund with an id that the caller keeps: called again, it completes the same one.

        Raises what ``refund`` raises, but for the errors of idempotency keys.
        """
        return self._refund(self._payment(request, None), request, refund_id)

    def quote(self, request: RefundRequest) -> Quote:
        """What ``refund`` would do to the payment as it is now, without doing it; raises what it would raise first."""
        stored = self._payment(request, None)
        currency = stored.state.currency
        minor = _refundable(stored.state, minor_units(request.amount, currency))
        return Quote(
            money=Money(minor, currency),
            left=Money(stored.payment.amount_refundable - minor, currency),
            card=stored.payment.card,
        )

    def _payment(self, request: RefundRequest, customer: str | None) -> StoredPayment:
        if not self._gateway.configured:
            raise StripeNotInitialized
        stored = repository.find(request.payment_id)
        if stored is None or not may_see(stored.state.customer_id, customer):
            raise NotFound
        bind_contextvars(payment_id=stored.id, order_id=stored.state.order_id)
        return stored

    def _refund(self, stored: StoredPayment, request: RefundRequest, refund_id: str) -> Refund:
        amount = minor_units(request.amount, stored.state.currency)
        source = Source(channel="refund", reference=refund_id, actor=request.requested_by)
        chosen = refund_id

        def reserve(state: PaymentState) -> Sequence[Fact]:
            nonlocal chosen
            chosen = refund_id if refund_id in state.refunds else _unfinished(state, request, amount) or refund_id
            existing = state.refunds.get(chosen)
            if existing and (existing.stripe_refund_id or existing.status != RefundState.PENDING):
                return []
            # A refund that is requested again says when, so that the worker does not give it up at this moment.
            return [
                RefundRequested(
                    refund_id=chosen,
                    amount=existing.amount if existing else _refundable(state, amount),
                    reason=request.reason,
                    notes=request.notes,
                    requested_by=request.requested_by,
                    requested_at=int(time.time()),
                    stripe_reason=request.stripe_reason and request.stripe_reason.value,
                )
            ]

        resumed = stored.state.refunds.keys()
        stored = change(stored, reserve, source)
        stored = self._complete(stored, chosen, resumed=chosen in resumed or chosen != refund_id, source=source)
        return next(refund for refund in stored.payment.refunds if refund.id == chosen)

    def _complete(self, stored: StoredPayment, refund_id: str, *, resumed: bool, source: Source) -> StoredPayment:
        """Ask Stripe for a reserved refund and keep its answer, whatever it is."""
        row = stored.state.refunds[refund_id]
        if row.stripe_refund_id:
            return stored
        if row.status == RefundState.FAILED:
            raise PaymentNotRefundable("Stripe refused this refund. Start a new one.")
        try:
            fact = (resumed and self._find(stored, refund_id)) or self._ask(stored, refund_id, row, source)
        except Unavailable:
            learn(stored, [RefundUnanswered(refund_id=refund_id)], source)
            raise
        except PaydeskError as error:
            stored = learn(stored, [RefundRefused(refund_id=refund_id, failure_reason=error.error)], source)
            if isinstance(error, AmountExceedsRefundable):
                # A refund was made at Stripe itself; adopt those refunds, so that our books agree again.
                learn(stored, self._gateway.refunds_of(str(stored.state.intent_id)), source)
            raise
        return learn(stored, [fact], source)

    def _ask(self, stored: StoredPayment, refund_id: str, row: RefundEvidence, source: Source) -> RefundFact:
        texts = {"reason": row.reason, "notes": row.notes, "requested_by": row.requested_by}
        return call_once(
            lambda number: self._gateway.create_refund(
                refund_id=refund_id,
                payment_id=stored.id,
                intent_id=str(stored.state.intent_id),
                amount=row.amount,
                stripe_reason=row.stripe_reason,
                texts={name: text for name, text in texts.items() if text},
                key_number=number,
            ),
            key_number=row.key_number,
            # When it was last asked for: an older row that got no answer is given up by the worker, not asked again.
            first_asked=row.requested_at or 0,
            find=lambda: self._find(stored, refund_id),
            take_next=lambda number: learn(stored, [KeySpent(subject=refund_id, number=number)], source),
        )

    def _find(self, stored: StoredPayment, refund_id: str) -> RefundFact | None:
        """The refund at Stripe that carries our id, made by a call whose answer we never saw."""
        every = self._gateway.refunds_of(str(stored.state.intent_id))
        return next((fact for fact in every if fact.refund_id == refund_id), None)


def _refundable(state: PaymentState, amount: int | None) -> int:
    """The minor units to refund. Raises PaymentNotRefundable, PaymentDisputed or AmountExceedsRefundable."""
    payment = derive(state)
    if payment.status != PaymentStatus.COMPLETED:
        raise PaymentNotRefundable(f"Only a completed payment can be refunded; this one is {payment.status.value}.")
    if payment.dispute_open:
        raise PaymentDisputed
    if amount is None:
        if not payment.amount_refundable:
            raise PaymentNotRefundable("Nothing is left to refund.")
        return payment.amount_refundable
    if amount > payment.amount_refundable:
        left = Money(payment.amount_refundable, state.currency).to_major()
        raise AmountExceedsRefundable(f"Only {left} {state.currency.upper()} is left to refund.")
    return amount


def _unfinished(state: PaymentState, request: RefundRequest, minor: int | None) -> str | None:
    """A refund that the same person requested and whose outcome is unknown: a retry without a key means that one.

    A refund that another request is still working on is not it, so refunds that run at the same time stay separate.
    """
    given_up = time.time() - LEASE.total_seconds()
    left = derive(state).amount_refundable
    for refund_id, row in state.refunds.items():
        asked = (request.requested_by, request.reason, request.notes, request.stripe_reason)
        same = (row.requested_by, row.reason, row.notes, row.stripe_reason) == asked
        amount = row.amount == minor if minor is not None else left == 0
        open_ = row.stripe_refund_id is None and row.status == RefundState.PENDING
        if same and amount and open_ and (row.unanswered or (row.requested_at or 0) < given_up):
            return refund_id
    return None
