"""Taking a payment: open it, confirm it, look at it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from structlog.contextvars import bind_contextvars

from app.clock import now
from app.domain.declines import failure_for_customer
from app.domain.money import Money
from app.domain.payments.attempts import open_challenges
from app.domain.payments.derivation import derive
from app.domain.payments.evidence import PaymentState
from app.domain.payments.facts import IntentRefused
from app.domain.payments.payment import Payment
from app.domain.payments.states import PaymentStatus
from app.errors import (
    AmountInvalid,
    CardDeclined,
    CurrencyUnsupported,
    NotFound,
    OrderMismatch,
    PaydeskError,
    PaymentNotCompleted,
    PaymentRequiresAction,
    RequestInProgress,
    StripeNotInitialized,
    StripeUnavailable,
    ValidationFailed,
)
from app.gateway.client import IntentHandle, StripeGateway, settling
from app.gateway.errors import IdempotencyMismatch
from app.ids import new_id
from app.models.payments import repository, writes
from app.models.payments.mapping import document_of, payment_of
from app.models.payments.repository import StoredPayment
from app.models.payments.writes import AlreadyExists
from app.services.payments.idempotency import LEASE, Once, once
from app.services.payments.updates import Source, entry_for, learn, observe, stored_payment_of

# Stripe may forget an idempotency key after 24 hours; from then on the intent is looked for before it is made again.
_KEY_LIFETIME = timedelta(hours=23)
_CLOCK_SKEW_SECONDS = 600
_WAIT_SECONDS = 8.0
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment:
    """What the ERP asks to be paid. The ids are the ERP's; ``receipt_email`` is never stored."""

    order_id: str
    customer_id: str
    money: Money
    description: str | None = None
    receipt_email: str | None = field(default=None, repr=False)

    @property
    def slot(self) -> str:
        """Equal for requests that mean the same open payment."""
        return writes.open_slot(self.customer_id, self.order_id, self.money.currency, self.money.minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPayment:
    """What the browser needs to pay. The secret is passed on and kept nowhere."""

    payment_id: str
    payment_intent_id: str
    money: Money
    client_secret: str = field(repr=False)


class Payments:
    """Use cases of payments. ``customer`` arguments are the customer that a token is bound to, or None for any."""

    def __init__(self, gateway: StripeGateway) -> None:
        self._gateway = gateway

    def open(self, new: NewPayment, *, caller: str, key: str | None) -> OpenedPayment:
        """Open a payment, or return the one that is open for the same order, customer and amount.

        Raises StripeNotInitialized, StripeInvalidApiKey, StripeUnavailable (retry: nothing is done twice),
        AmountInvalid, CurrencyUnsupported, IdempotencyKeyReused, RequestInProgress, DatabaseUnavailable.
        """
        if not self._gateway.configured:
            raise StripeNotInitialized
        secret = ""

        def work(_: str) -> dict[str, Any]:
            nonlocal secret
            opened = self._open(new, actor=caller)
            secret = opened.client_secret
            return {"payment_id": opened.payment_id, "payment_intent_id": opened.payment_intent_id}

        request = {
            "order_id": new.order_id,
            "customer_id": new.customer_id,
            "amount": new.money.minor,
            "currency": new.money.currency,
            "description": new.description,
            "receipt_email": new.receipt_email,
        }
        what = Once(caller=caller, endpoint="create-intent", key=key, request=request)
        answer, replayed = once(what, work)
        if replayed:
            # The secret was not stored, so Stripe is asked for it.
            secret = self._gateway.retrieve_intent(answer["payment_intent_id"]).client_secret
        return OpenedPayment(**answer, money=new.money, client_secret=secret)

    def confirm(self, intent_id: str, order_id: str, *, customer: str | None, caller: str, key: str | None) -> Payment:
        """The payment, once Stripe says that it is paid.

        Raises NotFound, OrderMismatch, PaymentRequiresAction, CardDeclined, PaymentNotCompleted, and Stripe's errors.
        """

        def work(_: str) -> dict[str, Any]:
            stored = self._confirm(intent_id, order_id, customer, caller)
            return {"payment": document_of(stored.payment)}

        request = {"payment_intent_id": intent_id, "order_id": order_id}
        answer, _ = once(Once(caller=caller, endpoint="confirm", key=key, request=request), work)
        payment = payment_of(answer["payment"])
        # A replay did not pass through _confirm, and the key may come from a token of another customer.
        if not may_see(payment.customer_id, customer):
            raise NotFound
        return payment

    def get(self, payment_id: str, *, customer: str | None) -> Payment:
        """One payment with its history. Raises NotFound, also for another customer's."""
        document = repository.whole(payment_id)
        payment = payment_of(document) if document else None
        if payment is None or not may_see(payment.customer_id, customer):
            raise NotFound
        return payment

    def _open(self, new: NewPayment, *, actor: str) -> OpenedPayment:
        source = Source(channel="create-intent", actor=actor)
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                stored, ours = self._claim(new, source)
            except AlreadyExists as error:
                raise RequestInProgress(retry_after=2) from error
            bind_contextvars(payment_id=stored.id, order_id=stored.state.order_id)
            if stored.state.intent_id:
                opened = self._reopen(stored, source)
                if opened:
                    return opened
                continue  # it was paid or canceled at Stripe meanwhile, so its slot is free again
            at = now()
            if ours or writes.take_over_creation(stored.id, now=at, until=at + LEASE):
                return self._create(stored, new, source)
            if time.monotonic() > deadline:
                raise RequestInProgress(retry_after=2)
            time.sleep(_PAUSE_SECONDS)

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
        )
        row, entry = entry_for(None, derive(state), source, at)
        document = writes.document_for(state, row, entry)
        stored, ours = writes.claim_open_slot(new.slot, document, now=at, until=at + LEASE)
        if ours:
            observe(None, state, stored.payment)
        return stored, ours

    def _reopen(self, stored: StoredPayment, source: Source) -> OpenedPayment | None:
        """The open payment's intent as it is now; None when Stripe says that it is no longer open."""
        handle = self._gateway.retrieve_intent(str(stored.state.intent_id))
        stored = learn(stored, [settling(handle.fact, open_challenges(stored.payment))], source)
        if stored.payment.status.is_final:
            return None
        return _opened(stored.id, Money(stored.state.amount, stored.state.currency), handle)

    def _create(self, stored: StoredPayment, new: NewPayment, source: Source) -> OpenedPayment:
        try:
            handle = self._ask_for_intent(stored, new)
        except (AmountInvalid, CurrencyUnsupported, ValidationFailed) as error:
            learn(stored, [IntentRefused(code=error.error, refused_at=int(time.time()))], source)
            raise
        except PaydeskError:
            # The outcome is unknown or may change (a key, an outage): the row stays and a retry completes it.
            writes.release_creation(stored.id, now=now())
            raise
        stored = learn(stored, [handle.fact], source)
        return _opened(stored.id, new.money, handle)

    def _ask_for_intent(self, stored: StoredPayment, new: NewPayment) -> IntentHandle:
        opened_at = stored.state.opened_at
        if time.time() - opened_at > _KEY_LIFETIME.total_seconds():
            existing = self._gateway.find_intent(stored.id, created_from=opened_at - _CLOCK_SKEW_SECONDS)
            if existing:
                return existing
        try:
            return self._gateway.create_intent(
                payment_id=stored.id,
                order_id=new.order_id,
                customer_id=new.customer_id,
                money=new.money,
                description=new.description,
                receipt_email=new.receipt_email,
            )
        except IdempotencyMismatch as error:
            # An earlier call for this row got through with another description or address; its intent is the one.
            existing = self._gateway.find_intent(stored.id, created_from=opened_at - _CLOCK_SKEW_SECONDS)
            if existing is None:
                raise StripeUnavailable(retry_after=2) from error
            return existing

    def _confirm(self, intent_id: str, order_id: str, customer: str | None, caller: str) -> StoredPayment:
        source = Source(channel="confirm", actor=caller)
        stored = repository.find_by_intent(intent_id)
        if stored:
            _check(stored.state.order_id, stored.state.customer_id, order_id, customer)
            bind_contextvars(payment_id=stored.id, order_id=order_id)
            if stored.payment.status != PaymentStatus.COMPLETED:
                before = open_challenges(stored.payment)
                fact = settling(self._gateway.retrieve_intent(intent_id).fact, before)
                stored = learn(stored, [fact], source)
        else:
            fact = self._gateway.retrieve_intent(intent_id).fact
            if not fact.is_ours:
                raise NotFound
            _check(fact.order_id or "", fact.customer_id or "", order_id, customer)
            stored = stored_payment_of(fact, source)
            if stored is None:
                raise NotFound
        _raise_unless_completed(stored.payment)
        return stored


def may_see(owner: str, customer: str | None) -> bool:
    """Whether a token bound to ``customer`` (None: unbound) may touch a payment of ``owner``."""
    return customer is None or customer == owner


def _opened(payment_id: str, money: Money, handle: IntentHandle) -> OpenedPayment:
    return OpenedPayment(
        payment_id=payment_id, payment_intent_id=handle.fact.intent_id, money=money, client_secret=handle.client_secret
    )


def _check(order: str, owner: str, expected_order: str, customer: str | None) -> None:
    if not may_see(owner, customer):
        raise NotFound
    if order != expected_order:
        raise OrderMismatch


def _raise_unless_completed(payment: Payment) -> None:
    if payment.status == PaymentStatus.COMPLETED:
        return
    if payment.status == PaymentStatus.REQUIRES_ACTION:
        raise PaymentRequiresAction
    if payment.status == PaymentStatus.FAILED and payment.failure:
        failure = failure_for_customer(payment.failure.code, payment.failure.decline_code)
        raise CardDeclined(failure["message"], failure=failure)
    raise PaymentNotCompleted(f"The payment has not completed; it is {payment.status.value}.")
