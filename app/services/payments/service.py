"""Taking a payment: open it, confirm it, look at it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from structlog.contextvars import bind_contextvars

from app.clock import now
from app.domain.declines import advice_for_customer, explain
from app.domain.money import Money
from app.domain.payments.evidence import PaymentState
from app.domain.payments.facts import IntentRefused
from app.domain.payments.payment import PaymentView, open_challenges, view
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
from app.ids import is_id, new_id
from app.models.payments import repository
from app.models.payments.mapping import Document
from app.models.payments.repository import AlreadyExists, StoredPayment
from app.services.payments.idempotency import LEASE, Once, once
from app.services.payments.updates import Source, entry_for, learn, observe, payment_of

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
        return repository.open_slot(self.customer_id, self.order_id, self.money.currency, self.money.minor)


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

    def open(self, wanted: NewPayment, *, caller: str, key: str | None) -> OpenedPayment:
        """Open a payment, or return the one that is open for the same order, customer and amount.

        Raises StripeNotInitialized, StripeInvalidApiKey, StripeUnavailable (retry: nothing is done twice),
        AmountInvalid, CurrencyUnsupported, IdempotencyKeyReused, RequestInProgress, DatabaseUnavailable.
        """
        if not self._gateway.configured:
            raise StripeNotInitialized
        fresh: list[OpenedPayment] = []

        def work(_: str) -> dict[str, Any]:
            opened = self._open(wanted, actor=caller)
            fresh.append(opened)
            return {"payment_id": opened.payment_id, "payment_intent_id": opened.payment_intent_id}

        request = {
            "order_id": wanted.order_id,
            "customer_id": wanted.customer_id,
            "amount": wanted.money.minor,
            "currency": wanted.money.currency,
            "description": wanted.description,
            "receipt_email": wanted.receipt_email,
        }
        answer = once(Once(caller=caller, endpoint="create-intent", key=key, request=request), work)
        if fresh:
            return fresh[0]
        # A replay: the secret was not stored, so Stripe is asked for it.
        handle = self._gateway.retrieve_intent(answer["payment_intent_id"])
        return _opened(answer["payment_id"], wanted.money, handle)

    def confirm(
        self, intent_id: str, order_id: str, *, customer: str | None, caller: str, key: str | None
    ) -> Document:
        """The payment, once Stripe says that it is paid.

        Raises NotFound, OrderMismatch, PaymentRequiresAction, CardDeclined, PaymentNotCompleted, and Stripe's errors.
        """

        def work(_: str) -> dict[str, Any]:
            stored = self._confirm(intent_id, order_id, customer, caller)
            return {"payment": stored.document}

        request = {"payment_intent_id": intent_id, "order_id": order_id}
        answer = once(Once(caller=caller, endpoint="confirm", key=key, request=request), work)
        payment: Document = answer["payment"]
        # A replay did not pass through _confirm, and the key may come from a token of another customer.
        if not may_see(payment["customer_id"], customer):
            raise NotFound
        return payment

    def get(self, payment_id: str, *, customer: str | None) -> Document:
        """One payment as stored. Raises NotFound, also for another customer's."""
        document = repository.whole(payment_id) if is_id(payment_id) else None
        if document is None or not may_see(document["customer_id"], customer):
            raise NotFound
        return document

    def _open(self, wanted: NewPayment, *, actor: str) -> OpenedPayment:
        source = Source(road="create-intent", actor=actor)
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                stored, ours = self._claim(wanted, source)
            except AlreadyExists as error:
                raise RequestInProgress(retry_after=2) from error
            bind_contextvars(payment_id=stored.id, order_id=stored.state.order_id)
            if stored.state.intent_id:
                opened = self._reopen(stored, source)
                if opened:
                    return opened
                continue  # it was paid or canceled at Stripe meanwhile, so its slot is free again
            at = now()
            if ours or repository.take_over_creation(stored.id, now=at, until=at + LEASE):
                return self._create(stored, wanted, source)
            if time.monotonic() > deadline:
                raise RequestInProgress(retry_after=2)
            time.sleep(_PAUSE_SECONDS)

    def _claim(self, wanted: NewPayment, source: Source) -> tuple[StoredPayment, bool]:
        """Row before call: the payment is saved before Stripe hears of it (DESIGN section 4, rule 3)."""
        at = now()
        state = PaymentState(
            payment_id=new_id(),
            order_id=wanted.order_id,
            customer_id=wanted.customer_id,
            amount=wanted.money.minor,
            currency=wanted.money.currency,
            description=wanted.description,
            opened_at=int(at.timestamp()),
        )
        new, entry = entry_for(None, state, view(state), source, at)
        row = repository.document_for(state, new, entry)
        stored, ours = repository.claim_open_slot(wanted.slot, row, now=at, until=at + LEASE)
        if ours:
            observe(None, state, stored.shown)
        return stored, ours

    def _reopen(self, stored: StoredPayment, source: Source) -> OpenedPayment | None:
        """The open payment's intent as it is now; None when Stripe says that it is no longer open."""
        handle = self._gateway.retrieve_intent(str(stored.state.intent_id))
        stored = learn(stored, [settling(handle.fact, open_challenges(stored.shown))], source)
        if stored.shown.status.is_final:
            return None
        return _opened(stored.id, Money(stored.state.amount, stored.state.currency), handle)

    def _create(self, stored: StoredPayment, wanted: NewPayment, source: Source) -> OpenedPayment:
        try:
            handle = self._ask_for_intent(stored, wanted)
        except (AmountInvalid, CurrencyUnsupported, ValidationFailed) as error:
            learn(stored, [IntentRefused(code=error.error, refused_at=int(time.time()))], source)
            raise
        except PaydeskError:
            # The outcome is unknown or may change (a key, an outage): the row stays and a retry completes it.
            repository.release_creation(stored.id, now=now())
            raise
        stored = learn(stored, [handle.fact], source)
        return _opened(stored.id, wanted.money, handle)

    def _ask_for_intent(self, stored: StoredPayment, wanted: NewPayment) -> IntentHandle:
        opened_at = stored.state.opened_at
        if time.time() - opened_at > _KEY_LIFETIME.total_seconds():
            found = self._gateway.find_intent(stored.id, created_from=opened_at - _CLOCK_SKEW_SECONDS)
            if found:
                return found
        try:
            return self._gateway.create_intent(
                payment_id=stored.id,
                order_id=wanted.order_id,
                customer_id=wanted.customer_id,
                money=wanted.money,
                description=wanted.description,
                receipt_email=wanted.receipt_email,
            )
        except IdempotencyMismatch as error:
            # An earlier call for this row got through with another description or address; its intent is the one.
            found = self._gateway.find_intent(stored.id, created_from=opened_at - _CLOCK_SKEW_SECONDS)
            if found is None:
                raise StripeUnavailable(retry_after=2) from error
            return found

    def _confirm(self, intent_id: str, order_id: str, customer: str | None, caller: str) -> StoredPayment:
        source = Source(road="confirm", actor=caller)
        stored = repository.find_by_intent(intent_id)
        if stored:
            _check(stored.state.order_id, stored.state.customer_id, order_id, customer)
            bind_contextvars(payment_id=stored.id, order_id=order_id)
            if stored.shown.status != PaymentStatus.COMPLETED:
                before = open_challenges(stored.shown)
                fact = settling(self._gateway.retrieve_intent(intent_id).fact, before)
                stored = learn(stored, [fact], source)
        else:
            fact = self._gateway.retrieve_intent(intent_id).fact
            if not fact.is_ours:
                raise NotFound
            _check(fact.order_id or "", fact.customer_id or "", order_id, customer)
            stored = payment_of(fact, source)
            if stored is None:
                raise NotFound
        _raise_unless_completed(stored.shown)
        return stored


def may_see(owner: str, customer: str | None) -> bool:
    """Whether a token bound to ``customer`` (None: unbound) may touch a payment of ``owner``."""
    return customer is None or customer == owner


def _opened(payment_id: str, money: Money, handle: IntentHandle) -> OpenedPayment:
    return OpenedPayment(
        payment_id=payment_id,
        payment_intent_id=handle.fact.intent_id,
        money=money,
        client_secret=handle.client_secret,
    )


def _check(order: str, owner: str, wanted_order: str, customer: str | None) -> None:
    if not may_see(owner, customer):
        raise NotFound
    if order != wanted_order:
        raise OrderMismatch


def _raise_unless_completed(shown: PaymentView) -> None:
    if shown.status == PaymentStatus.COMPLETED:
        return
    if shown.status == PaymentStatus.REQUIRES_ACTION:
        raise PaymentRequiresAction
    if shown.status == PaymentStatus.FAILED and shown.failure:
        code, decline_code = shown.failure.code, shown.failure.decline_code
        message = advice_for_customer(code, decline_code)
        failure = {
            "code": code,
            "decline_code": decline_code,
            "group": explain(code, decline_code).group.value,
            "message": message,
        }
        raise CardDeclined(message, failure=failure)
    raise PaymentNotCompleted(f"The payment has not completed; it is {shown.status.value}.")
