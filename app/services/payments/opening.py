"""Opening a payment: one intent for one request, of exactly the amount, currency and capture method that it asks for.

An intent can be changed at Stripe, so what is handed out again is first compared with what is asked. One that differs
is canceled there, and a new one takes its place.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from structlog.contextvars import bind_contextvars

from app.clock import now
from app.domain.money import Money
from app.domain.payments.attempts import open_challenges
from app.domain.payments.derivation import derive
from app.domain.payments.evidence import PaymentState
from app.domain.payments.facts import IntentFact, IntentRefused, KeySpent
from app.domain.payments.states import CaptureMethod, IntentStatus, PaymentStatus
from app.errors import (
    AmountInvalid,
    AmountMismatch,
    CurrencyUnsupported,
    PaydeskError,
    PaymentNotCancelable,
    RequestInProgress,
    StripeNotInitialized,
    StripeUnavailable,
    ValidationFailed,
)
from app.gateway.client import IntentHandle, StripeGateway, settling
from app.ids import new_id
from app.models import idempotency as idempotency_records
from app.models.payments import repository, writes
from app.models.payments.repository import StoredPayment
from app.models.payments.writes import AlreadyExists
from app.services.payments.closings import Closings
from app.services.payments.idempotency import LEASE, Once, once
from app.services.payments.keys import call_once
from app.services.payments.updates import Source, entry_for, learn, observe

# Stripe may forget an idempotency key after 24 hours; from then on the intent is looked for before it is made again.
_KEY_LIFETIME = timedelta(hours=23)
_CLOCK_SKEW_SECONDS = 600
_WAIT_SECONDS = 8.0
_PAUSE_SECONDS = 0.05
# A Stripe that answers again and again with another amount than it was asked is out of order.
_MOST_REPLACED = 3
_IN_PROCESS = (
    "Another payment of this order, which was changed at Stripe, is being processed there and cannot be canceled. "
    "Look at it before a new one is opened."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment:
    """What the ERP asks to be paid. The ids are the ERP's; ``receipt_email`` is never stored."""

    order_id: str
    customer_id: str
    money: Money
    capture_method: CaptureMethod = CaptureMethod.AUTOMATIC
    description: str | None = None
    receipt_email: str | None = field(default=None, repr=False)

    @property
    def slot(self) -> str:
        """Equal for requests that mean the same open payment."""
        return writes.open_slot(
            self.customer_id, self.order_id, self.money.currency, self.money.minor, self.capture_method
        )

    @property
    def body(self) -> Mapping[str, Any]:
        """What makes two requests with one Idempotency-Key the same request."""
        held = {"capture": self.capture_method.value} if self.capture_method.is_manual else {}
        return {
            "order_id": self.order_id,
            "customer_id": self.customer_id,
            "amount": self.money.minor,
            "currency": self.money.currency,
            "description": self.description,
            "receipt_email": self.receipt_email,
            **held,
        }

    def is_met_by(self, intent: IntentFact) -> bool:
        """True where the intent, as it is at Stripe, asks the customer for just this."""
        money = Money(intent.amount, intent.currency)
        return money == self.money and CaptureMethod.of_intent(intent.capture_method) == self.capture_method


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPayment:
    """What the browser needs to pay. The secret is passed on and kept nowhere."""

    payment_id: str
    payment_intent_id: str
    money: Money
    client_secret: str = field(repr=False)


class Opening:
    """The use case."""

    def __init__(self, gateway: StripeGateway, closings: Closings) -> None:
        self._gateway = gateway
        self._closings = closings

    def open(self, new: NewPayment, *, caller: str, key: str | None) -> OpenedPayment:
        """Open a payment, or return the one that is open for the same order, customer, amount and capture method.

        A key whose payment was canceled or changed at Stripe since gets a new one, as a request without a key does.

        Raises StripeNotInitialized, StripeInvalidApiKey, StripeConfigurationError, StripeUnavailable (retry: nothing is
        done twice), AmountInvalid, CurrencyUnsupported, AmountMismatch (the key's payment was paid at another amount),
        IdempotencyKeyReused, RequestInProgress, DatabaseUnavailable.
        """
        if not self._gateway.configured:
            raise StripeNotInitialized
        opened: OpenedPayment | None = None

        def work(_: str) -> dict[str, Any]:
            nonlocal opened
            opened = self._open(new, actor=caller)
            return _answer(opened)

        what = Once(caller=caller, endpoint="create-intent", key=key, request=new.body)
        answer, _ = once(what, work)
        # The secret is not stored, so a replay asks Stripe for the intent, and sees it as it is now.
        return opened or self._again(answer, new, what)

    def _again(self, answer: Mapping[str, Any], new: NewPayment, what: Once) -> OpenedPayment:
        """The payment that a key opened before, or the one that takes its place."""
        source = Source(channel="create-intent", actor=what.caller)
        handle = self._gateway.retrieve_intent(answer["payment_intent_id"])
        is_canceled = handle.fact.status == IntentStatus.CANCELED
        if new.is_met_by(handle.fact) and not is_canceled:
            return _opened(answer["payment_id"], new.money, handle)
        stored = repository.find(answer["payment_id"])
        if stored:
            stored = self._learnt(stored, handle, source)
            if stored.payment.status == PaymentStatus.COMPLETED:
                raise AmountMismatch
            self._replaced(stored, source)
        opened = self._open(new, actor=what.caller)
        idempotency_records.complete(what.record_id, HTTPStatus.OK, _answer(opened))
        return opened

    def _open(self, new: NewPayment, *, actor: str) -> OpenedPayment:
        source = Source(channel="create-intent", actor=actor)
        deadline = time.monotonic() + _WAIT_SECONDS
        replaced = 0
        while time.monotonic() < deadline:
            try:
                stored, ours = self._claim(new, source)
            except AlreadyExists as error:
                raise RequestInProgress(retry_after=2) from error
            bind_contextvars(payment_id=stored.id, order_id=stored.state.order_id)
            at = now()
            if stored.state.intent_id:
                handle = self._gateway.retrieve_intent(stored.state.intent_id)
            elif ours or writes.take_over_creation(stored.id, now=at, until=at + LEASE):
                handle = self._create(stored, new, source)
            else:
                time.sleep(_PAUSE_SECONDS)
                continue
            made_for_us = stored.state.intent_id is None
            stored = self._learnt(stored, handle, source)
            # What is made for this row may be paid before Stripe's answer arrives; it is the payment all the same.
            status = stored.payment.status
            is_usable = not status.is_final or (made_for_us and status == PaymentStatus.COMPLETED)
            if new.is_met_by(handle.fact) and is_usable:
                return _opened(stored.id, new.money, handle)
            # It was paid, canceled or changed at Stripe meanwhile; then its place is free, or is made so.
            self._replaced(stored, source)
            replaced += 1
            if replaced > _MOST_REPLACED:
                raise StripeUnavailable(retry_after=5)
        raise RequestInProgress(retry_after=2)

    def _claim(self, new: NewPayment, source: Source) -> tuple[StoredPayment, bool]:
        """Row before call: the payment is saved before Stripe hears of it (DESIGN section 4, rule 3)."""
        at = now()
        state = PaymentState(
            payment_id=new_id(),
            order_id=new.order_id,
            customer_id=new.customer_id,
            amount=new.money.minor,
            currency=new.money.currency,
            asked_amount=new.money.minor,
            asked_currency=new.money.currency,
            description=new.description,
            opened_at=int(at.timestamp()),
            capture_method=new.capture_method if new.capture_method.is_manual else None,
        )
        row, entry = entry_for(None, derive(state), source, at)
        document = writes.document_for(state, row, entry)
        stored, ours = writes.claim_open_slot(new.slot, document, now=at, until=at + LEASE)
        if ours:
            observe(None, state, stored.payment)
        return stored, ours

    def _learnt(self, stored: StoredPayment, handle: IntentHandle, source: Source) -> StoredPayment:
        return learn(stored, [settling(handle.fact, open_challenges(stored.payment))], source)

    def _replaced(self, stored: StoredPayment, source: Source) -> None:
        """Make sure that nobody can pay an intent that is not handed out; it may just have been paid."""
        if stored.payment.status.is_final:
            return
        try:
            self._closings.cancel_for(stored, new_id(), str(source.actor))
        except PaymentNotCancelable as error:
            now_known = repository.find(stored.id)
            if now_known is None or not now_known.payment.status.is_final:
                raise RequestInProgress(_IN_PROCESS, retry_after=60) from error

    def _create(self, stored: StoredPayment, new: NewPayment, source: Source) -> IntentHandle:
        try:
            return self._ask_for_intent(stored, new, source)
        except (AmountInvalid, CurrencyUnsupported, ValidationFailed) as error:
            learn(stored, [IntentRefused(code=error.error, refused_at=int(time.time()))], source)
            raise
        except PaydeskError:
            # The outcome is unknown or may change (a key, an outage): the row stays and a retry completes it.
            writes.release_creation(stored.id, now=now())
            raise

    def _ask_for_intent(self, stored: StoredPayment, new: NewPayment, source: Source) -> IntentHandle:
        opened_at = stored.state.opened_at

        def find() -> IntentHandle | None:
            return self._gateway.find_intent(stored.id, created_from=opened_at - _CLOCK_SKEW_SECONDS)

        if time.time() - opened_at > _KEY_LIFETIME.total_seconds():
            existing = find()
            if existing:
                return existing
        return call_once(
            lambda number: self._gateway.create_intent(
                payment_id=stored.id,
                order_id=new.order_id,
                customer_id=new.customer_id,
                money=new.money,
                description=new.description,
                receipt_email=new.receipt_email,
                capture_method=new.capture_method,
                key_number=number,
            ),
            key_number=stored.state.key_number,
            first_asked=opened_at,
            find=find,
            take_next=lambda number: learn(stored, [KeySpent(subject=None, number=number)], source),
        )


def _answer(opened: OpenedPayment) -> dict[str, Any]:
    return {"payment_id": opened.payment_id, "payment_intent_id": opened.payment_intent_id}


def _opened(payment_id: str, money: Money, handle: IntentHandle) -> OpenedPayment:
    return OpenedPayment(
        payment_id=payment_id, payment_intent_id=handle.fact.intent_id, money=money, client_secret=handle.client_secret
    )
