"""Ending an open payment: capture its hold, or cancel it.

The request is noted in the payment before Stripe is asked (DESIGN section 4, rule 3), so that a retry or the worker
completes it after a crash or a lost answer. Stripe ends an intent once: of a capture and a cancellation that meet there
one is refused. Sources: docs.stripe.com/api/payment_intents/capture and /cancel.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from structlog.contextvars import bind_contextvars

from app.domain.money import Money
from app.domain.payments.attempts import open_challenges
from app.domain.payments.closings import hold_of, undecided
from app.domain.payments.derivation import derive
from app.domain.payments.evidence import ClosingEvidence, PaymentState
from app.domain.payments.facts import ClosingRefused, ClosingRequested, ClosingUnanswered, Fact, IntentFact, KeySpent
from app.domain.payments.payment import Payment
from app.domain.payments.states import ClosingKind, IntentStatus, PaymentStatus
from app.errors import (
    AmountExceedsCapturable,
    NotFound,
    PaydeskError,
    PaymentNotCancelable,
    PaymentNotCapturable,
    RequestInProgress,
    StripeNotInitialized,
    Unavailable,
)
from app.gateway.client import StripeGateway, settling
from app.models.payments import repository
from app.models.payments.mapping import document_of, payment_of
from app.models.payments.repository import StoredPayment
from app.services.payments.amounts import minor_units
from app.services.payments.idempotency import LEASE, Once, once
from app.services.payments.keys import call_once
from app.services.payments.updates import Source, change, learn

SUPERSEDED = "superseded"
_DECIDED = frozenset({IntentStatus.SUCCEEDED, IntentStatus.CANCELED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingRequest:
    """What to do with a payment; ``amount`` is in major units, None for all that is held."""

    payment_id: str
    kind: ClosingKind
    amount: Decimal | None = None
    requested_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingQuote:
    """What a request would come to: the money that is captured (None to cancel), and what of the hold is not."""

    captured: Money | None
    released: Money | None


class Closings:
    """Use cases that end a payment."""

    def __init__(self, gateway: StripeGateway) -> None:
        self._gateway = gateway

    def close(self, request: ClosingRequest, *, key: str | None) -> Payment:
        """Capture or cancel, once for ``key``; the payment afterwards.

        Raises NotFound, AmountInvalid, PaymentNotCapturable, AmountExceedsCapturable, PaymentNotCancelable,
        RequestInProgress, the errors of idempotency keys, and Stripe's. After StripeUnavailable a retry completes the
        same request.
        """
        stored = self._payment(request.payment_id)

        def work(closing_id: str) -> dict[str, Any]:
            return {"payment": document_of(self.make(request, closing_id))}

        amount = minor_units(request.amount, stored.state.currency)
        body = {"payment_id": request.payment_id, "amount": amount}
        answer, _ = once(Once(caller=request.requested_by, endpoint=request.kind.value, key=key, request=body), work)
        return payment_of(answer["payment"])

    def make(self, request: ClosingRequest, closing_id: str) -> Payment:
        """The same with an id that the caller keeps: called again, it completes the same request."""
        stored = self._known(self._payment(request.payment_id), request)
        return self._close(stored, request, closing_id).payment

    def quote(self, request: ClosingRequest) -> ClosingQuote:
        """What ``close`` would do to the payment as it is now, without doing it; raises what it would raise first."""
        stored = self._known(self._payment(request.payment_id), request)
        currency, held = stored.state.currency, hold_of(stored.state)
        amount = _closable(stored.state, request.kind, minor_units(request.amount, currency))
        if amount is None:
            return ClosingQuote(captured=None, released=Money(held.amount, currency) if held else None)
        rest = (held.amount if held else amount) - amount
        return ClosingQuote(captured=Money(amount, currency), released=Money(rest, currency) if rest else None)

    def cancel_for(self, stored: StoredPayment, closing_id: str, actor: str) -> StoredPayment:
        """Cancel an open payment whose place another one takes. Raises PaymentNotCancelable where Stripe refuses."""
        request = ClosingRequest(payment_id=stored.id, kind=ClosingKind.CANCEL, requested_by=actor)
        return self._close(stored, request, closing_id)

    def resume(self, payment_id: str, source: Source) -> bool:
        """Complete what was requested and not decided; False where there is nothing to complete.

        Raises Stripe's errors, and the refusal where Stripe refuses it.
        """
        stored = repository.find(payment_id)
        waiting = undecided(stored.state) if stored and not stored.payment.status.is_final else None
        if stored is None or waiting is None or _runs(waiting[1]):
            return False
        closing_id, _ = waiting
        stored = change(stored, lambda state: [_asked_again(closing_id, state.closings[closing_id])], source)
        self._complete(stored, closing_id, source, resumed=True)
        return True

    def _payment(self, payment_id: str) -> StoredPayment:
        if not self._gateway.configured:
            raise StripeNotInitialized
        stored = repository.find(payment_id)
        if stored is None:
            raise NotFound
        bind_contextvars(payment_id=stored.id, order_id=stored.state.order_id)
        return stored

    def _known(self, stored: StoredPayment, request: ClosingRequest) -> StoredPayment:
        """The payment with its hold: the customer may have paid a moment ago, and the webhook still be on its way."""
        unknown = request.kind == ClosingKind.CAPTURE and not hold_of(stored.state)
        if unknown and not stored.payment.status.is_final and stored.state.intent_id:
            return self._looked_at(stored, _source(request))
        return stored

    def _looked_at(self, stored: StoredPayment, source: Source) -> StoredPayment:
        fact = self._gateway.retrieve_intent(str(stored.state.intent_id)).fact
        return learn(stored, [settling(fact, open_challenges(stored.payment))], source)

    def _close(self, stored: StoredPayment, request: ClosingRequest, closing_id: str) -> StoredPayment:
        amount = minor_units(request.amount, stored.state.currency)
        source, chosen = _source(request), closing_id

        def note(state: PaymentState) -> Sequence[Fact]:
            nonlocal chosen
            chosen = closing_id if closing_id in state.closings else _retried(state, request, amount) or closing_id
            ended = derive(state).status.is_final
            if chosen in state.closings:
                row = state.closings[chosen]
                return [] if ended or row.refused else [_asked_again(chosen, row)]
            asked = ClosingRequested(
                closing_id=chosen,
                kind=request.kind,
                amount=_closable(state, request.kind, amount),
                requested_by=request.requested_by,
                requested_at=int(time.time()),
            )
            waiting = undecided(state)
            if waiting is None:
                return [asked]
            if _runs(waiting[1]):
                raise RequestInProgress("Another capture or cancellation of this payment is running.", retry_after=2)
            return [ClosingRefused(closing_id=waiting[0], reason=SUPERSEDED), asked]

        resumed = closing_id in stored.state.closings
        stored = change(stored, note, source)
        return self._complete(stored, chosen, source, resumed=resumed or chosen != closing_id)

    def _complete(self, stored: StoredPayment, closing_id: str, source: Source, *, resumed: bool) -> StoredPayment:
        """Ask Stripe for a noted request and keep its answer, whatever it is."""
        row = stored.state.closings[closing_id]
        if row.refused and not stored.payment.status.is_final:
            raise _refusal(row, "This request was refused or replaced by a later one. Make a new one.")
        try:
            if resumed and not stored.payment.status.is_final:
                stored = self._looked_at(stored, source)
            if not stored.payment.status.is_final:
                stored = learn(stored, [self._ask(stored, closing_id, row, source)], source)
        except Unavailable:
            learn(stored, [ClosingUnanswered(closing_id=closing_id, unanswered_at=int(time.time()))], source)
            raise
        except PaydeskError as error:
            stored = learn(stored, [ClosingRefused(closing_id=closing_id, reason=error.error)], source)
            # What Stripe has instead: most likely it was captured or canceled there.
            self._looked_at(stored, source)
            raise
        return _as_requested(stored, row)

    def _ask(self, stored: StoredPayment, closing_id: str, row: ClosingEvidence, source: Source) -> IntentFact:
        intent_id = str(stored.state.intent_id)

        def ask(number: int) -> IntentFact:
            if row.kind == ClosingKind.CANCEL:
                return self._gateway.cancel_intent(intent_id, closing_id=closing_id, key_number=number)
            return self._gateway.capture_intent(
                intent_id, closing_id=closing_id, amount=row.amount or 0, key_number=number
            )

        def find() -> IntentFact | None:
            fact = self._gateway.retrieve_intent(intent_id).fact
            return fact if fact.status in _DECIDED else None

        return call_once(
            ask,
            key_number=row.key_number,
            first_asked=row.requested_at,
            find=find,
            take_next=lambda number: learn(stored, [KeySpent(subject=closing_id, number=number)], source),
        )


def _source(request: ClosingRequest) -> Source:
    return Source(channel=request.kind.value, actor=request.requested_by)


def _closable(state: PaymentState, kind: ClosingKind, amount: int | None) -> int | None:
    """The minor units to capture, None to cancel. Raises where the payment as it is now does not allow it."""
    payment = derive(state)
    if kind == ClosingKind.CANCEL:
        if payment.status.is_final:
            raise PaymentNotCancelable(f"Only an open payment or a hold can be canceled; {_is(payment)}.")
        if not state.intent_id:
            raise PaymentNotCancelable("Stripe has no payment intent of this payment, so nobody can pay it.")
        return None
    held = hold_of(state)
    if payment.status.is_final or held is None:
        raise PaymentNotCapturable(f"Only a payment whose money is held can be captured; {_is(payment)}.")
    if amount is not None and amount > held.amount:
        most = Money(held.amount, state.currency).to_major_if_known()
        raise AmountExceedsCapturable(f"Only {most} {state.currency.upper()} is held.")
    return held.amount if amount is None else amount


def _is(payment: Payment) -> str:
    return f"this one is {payment.status.value}"


def _asked_again(closing_id: str, row: ClosingEvidence) -> ClosingRequested:
    """Says when, so that no other request and no worker asks at the same time."""
    return ClosingRequested(
        closing_id=closing_id,
        kind=row.kind,
        amount=row.amount,
        requested_by=row.requested_by,
        requested_at=int(time.time()),
    )


def _runs(row: ClosingEvidence) -> bool:
    """True while the request that asked Stripe last may still wait for its answer."""
    is_answered = row.unanswered_at is not None and row.unanswered_at >= row.asked_at
    return not is_answered and time.time() - row.asked_at < LEASE.total_seconds()


def _retried(state: PaymentState, request: ClosingRequest, amount: int | None) -> str | None:
    """The same request by the same person that got no answer: a retry without a key means that one."""
    for closing_id, row in state.closings.items():
        same = (row.kind, row.requested_by) == (request.kind, request.requested_by)
        held = hold_of(state)
        all_of_it = held is None or row.amount == held.amount
        if same and row.refused is None and not _runs(row) and (row.amount == amount or (amount is None and all_of_it)):
            return closing_id if row.unanswered_at is not None or not derive(state).status.is_final else None
    return None


def _as_requested(stored: StoredPayment, row: ClosingEvidence) -> StoredPayment:
    """The payment, where what became of it is what was requested. Raises the refusal where it is not."""
    payment = stored.payment
    if row.kind == ClosingKind.CANCEL:
        is_done = payment.status == PaymentStatus.CANCELED
    else:
        is_done = payment.status == PaymentStatus.COMPLETED and payment.amount_captured == row.amount
    if payment.status.is_final and not is_done:
        raise _refusal(row, f"It ended in another way meanwhile: {_is(payment)}.")
    return stored


def _refusal(row: ClosingEvidence, message: str) -> PaydeskError:
    return PaymentNotCancelable(message) if row.kind == ClosingKind.CANCEL else PaymentNotCapturable(message)
