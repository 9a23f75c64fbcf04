"""Every route of the API: method, path, parameters, and the type of the object in its response."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.api import parameter_tables as tables
from sandbox.api.params import Table
from sandbox.core.call import Call
from sandbox.core.records import Json
from sandbox.resources import (
    account,
    balance_transactions,
    charges,
    customers,
    disputes,
    events,
    payment_intents,
    payment_methods,
    refunds,
    webhook_endpoints,
)


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. ``object_type`` is the type of the object, or of the listed objects with ``is_list``.

    A browser may call a ``publishable`` endpoint.
    """

    method: str
    path: str
    params: Table
    object_type: str
    handle: Callable[[Call], Json]
    is_list: bool = False
    publishable: bool = False


_I, _R = "/v1/payment_intents", "/v1/refunds"
ROUTES = (
    Route("POST", _I, tables.INTENT_CREATE, "payment_intent", payment_intents.create),
    Route("GET", _I, tables.INTENT_LIST, "payment_intent", payment_intents.list_intents, is_list=True),
    Route(
        "GET", f"{_I}/*", tables.INTENT_RETRIEVE, "payment_intent", payment_intents.retrieve, publishable=True
    ),
    Route("POST", f"{_I}/*", tables.INTENT_UPDATE, "payment_intent", payment_intents.update),
    Route(
        "POST",
        f"{_I}/*/confirm",
        tables.INTENT_CONFIRM,
        "payment_intent",
        payment_intents.confirm,
        publishable=True,
    ),
    Route("POST", f"{_I}/*/cancel", tables.INTENT_CANCEL, "payment_intent", payment_intents.cancel),
    Route("POST", f"{_I}/*/capture", tables.INTENT_CAPTURE, "payment_intent", payment_intents.capture),
    Route("POST", _R, tables.REFUND_CREATE, "refund", refunds.create),
    Route("GET", _R, tables.REFUND_LIST, "refund", refunds.list_refunds, is_list=True),
    Route("GET", f"{_R}/*", tables.READ, "refund", refunds.retrieve),
    Route("POST", f"{_R}/*", tables.REFUND_UPDATE, "refund", refunds.update),
    Route("POST", f"{_R}/*/cancel", tables.READ, "refund", refunds.cancel),
    Route("GET", "/v1/charges", tables.CHARGE_LIST, "charge", charges.list_charges, is_list=True),
    Route("GET", "/v1/charges/*", tables.READ, "charge", charges.retrieve),
    Route("GET", "/v1/events", tables.EVENT_LIST, "event", events.list_events, is_list=True),
    Route("GET", "/v1/events/*", tables.READ, "event", events.retrieve),
    Route("GET", "/v1/disputes", tables.DISPUTE_LIST, "dispute", disputes.list_disputes, is_list=True),
    Route("GET", "/v1/disputes/*", tables.READ, "dispute", disputes.retrieve),
    Route(
        "POST",
        "/v1/payment_methods",
        tables.METHOD_CREATE,
        "payment_method",
        payment_methods.create,
        publishable=True,
    ),
    Route("GET", "/v1/payment_methods/*", tables.READ, "payment_method", payment_methods.retrieve),
    Route("POST", "/v1/customers", tables.CUSTOMER_CREATE, "customer", customers.create),
    Route("GET", "/v1/customers/*", tables.READ, "customer", customers.retrieve),
    Route(
        "POST", "/v1/webhook_endpoints", tables.ENDPOINT_CREATE, "webhook_endpoint", webhook_endpoints.create
    ),
    Route(
        "GET",
        "/v1/webhook_endpoints",
        tables.ENDPOINT_LIST,
        "webhook_endpoint",
        webhook_endpoints.list_endpoints,
        is_list=True,
    ),
    Route(
        "GET",
        "/v1/balance_transactions",
        tables.BALANCE_LIST,
        "balance_transaction",
        balance_transactions.list_transactions,
        is_list=True,
    ),
    Route("GET", "/v1/account", tables.READ, "account", account.retrieve),
)
_BY_SHAPE = {(route.method, route.path): route for route in ROUTES}


def find(method: str, path: str) -> tuple[Route, str] | None:
    """The route of a request and the id in its path, or None when Stripe has no such endpoint."""
    parts = path.split("/")
    object_id = ""
    if len(parts) > 3:
        object_id = parts[3]
        parts[3] = "*"
    route = _BY_SHAPE.get((method, "/".join(parts)))
    return (route, object_id) if route and (object_id or len(parts) == 3) else None
