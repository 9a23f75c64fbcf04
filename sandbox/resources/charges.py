"""/v1/charges: every attempt that reached a charge. Source: docs.stripe.com/api/charges; facts §5."""

from __future__ import annotations

from functools import partial

from sandbox.behaviour import rendering
from sandbox.core.call import Call
from sandbox.core.lists import list_page
from sandbox.core.records import Json


def retrieve(call: Call) -> Json:
    return rendering.charge(call.store.charges.require(call.object_id, param="charge"), call.store)


def list_charges(call: Call) -> Json:
    """GET /v1/charges, all or of one intent or customer."""
    render = partial(rendering.charge, store=call.store)
    return list_page(call, "/v1/charges", call.store.charges, render, "customer", "payment_intent")
