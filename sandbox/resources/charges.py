"""/v1/charges: every attempt that reached a charge. Source: docs.stripe.com/api/charges; facts §5."""

from __future__ import annotations

from sandbox.behaviour import rendering
from sandbox.core.errors import missing
from sandbox.core.lists import page
from sandbox.core.records import Json
from sandbox.core.sandbox import Call
from sandbox.webhooks import rendering as envelopes


def retrieve(call: Call) -> Json:
    """GET /v1/charges/{id}."""
    charge = call.store.charges.get(call.object_id)
    if charge is None:
        raise missing("charge", call.object_id, param="charge")
    return rendering.charge(charge, call.store)


def list_charges(call: Call) -> Json:
    """GET /v1/charges, all or of one intent or customer."""
    store, params = call.store, call.params
    order = store.charges.all
    for name in ("customer", "payment_intent"):
        if name in params:
            order = store.charges.where(name, params[name])
    found = page(store.charges, [order], params)
    data = [rendering.charge(charge, store) for charge in found.records]
    return envelopes.listed("/v1/charges", data, found.has_more)
