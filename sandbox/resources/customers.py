"""/v1/customers, as far as payments refer to them. Source: docs.stripe.com/api/customers."""

from __future__ import annotations

from sandbox.behaviour import rendering
from sandbox.core import metadata
from sandbox.core.call import Call
from sandbox.core.records import Customer, Json


def create(call: Call) -> Json:
    store, params = call.store, call.params
    customer = Customer(
        id=f"cus_{store.token(14)}",
        created=store.now(),
        seq=store.next_seq(),
        metadata=metadata.merged({}, params.get("metadata", {})),
        **{name: params.get(name) for name in ("email", "name", "phone", "description", "address", "shipping")},
    )
    return rendering.customer(store.insert(store.customers, customer))


def retrieve(call: Call) -> Json:
    return rendering.customer(call.store.customers.require(call.object_id, param="id"))
