"""Every route of the API: method, path, handler and parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

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
    early_fraud_warnings,
    events,
    files,
    payment_intents,
    payment_methods,
    payouts,
    refunds,
    reviews,
    webhook_endpoints,
)


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint; ``*`` in the path is the id. A browser may call a ``publishable`` endpoint."""

    method: str
    path: str
    handle: Callable[[Call], Json]
    params: Table = field(default_factory=lambda: tables.READ)
    publishable: bool = False

    @property
    def is_list(self) -> bool:
        """Whether the endpoint lists objects: a GET of a plural without an id behind it, or a search."""
        return self.method == "GET" and self.path.endswith(("s", "/search"))

    @property
    def object_type(self) -> str:
        """The type of the object in the response, or of the listed ones."""
        nouns = [part for part in self.path.split("/")[2:] if part.endswith("s") or part in _SINGULAR]
        return _SINGULAR.get(nouns[-1], nouns[-1].removesuffix("s"))


# Types that are not the path's plural without its s.
_SINGULAR = {"account": "account", "balance": "balance", "early_fraud_warnings": "radar.early_fraud_warning"}
_INTENTS = "/v1/payment_intents"
_ENDPOINTS = "/v1/webhook_endpoints"
_WARNINGS = "/v1/radar/early_fraud_warnings"
ROUTES = (
    Route("POST", _INTENTS, payment_intents.create, tables.INTENT_CREATE),
    Route("GET", _INTENTS, payment_intents.list_intents, tables.INTENT_LIST),
    Route("GET", f"{_INTENTS}/*", payment_intents.retrieve, tables.INTENT_RETRIEVE, publishable=True),
    Route("POST", f"{_INTENTS}/*", payment_intents.update, tables.INTENT_UPDATE),
    Route("POST", f"{_INTENTS}/*/confirm", payment_intents.confirm, tables.INTENT_CONFIRM, publishable=True),
    Route("POST", f"{_INTENTS}/*/cancel", payment_intents.cancel, tables.INTENT_CANCEL),
    Route("POST", f"{_INTENTS}/*/capture", payment_intents.capture, tables.INTENT_CAPTURE),
    Route("GET", f"{_INTENTS}/search", payment_intents.search_intents, tables.SEARCH),
    Route("GET", "/v1/charges/search", charges.search_charges, tables.SEARCH),
    Route("POST", "/v1/refunds", refunds.create, tables.REFUND_CREATE),
    Route("GET", "/v1/refunds", refunds.list_refunds, tables.REFUND_LIST),
    Route("GET", "/v1/refunds/*", refunds.retrieve),
    Route("POST", "/v1/refunds/*", refunds.update, tables.REFUND_UPDATE),
    Route("POST", "/v1/refunds/*/cancel", refunds.cancel),
    Route("GET", "/v1/charges", charges.list_charges, tables.CHARGE_LIST),
    Route("GET", "/v1/charges/*", charges.retrieve),
    Route("POST", "/v1/charges/*", charges.update, tables.CHARGE_UPDATE),
    Route("POST", "/v1/charges/*/capture", charges.capture, tables.CHARGE_CAPTURE),
    Route("GET", "/v1/events", events.list_events, tables.EVENT_LIST),
    Route("GET", "/v1/events/*", events.retrieve),
    Route("GET", "/v1/disputes", disputes.list_disputes, tables.DISPUTE_LIST),
    Route("GET", "/v1/disputes/*", disputes.retrieve),
    Route("POST", "/v1/disputes/*", disputes.update, tables.DISPUTE_UPDATE),
    Route("POST", "/v1/disputes/*/close", disputes.close),
    Route("GET", _WARNINGS, early_fraud_warnings.list_warnings, tables.FRAUD_WARNING_LIST),
    Route("GET", f"{_WARNINGS}/*", early_fraud_warnings.retrieve),
    Route("GET", "/v1/reviews", reviews.list_reviews, tables.REVIEW_LIST),
    Route("GET", "/v1/reviews/*", reviews.retrieve),
    Route("POST", "/v1/reviews/*/approve", reviews.approve),
    Route("POST", "/v1/payment_methods", payment_methods.create, tables.METHOD_CREATE, publishable=True),
    Route("GET", "/v1/payment_methods/*", payment_methods.retrieve),
    Route("GET", "/v1/payment_methods", payment_methods.list_methods, tables.METHOD_LIST),
    Route("POST", "/v1/payment_methods/*", payment_methods.update, tables.METHOD_UPDATE),
    Route("POST", "/v1/payment_methods/*/attach", payment_methods.attach, tables.METHOD_ATTACH),
    Route("POST", "/v1/payment_methods/*/detach", payment_methods.detach),
    Route("GET", "/v1/customers", customers.list_customers, tables.CUSTOMER_LIST),
    Route("POST", "/v1/customers/*", customers.update, tables.CUSTOMER_UPDATE),
    Route("DELETE", "/v1/customers/*", customers.delete, {}),
    Route("GET", "/v1/customers/*/payment_methods", customers.list_payment_methods, tables.CUSTOMER_METHODS),
    Route("POST", "/v1/customers", customers.create, tables.CUSTOMER_CREATE),
    Route("GET", "/v1/customers/*", customers.retrieve),
    Route("POST", _ENDPOINTS, webhook_endpoints.create, tables.ENDPOINT_CREATE),
    Route("GET", _ENDPOINTS, webhook_endpoints.list_endpoints, tables.ENDPOINT_LIST),
    Route("GET", f"{_ENDPOINTS}/*", webhook_endpoints.retrieve),
    Route("POST", f"{_ENDPOINTS}/*", webhook_endpoints.update, tables.ENDPOINT_UPDATE),
    Route("DELETE", f"{_ENDPOINTS}/*", webhook_endpoints.delete, {}),
    Route("GET", "/v1/balance_transactions", balance_transactions.list_transactions, tables.BALANCE_LIST),
    Route("GET", "/v1/payouts", payouts.list_payouts, tables.PAYOUT_LIST),
    Route("POST", "/v1/payouts", payouts.create, tables.PAYOUT_CREATE),
    Route("GET", "/v1/payouts/*", payouts.retrieve),
    Route("POST", "/v1/payouts/*", payouts.update, tables.PAYOUT_UPDATE),
    Route("POST", "/v1/payouts/*/cancel", payouts.cancel),
    Route("POST", "/v1/payouts/*/reverse", payouts.reverse, tables.PAYOUT_UPDATE),
    Route("GET", "/v1/balance_transactions/*", balance_transactions.retrieve),
    Route("GET", "/v1/balance", balance_transactions.retrieve_balance),
    Route("POST", "/v1/files", files.create, tables.FILE_CREATE),
    Route("GET", "/v1/files", files.list_files, tables.FILE_LIST),
    Route("GET", "/v1/files/*", files.retrieve),
    Route("GET", "/v1/account", account.retrieve),
)
_BY_SHAPE = {(route.method, route.path): route for route in ROUTES}


def find(method: str, path: str) -> tuple[Route, str] | None:
    """The route of a request and the id in its path, or None when Stripe has no such endpoint."""
    route = _BY_SHAPE.get((method, path))
    if route and "*" not in path:
        return route, ""
    parts = path.split("/")
    # The id follows the resource's name, which itself may have two parts: /v1/radar/early_fraud_warnings/*.
    for at in range(3, min(len(parts), 5)):
        route = _BY_SHAPE.get((method, "/".join([*parts[:at], "*", *parts[at + 1 :]])))
        if route and parts[at]:
            return route, parts[at]
    return None
