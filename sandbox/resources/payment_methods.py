"""/v1/payment_methods. Source: docs.stripe.com/api/payment_methods; facts §11."""

from __future__ import annotations

from sandbox.behaviour import payment_methods, rendering
from sandbox.core.call import Call
from sandbox.core.errors import invalid
from sandbox.core.records import Json


def create(call: Call) -> Json:
    """POST /v1/payment_methods. Raises a 402 StripeError for a card that no bank could have issued."""
    if "type" not in call.params:
        raise invalid("Missing required param: type.", param="type", code="parameter_missing")
    return rendering.payment_method(payment_methods.from_data(call.store, call.params, "card"))


def retrieve(call: Call) -> Json:
    method = call.store.payment_methods.require(call.object_id, param="payment_method")
    return rendering.payment_method(method)
