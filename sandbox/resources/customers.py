"""/v1/customers, as far as payments refer to them. Source: docs.stripe.com/api/customers."""

from __future__ import annotations

from typing import Any

from sandbox.behaviour import payment_methods, rendering
from sandbox.core import metadata
from sandbox.core.call import Call
from sandbox.core.errors import missing
from sandbox.core.lists import page, rendered
from sandbox.core.records import Customer, Json

_FIELDS = ("email", "name", "phone", "description", "address", "shipping")


def create(call: Call) -> Json:
    store, params = call.store, call.params
    given: dict[str, Any] = {name: params.get(name) for name in _FIELDS}
    customer = Customer(
        id=f"cus_{store.token(14)}",
        created=store.now(),
        seq=store.next_seq(),
        metadata=metadata.merged({}, params.get("metadata", {})),
        **given,
    )
    store.insert(store.customers, customer)
    call.sandbox.events.emit_record("customer.created", customer, call.origin)
    return rendering.customer(customer)


def retrieve(call: Call) -> Json:
    """GET /v1/customers/{id}; a deleted one is still found, as ``{"deleted": true}``."""
    return rendering.customer(call.store.customers.require(call.object_id, param="id"))


def update(call: Call) -> Json:
    customer = _find(call)
    before = rendering.customer(customer)
    for name in _FIELDS:
        if name in call.params:
            setattr(customer, name, call.params[name])
    if "metadata" in call.params:
        customer.metadata = metadata.merged(customer.metadata, call.params["metadata"])
    call.store.save(customer)
    after = rendering.customer(customer)
    previous = {name: value for name, value in before.items() if after[name] != value}
    call.sandbox.events.emit_record("customer.updated", customer, call.origin, previous)
    return after


def delete(call: Call) -> Json:
    """DELETE /v1/customers/{id}: detaches its payment methods; payments keep its id."""
    customer = _find(call)
    call.sandbox.events.emit_record("customer.deleted", customer, call.origin)
    customer.deleted = True
    call.store.save(customer)
    for method in call.store.payment_methods.by_id.values():
        if method.customer == customer.id:
            method.customer = None
            call.store.save(method)
    return rendering.customer(customer)


def list_customers(call: Call) -> Json:
    """GET /v1/customers, without deleted ones, all or of one e-mail address (case-sensitive)."""
    email = call.params.get("email")

    def keep(customer: Customer) -> bool:
        return not customer.deleted and email in (None, customer.email)

    customers = call.store.customers
    return rendered("/v1/customers", page(customers, [customers.all], call.params, keep), rendering.customer)


def list_payment_methods(call: Call) -> Json:
    """GET /v1/customers/{id}/payment_methods, all or of one type."""
    customer = _find(call)
    return payment_methods.attached(call, f"/v1/customers/{customer.id}/payment_methods", customer.id)


def _find(call: Call) -> Customer:
    customer = call.store.customers.require(call.object_id, param="id")
    if customer.deleted:
        raise missing("customer", customer.id, param="id")
    return customer
