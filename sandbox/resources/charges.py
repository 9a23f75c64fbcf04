"""/v1/charges: every attempt that reached a charge. Source: docs.stripe.com/api/charges; facts §5."""

from __future__ import annotations

from functools import partial

from sandbox.behaviour import rendering
from sandbox.core import metadata
from sandbox.core.call import Call
from sandbox.core.errors import StripeError
from sandbox.core.lists import list_page
from sandbox.core.records import Json
from sandbox.core.search import search

# docs.stripe.com/search, "Query fields for charges".
_SEARCHED = frozenset(
    """amount billing_details.address.postal_code created currency customer disputed metadata
    payment_method_details.card.brand payment_method_details.card.exp_month payment_method_details.card.exp_year
    payment_method_details.card.fingerprint payment_method_details.card.last4 refunded status""".split()
)


def retrieve(call: Call) -> Json:
    return rendering.charge(call.store.charges.require(call.object_id, param="charge"), call.store)


def list_charges(call: Call) -> Json:
    """GET /v1/charges, all or of one intent or customer."""
    render = partial(rendering.charge, store=call.store)
    return list_page(call, "/v1/charges", call.store.charges, render, "customer", "payment_intent")


def update(call: Call) -> Json:
    """POST /v1/charges/{id}: what people wrote, and what the user says about fraud; never the money."""
    store, params = call.store, call.params
    charge = store.charges.require(call.object_id, param="charge")
    before = rendering.charge(charge, store)
    if "customer" in params:
        store.customers.require(params["customer"], param="customer", status=400)
    for name in ("customer", "description", "receipt_email", "shipping", "transfer_group"):
        if name in params:
            setattr(charge, name, params[name])
    if "metadata" in params:
        charge.metadata = metadata.merged(charge.metadata, params["metadata"])
    if "fraud_details" in params:
        charge.fraud_report = params["fraud_details"]["user_report"]
    store.save(charge)
    after = rendering.charge(charge, store)
    previous = {name: value for name, value in before.items() if after[name] != value}
    if previous:
        call.sandbox.events.emit_record("charge.updated", charge, call.origin, previous)
    return after


def capture(call: Call) -> Json:
    """POST /v1/charges/{id}/capture: always refused, since every hold here belongs to an intent that captures it."""
    charge = call.store.charges.require(call.object_id, param="charge")
    if charge.captured:
        raise StripeError(400, f"Charge {charge.id} has already been captured.", code="charge_already_captured")
    if charge.status != "succeeded":
        raise StripeError(400, f"Charge {charge.id} has the status {charge.status} and cannot be captured.")
    raise StripeError(
        400,
        f"Charge {charge.id} was created by the PaymentIntent {charge.payment_intent}. Capture the PaymentIntent "
        "instead of the charge.",
    )


def search_charges(call: Call) -> Json:
    """GET /v1/charges/search."""
    charges = call.store.charges

    def objects() -> list[Json]:
        return [rendering.charge(charges.by_id[key[2]], call.store) for key in reversed(charges.all.keys)]

    return search(call, "/v1/charges/search", objects, _SEARCHED)
