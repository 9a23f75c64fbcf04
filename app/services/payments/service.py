"""Taking a payment: open it, confirm it, look at it."""

from __future__ import annotations

from typing import Any

from structlog.contextvars import bind_contextvars

from app.domain.declines import failure_for_customer
from app.domain.payments.attempts import open_challenges
from app.domain.payments.methods import Waiting
from app.domain.payments.payment import Payment
from app.domain.payments.states import PaymentStatus
from app.errors import CardDeclined, NotFound, OrderMismatch, PaymentNotCompleted, PaymentRequiresAction
from app.gateway.client import StripeGateway, settling
from app.models.payments import repository
from app.models.payments.mapping import document_of, payment_of
from app.models.payments.repository import StoredPayment
from app.services.payments.closings import Closings
from app.services.payments.idempotency import Once, once
from app.services.payments.opening import NewPayment, OpenedPayment, Opening
from app.services.payments.updates import Source, learn, stored_payment_of


class Payments:
    """Use cases of payments. ``customer`` arguments are the customer that a token is bound to, or None for any."""

    def __init__(self, gateway: StripeGateway, closings: Closings) -> None:
        self._gateway = gateway
        self._opening = Opening(gateway, closings)

    def open(self, new: NewPayment, *, caller: str, key: str | None) -> OpenedPayment:
        """Open a payment, or return the one that is open; see ``Opening.open``."""
        return self._opening.open(new, caller=caller, key=key)

    def confirm(self, intent_id: str, order_id: str, *, customer: str | None, caller: str, key: str | None) -> Payment:
        """The payment, once Stripe says that it is paid, or that its money is held where that was asked for.

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


def _check(order: str, owner: str, expected_order: str, customer: str | None) -> None:
    if not may_see(owner, customer):
        raise NotFound
    if order != expected_order:
        raise OrderMismatch


_REQUIRED: dict[Waiting | None, str] = {
    Waiting.CUSTOMER: "The customer has not finished the payment with the bank or wallet yet.",
    Waiting.VOUCHER: "The voucher has not been paid yet. It can take days.",
    Waiting.BANK_TRANSFER: "The bank transfer has not arrived yet. It can take days.",
    Waiting.VERIFICATION: "The customer's bank account has to be verified first.",
}


def _raise_unless_completed(payment: Payment) -> None:
    # Where the ERP asked for a hold, the customer has done all that there is to do.
    held = payment.status == PaymentStatus.AUTHORIZED and payment.capture_method.is_manual
    if held or payment.status == PaymentStatus.COMPLETED:
        return
    if payment.status == PaymentStatus.REQUIRES_ACTION:
        raise PaymentRequiresAction(_REQUIRED.get(payment.waiting_for))
    if payment.status == PaymentStatus.FAILED and payment.failure:
        failure = failure_for_customer(payment.failure.code, payment.failure.decline_code, payment.payment_method)
        raise CardDeclined(failure["message"], failure=failure)
    raise PaymentNotCompleted(f"The payment has not completed; it is {payment.status.value}.")
