"""/v1/payment_methods. Source: docs.stripe.com/api/payment_methods; facts §11."""

from __future__ import annotations

from sandbox.behaviour import payment_methods, rendering
from sandbox.behaviour.cards import card_of, decline_message
from sandbox.core import metadata
from sandbox.core.call import Call
from sandbox.core.errors import StripeError, invalid
from sandbox.core.records import Json, PaymentMethod


def create(call: Call) -> Json:
    """POST /v1/payment_methods. Raises a 402 StripeError for a card that no bank could have issued."""
    if "type" not in call.params:
        raise invalid("Missing required param: type.", param="type", code="parameter_missing")
    return rendering.payment_method(payment_methods.from_data(call.store, call.params, "card"))


def retrieve(call: Call) -> Json:
    method = call.store.payment_methods.require(call.object_id, param="payment_method")
    return rendering.payment_method(method)


def list_methods(call: Call) -> Json:
    """GET /v1/payment_methods of a ``customer``; without one the list is empty, as methods of nobody are not listed."""
    customer = call.params.get("customer", "")
    if customer:
        call.store.customers.require(customer, param="customer", status=400)
    return payment_methods.attached(call, "/v1/payment_methods", customer)


def update(call: Call) -> Json:
    """POST /v1/payment_methods/{id}: billing details, the card's expiry date and metadata of an attached one."""
    method, params = _find(call), call.params
    if method.customer is None:
        raise invalid("You must save this PaymentMethod to a customer before you can update it.")
    if "billing_details" in params:
        method.billing_details = {**method.billing_details, **params["billing_details"]}
    for name, value in (params.get("card") or {}).items():
        setattr(method, name, value)
    if "metadata" in params:
        method.metadata = metadata.merged(method.metadata, params["metadata"])
    return _changed(call, method, "payment_method.updated")


def attach(call: Call) -> Json:
    """POST /v1/payment_methods/{id}/attach. Raises a 402 for a card that declines (facts §11)."""
    customer = call.store.customers.require(call.params["customer"], param="customer", status=400)
    if customer.deleted:
        raise invalid(f"No such customer: '{customer.id}'", param="customer", code="resource_missing")
    method = payment_methods.named(call.store, call.object_id)
    if method.customer is not None:
        raise StripeError(
            400,
            "The payment method you provided has already been attached to a customer.",
            code="payment_method_unexpected_state",
        )
    declined = card_of(method.number).decline if method.type == "card" else None
    if declined is not None:
        code, reason = declined
        raise StripeError(402, decline_message(code, reason), kind="card_error", code=code, decline_code=reason)
    method.customer = customer.id
    return _changed(call, method, "payment_method.attached")


def detach(call: Call) -> Json:
    method = _find(call)
    if method.customer is None:
        raise StripeError(
            400,
            "The payment method you provided is not attached to a customer so detachment is impossible.",
            code="payment_method_unexpected_state",
        )
    method.customer = None
    return _changed(call, method, "payment_method.detached")


def _find(call: Call) -> PaymentMethod:
    return call.store.payment_methods.require(call.object_id, param="payment_method")


def _changed(call: Call, method: PaymentMethod, event: str) -> Json:
    call.store.save(method)
    call.sandbox.events.emit_record(event, method, call.origin)
    return rendering.payment_method(method)
