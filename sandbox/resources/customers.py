"""/v1/customers, as far as payments refer to them. Source: docs.stripe.com/api/customers."""

from __future__ import annotations

from sandbox.behaviour import rendering
from sandbox.core import metadata
from sandbox.core.call import Call
from sandbox.core.errors import missing
from sandbox.core.records import Customer, Json


def create(call: Call) -> Json:
    """POST /v1/customers."""
    store, params = call.store, call.params
    customer = Customer(
        id=f"cus_{store.token(14)}",
        created=store.now(),
        seq=store.next_seq(),
        metadata=metadata.merged({}, params.get("metadata", {})),
        **{
            name: params.get(name)
            for name in ("email", "name", "phone", "description", "address", "shipping")
        },
    )
    store.customers.add(customer)
    store.save(customer)
    return rendering.customer(customer)


def retrieve(call: Call) -> Json:
    """GET /v1/customers/{id}."""
    customer = call.store.customers.get(call.object_id)
    if customer is None:
        raise missing("customer", call.object_id, param="id")
    return rendering.customer(customer)
