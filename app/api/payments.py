"""Payments over HTTP: open, confirm, list, read.

Uses http, schemas.
"""

from __future__ import annotations

from typing import Any

from app.api.http import cursors
from app.api.http.auth import caller, public, requires
from app.api.http.bulkhead import waits_for_stripe
from app.api.http.documentation import KEY_ERRORS, STRIPE_ERRORS, answers
from app.api.http.parsing import Blueprint
from app.api.schemas import presenters
from app.api.schemas.amounts import money_to_charge
from app.api.schemas.requests import ConfirmSchema, IdempotencyHeaderSchema, NewPaymentSchema, PaymentQuerySchema
from app.api.schemas.responses import (
    OpenedPaymentSchema,
    PaymentDetailSchema,
    PaymentPageSchema,
    PaymentSchema,
    StripeConfigSchema,
)
from app.domain.payments.states import CaptureMethod
from app.domain.permissions import Scope
from app.errors import (
    AmountInvalid,
    AmountMismatch,
    CardDeclined,
    CurrencyUnsupported,
    FiguresNotReady,
    NotFound,
    OrderMismatch,
    PaymentNotCompleted,
    PaymentRequiresAction,
    StripeNotInitialized,
)
from app.extensions import services, settings
from app.models.listing.payments import PaymentFilter
from app.services.figures.ranges import day_range
from app.services.payments.opening import NewPayment

Parsed = dict[str, Any]

blueprint = Blueprint("payments", __name__, url_prefix="/api/v1/payments", description="Take payments and read them.")


@blueprint.get("/stripe/config")
@public("Stripe.js needs the publishable key before anyone signs in; the key is public by design")
@answers(StripeNotInitialized)
@blueprint.response(200, StripeConfigSchema)
def stripe_config() -> Parsed:
    """What Stripe.js needs to start."""
    return {"publishable_key": _publishable_key()}


@blueprint.post("/stripe/create-intent")
@requires(Scope.PAYMENTS_WRITE)
@waits_for_stripe
@answers(
    *(*STRIPE_ERRORS, AmountInvalid, CurrencyUnsupported, *KEY_ERRORS, NotFound, CardDeclined, AmountMismatch),
    body=True,
)
@blueprint.arguments(NewPaymentSchema)
@blueprint.arguments(IdempotencyHeaderSchema, location="headers")
@blueprint.response(201, OpenedPaymentSchema)
def create_intent(body: Parsed, headers: Parsed) -> Parsed:
    """Open a payment.

    While a payment of the same order, customer, amount, currency and capture is open, the response repeats its payment
    intent, so a double click never makes two. An intent that was changed at Stripe meanwhile is canceled there, and a
    new one takes its place, also for a repeated Idempotency-Key. A key whose payment was canceled opens a new one, and
    a key whose payment was paid in another amount answers 409 `amount_mismatch`.
    """
    publishable_key = _publishable_key()
    _only_own_customer(body["customer_id"])
    money = money_to_charge(body.pop("amount"), body.pop("currency", settings.stripe_currency))
    capture = CaptureMethod(body.pop("capture", CaptureMethod.AUTOMATIC))
    new = NewPayment(money=money, capture_method=capture, **body)
    opened = services.payments.open(new, caller=caller().subject, key=_key(headers))
    return {
        "client_secret": opened.client_secret,
        "payment_intent_id": opened.payment_intent_id,
        "publishable_key": publishable_key,
        "amount": opened.money.to_major(),
        "currency": opened.money.currency,
    }


@blueprint.post("/stripe/confirm")
@requires(Scope.PAYMENTS_WRITE)
@waits_for_stripe
@answers(
    *(*STRIPE_ERRORS, NotFound, OrderMismatch, PaymentRequiresAction, PaymentNotCompleted, CardDeclined),
    *KEY_ERRORS,
    body=True,
)
@blueprint.arguments(ConfirmSchema)
@blueprint.arguments(IdempotencyHeaderSchema, location="headers")
@blueprint.response(200, PaymentSchema)
def confirm(body: Parsed, headers: Parsed) -> Parsed:
    """The payment, once Stripe says that it is paid, or held where `capture` was `manual` (status `authorized`).

    Call it when Stripe.js reports success in the browser. The browser's word is no proof, so the service asks Stripe.
    """
    payment = services.payments.confirm(
        body["payment_intent_id"],
        body["order_id"],
        customer=caller().customer,
        caller=caller().subject,
        key=_key(headers),
    )
    return presenters.payment_body(payment, for_customer=caller().is_customer)


@blueprint.get("")
@requires(Scope.PAYMENTS_READ)
@answers(FiguresNotReady)
@blueprint.arguments(PaymentQuerySchema, location="query")
@blueprint.response(200, PaymentPageSchema)
def list_payments(query: Parsed) -> Parsed:
    """Payments, newest first.

    A token that is bound to a customer sees that customer's payments only.
    """
    limit, cursor = query.pop("limit"), cursors.read(query.pop("cursor", None))
    where = _filter(query)
    if where is None:
        return {"data": [], "next_cursor": None}
    page = services.listings.payments_in_full(where, limit=limit, cursor=cursor)
    return {
        "data": [presenters.payment_body(payment, for_customer=caller().is_customer) for payment in page.payments],
        "next_cursor": cursors.write(page.next),
    }


@blueprint.get("/<payment_id>", parameters=[presenters.PAYMENT_ID])
@requires(Scope.PAYMENTS_READ)
@answers(NotFound)
@blueprint.response(200, PaymentDetailSchema)
def get_payment(payment_id: str) -> Parsed:
    """One payment with its attempts, refunds, disputes and history."""
    payment = services.payments.get(payment_id, customer=caller().customer)
    return presenters.payment_detail_body(payment, for_customer=caller().is_customer)


def _publishable_key() -> str:
    """The key for the browser. Raises StripeNotInitialized unless payments can be taken at all."""
    if not (settings.stripe_publishable_key and settings.stripe_secret_key):
        raise StripeNotInitialized
    return settings.stripe_publishable_key


def _only_own_customer(customer_id: str) -> None:
    if caller().customer not in (None, customer_id):
        raise NotFound("There is no such customer.")


def _key(headers: Parsed) -> str | None:
    key: str | None = headers.get("idempotency_key")
    return key


def _filter(query: Parsed) -> PaymentFilter | None:
    """What to search for; None when the token's customer excludes every match."""
    names = ("created_from", "created_to")
    first, last = (query.pop(name, None) for name in names)
    start, end = day_range(first, last, settings.dashboard_timezone, names=names)
    bound = caller().customer
    if bound and query.setdefault("customer_id", bound) != bound:
        return None
    if "currency" in query:
        query["currency"] = query["currency"].lower()
    statuses, reason = query.pop("status", None), query.pop("failure_code", None)
    return PaymentFilter(start=start, end=end, statuses=statuses or None, reason=reason, **query)
