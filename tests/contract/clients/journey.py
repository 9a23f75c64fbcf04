"""A shop's journey by Stripe's Python library, of whichever release the interpreter has; journey.mjs is its twin.

Arguments: the sandbox's URL and the API version. Prints what the library makes of each answer, as JSON on one line.
With ``webhooks`` as the first argument it reads ``{secret, deliveries: [[body, signature]]}`` from stdin instead.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from typing import Any

import requests
import stripe

Json = dict[str, Any]


class Shop:
    """The calls of a shop, and the controls of its sandbox."""

    def __init__(self, base_url: str, version: str) -> None:
        self.base_url = base_url
        self.version = version
        self.calls = self.client("sk_test_journey", version)
        self.order = {
            "amount": 2000,
            "currency": "usd",
            "capture_method": "automatic",
            "metadata": {"order_id": "order-1"},
        }
        # Each version takes one of these two names (docs.stripe.com/changelog/endive/2026-09-30).
        if version < "2026-09-30":
            self.order["payment_method_types"] = ["card"]
        else:
            self.order["allowed_payment_method_types"] = ["card"]
            self.order["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "never"}

    def client(self, key: str, version: str) -> Any:
        """The services of a client; newer releases have those of v1 under that name."""
        made: Any = stripe.StripeClient(
            key, stripe_version=version, base_addresses={"api": self.base_url}, max_network_retries=0
        )
        return getattr(made, "v1", made)

    def control(self, path: str, body: Any) -> Any:
        """What a customer, a bank or the network does."""
        answer = requests.post(f"{self.base_url}/_sandbox/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def fault(self, effect: str, times: int = 1) -> None:
        """Break the next calls."""
        self.control("faults", {"effect": effect, "times": times})


def journey(shop: Shop) -> Json:
    """Payments, refunds, lists, events and endpoints, as a shop needs them."""
    calls, order = shop.calls, shop.order
    opened = calls.payment_intents.create(order, {"idempotency_key": "order-1"})
    again = calls.payment_intents.create(order, {"idempotency_key": "order-1"})
    changed = calls.payment_intents.update(opened.id, {"metadata": {"step": "2"}})
    shop.control(f"payment_intents/{opened.id}/pay", {"card": "4000002760003184"})
    paid = calls.payment_intents.retrieve(opened.id, {"expand": ["latest_charge", "payment_method"]})
    confirmed = calls.payment_intents.create({**order, "confirm": True, "payment_method": "pm_card_visa"})
    held = calls.payment_intents.create(
        {**order, "capture_method": "manual", "confirm": True, "payment_method": "pm_card_visa"}
    )
    captured = calls.payment_intents.capture(held.id, {"amount_to_capture": 1200})
    canceled = calls.payment_intents.cancel(calls.payment_intents.create(order).id)
    refund = calls.refunds.create(
        {"payment_intent": opened.id, "amount": 500, "reason": "requested_by_customer"}, {"idempotency_key": "refund-1"}
    )
    shop.control("disputes", {"payment_intent": confirmed.id})
    made = {opened.id, confirmed.id, held.id, canceled.id}
    pages = calls.payment_intents.list({"limit": 1}).auto_paging_iter()
    found = calls.payment_intents.search({"query": "metadata['order_id']:'order-1' AND status:'canceled'"})
    [dispute] = calls.disputes.list({"payment_intent": confirmed.id}).data
    endpoint = calls.webhook_endpoints.create(
        {"url": "https://shop.example.com/stripe", "enabled_events": ["payment_intent.succeeded"], "connect": False}
    )
    disabled = calls.webhook_endpoints.update(endpoint.id, {"disabled": True})
    account = getattr(calls.accounts, "retrieve_current", calls.accounts.retrieve)()
    events = calls.events.list({"types": ["payment_intent.succeeded", "charge.dispute.created"], "limit": 100})
    return {
        "created": [opened.status, opened.amount, opened.client_secret.startswith(opened.id)],
        "replayed": again.id == opened.id,
        "updated": [changed.metadata["order_id"], changed.metadata["step"]],
        "expanded": [
            paid.status,
            paid.latest_charge.payment_method_details.card.last4,
            paid.latest_charge.payment_method_details.card.three_d_secure.result,
            paid.payment_method.type,
        ],
        "has_invoice": "invoice" in paid,
        "confirmed": confirmed.status,
        "captured": [held.status, captured.status, captured.amount_received],
        "canceled": canceled.status,
        "refund": [refund.status, refund.amount, refund.reason, refund.payment_intent == opened.id],
        "found": [intent.id == canceled.id for intent in found.data],
        "paged": {intent.id for intent in pages} == made,
        "dispute": [dispute.status, dispute.amount, dispute.payment_intent == confirmed.id],
        "endpoint": [endpoint.secret.startswith("whsec_"), disabled.status],
        "deleted": calls.webhook_endpoints.delete(endpoint.id).deleted,
        "events": sorted(event.type for event in events.data),
        "event": calls.events.retrieve(events.data[0].id).type == events.data[0].type,
        "account": account.id.startswith("acct_"),
        "customer": calls.customers.retrieve(calls.customers.create({"email": "ann@example.com"}).id).email,
        "bookings": len(calls.balance_transactions.list({"limit": 100}).data) > 0,
        "warnings": calls.radar.early_fraud_warnings.list({"payment_intent": opened.id}).data,
    }


def refusals(shop: Shop) -> Json:
    """Every class of error: its name in all libraries, the HTTP status, and Stripe's code."""
    calls, order = shop.calls, shop.order
    intents = calls.payment_intents
    declined = {**order, "confirm": True, "payment_method": "pm_card_visa_chargeDeclinedInsufficientFunds"}
    endpoint = {"url": "https://shop.example.com/stripe"}
    intents.create(order, {"idempotency_key": "spent"})
    seen: Json = {
        "declined": _error(lambda: intents.create(declined)),
        "reused key": _error(lambda: intents.create({**order, "amount": 1}, {"idempotency_key": "spent"})),
        "unknown object": _error(lambda: intents.retrieve("pi_none")),
        "unknown parameter": _error(lambda: intents.create({**order, "colour": "red"})),
        "too small": _error(lambda: intents.create({**order, "amount": 1})),
        "wrong state": _error(lambda: intents.capture(intents.create(order).id)),
        "wrong expand": _error(lambda: intents.retrieve(intents.create(order).id, {"expand": ["colour"]})),
        "wrong key": _error(shop.client("no_key", shop.version).payment_intents.list),
        "live key": _error(shop.client("sk_live_1", shop.version).payment_intents.list),
        "publishable key": _error(shop.client("pk_test_1", shop.version).payment_intents.list),
        "unknown version": _error(shop.client("sk_test_1", "2017-05-25").payment_intents.list),
        "wildcard": _error(lambda: calls.webhook_endpoints.create({**endpoint, "enabled_events": ["charge.*"]})),
        "unknown event": _error(lambda: calls.webhook_endpoints.create({**endpoint, "enabled_events": ["a.b"]})),
        "endpoint version": _error(
            lambda: calls.webhook_endpoints.create({**endpoint, "enabled_events": ["*"], "api_version": "2017-05-25"})
        ),
    }
    for effect in ("403", "429", "409", "500"):
        shop.fault(effect)
        seen[effect] = _error(lambda: intents.create(order))
    shop.fault("garbage")
    # Only this library names the status of an answer that is no JSON.
    seen["garbage"] = _error(lambda: intents.create(order))[0]
    # The library for Node.js asks once more where a connection ends, whatever its retries.
    shop.fault("answer_lost", times=2)
    seen["answer_lost"] = _error(lambda: intents.create(order))[0]
    return seen


def _error(call: Callable[[], Any]) -> list[Any]:
    try:
        call()
    except stripe.StripeError as error:
        body: Any = error.error
        code = getattr(body, "code", None)
        return [type(error).__name__, error.http_status, code, getattr(body, "decline_code", None)]
    return ["no error"]


def functions(shop: Shop) -> Json:
    """The functions of the module, as programs of before ``StripeClient`` call them."""
    library: Any = stripe
    library.api_key, library.api_version, library.api_base = "sk_test_functions", shop.version, shop.base_url
    library.upload_api_base = shop.base_url
    opened = library.PaymentIntent.create(**shop.order, idempotency_key="functions")
    confirmed = library.PaymentIntent.confirm(opened.id, payment_method="pm_card_visa", off_session=True)
    changed = library.PaymentIntent.modify(opened.id, description="Two chairs")
    refund = library.Refund.create(payment_intent=opened.id)
    file = library.File.create(purpose="dispute_evidence", file=io.BytesIO(b"%PDF-1.7 a receipt"))
    found = [charge.id for charge in library.Charge.list(limit=1, payment_intent=opened.id).auto_paging_iter()]
    return {
        "confirmed": confirmed.status,
        "changed": changed.description,
        "refunded": [refund.status, refund.amount],
        "file": [file.type, file.size, library.File.retrieve(file.id).purpose],
        "charges": found == [confirmed.latest_charge],
        "refusal": _error(lambda: library.Refund.create(payment_intent=opened.id)),
    }


def webhooks(secret: str, deliveries: list[list[str]]) -> Json:
    """What ``construct_event`` makes of deliveries, whole and tampered with."""
    construct: Any = stripe.Webhook.construct_event
    body, signature = deliveries[0]
    return {
        "types": sorted(construct(body, signature, secret).type for body, signature in deliveries),
        "versions": sorted({construct(body, signature, secret).api_version for body, signature in deliveries}),
        "other secret": _error(lambda: construct(body, signature, "whsec_other"))[0],
        "other body": _error(lambda: construct(body + " ", signature, secret))[0],
        "no signature": _error(lambda: construct(body, "", secret))[0],
    }


def main() -> None:
    stripe.enable_telemetry = False
    if sys.argv[1] == "webhooks":
        print(json.dumps(webhooks(**json.load(sys.stdin))))
        return
    shop = Shop(*sys.argv[1:3])
    seen = {"journey": journey(shop), "functions": functions(shop), "refusals": refusals(shop)}
    print(json.dumps({"library": stripe.VERSION, **seen}))


if __name__ == "__main__":
    main()
