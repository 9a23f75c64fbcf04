"""/v1/payment_intents. Sources: docs.stripe.com/api/payment_intents, /payments/paymentintents/lifecycle; facts §4."""

from __future__ import annotations

from typing import Any

from sandbox.behaviour import attempts, offers, other_methods, payment_methods, rendering
from sandbox.behaviour.attempts import ConfirmOptions
from sandbox.behaviour.refunds import release
from sandbox.core import metadata, money
from sandbox.core.call import Call
from sandbox.core.errors import StripeError, invalid
from sandbox.core.lists import list_page
from sandbox.core.origin import Origin
from sandbox.core.records import Intent, Json, PaymentMethod
from sandbox.core.sandbox import Sandbox
from sandbox.core.search import search
from sandbox.core.store import Store
from sandbox.versions.behaviour import default_capture_method

_OPEN = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
_CANCELABLE = _OPEN | {"requires_capture"}
# Fields that an update may change even after the money has moved or the intent was canceled.
_ALWAYS_UPDATABLE = frozenset({"description", "metadata", "receipt_email", "shipping", "transfer_group"})
_SETTABLE = """description receipt_email shipping setup_future_usage statement_descriptor statement_descriptor_suffix
transfer_group capture_method payment_method_types""".split()


def find(store: Store, intent_id: str) -> Intent:
    """The intent of the id in the path. Raises 404 resource_missing."""
    return store.intents.require(intent_id, param="intent")


def challenge_url(base_url: str, intent_id: str) -> str:
    """The page where a browser completes 3-D Secure."""
    return f"{base_url}/_sandbox/three_d_secure/{intent_id}"


def create(call: Call) -> Json:
    """POST /v1/payment_intents. With ``confirm``, raises a 402 StripeError for a decline."""
    params, store = call.params, call.store
    currency = money.check_currency(params["currency"])
    money.check_amount(params["amount"], currency)
    offers.check_parameters(params, call.version)
    confirming = params.get("confirm", False)
    if not confirming:
        for name in ("off_session", "return_url", "error_on_requires_action"):
            if name in params:
                raise invalid(
                    f"The parameter {name} cannot be passed when creating a PaymentIntent unless confirm is set "
                    "to true.",
                    param=name,
                )
    _check_customer(store, params)
    method = payment_methods.requested(store, params)
    intent = Intent(
        **store.header("pi"),
        amount=params["amount"],
        currency=currency,
        confirmation_method=params.get("confirmation_method", "automatic"),
        customer=params.get("customer"),
        metadata=metadata.merged({}, params.get("metadata", {})),
        automatic_payment_methods=offers.automatic(params),
        payment_method_types=offers.types(params, currency, call.version),
        allowed_payment_method_types=params.get("allowed_payment_method_types"),
        capture_method=default_capture_method(call.version),
    )
    _apply(intent, params)
    if method is not None:
        intent.payment_method = method.id
        intent.status = "requires_confirmation"
    if confirming:
        method = _check_confirmable(intent, method, params, by_server=True)
    store.insert(store.intents, intent)
    call.sandbox.events.emit_record("payment_intent.created", intent, call.origin)
    if confirming and method is not None:
        _confirm(call, intent, method)
    return rendering.payment_intent(intent)


def retrieve(call: Call) -> Json:
    """GET /v1/payment_intents/{id}; a publishable key needs the client secret and gets only a part."""
    intent = find(call.store, call.object_id)
    _check_client_secret(call, intent)
    return rendering.payment_intent(intent)


def update(call: Call) -> Json:
    """POST /v1/payment_intents/{id}: clears the last error; a new amount or method requires confirmation again."""
    params, store = call.params, call.store
    intent = find(store, call.object_id)
    changed = sorted(params.keys() - _ALWAYS_UPDATABLE)
    if changed and intent.status not in _OPEN:
        raise _unexpected_state(
            intent,
            f"This PaymentIntent's {changed[0]} could not be updated because it has a status of {intent.status}. "
            f"You may only update the {changed[0]} of a PaymentIntent with one of the following statuses: "
            "requires_payment_method, requires_confirmation, requires_action.",
        )
    offers.check_parameters(params, call.version)
    currency = money.check_currency(params.get("currency", intent.currency))
    money.check_amount(params.get("amount", intent.amount), currency)
    _check_customer(store, params)
    merged = metadata.merged(intent.metadata, params["metadata"]) if "metadata" in params else intent.metadata
    method = payment_methods.requested(store, params)
    intent.amount = params.get("amount", intent.amount)
    intent.currency = currency
    intent.customer = params.get("customer", intent.customer)
    intent.metadata = merged
    _apply(intent, params)
    intent.last_payment_error = None
    if method is not None:
        intent.payment_method = method.id
    if intent.status in _OPEN and (method is not None or {"amount", "currency"} & params.keys()):
        intent.status = "requires_confirmation" if intent.payment_method else "requires_payment_method"
        intent.next_action = None
        intent.authenticated = False
    store.save(intent)
    return rendering.payment_intent(intent)


def confirm(call: Call) -> Json:
    """POST /v1/payment_intents/{id}/confirm, by the server, or by a browser with the client secret.

    Raises a 402 StripeError for a decline and 400 payment_intent_unexpected_state in a status that cannot be confirmed.
    """
    intent = find(call.store, call.object_id)
    _check_client_secret(call, intent)
    if intent.status == "succeeded":
        raise _unexpected_state(
            intent,
            "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.",
        )
    if intent.status not in _OPEN:
        raise _unexpected_state(
            intent,
            f"You cannot confirm this PaymentIntent because it has a status of {intent.status}. Only a PaymentIntent "
            "with one of the following statuses may be confirmed: requires_confirmation, requires_action, "
            "requires_payment_method.",
        )
    method = payment_methods.requested(call.store, call.params) or call.store.payment_methods.get(intent.payment_method)
    method = _check_confirmable(intent, method, call.params, by_server=not call.publishable)
    _apply(intent, call.params)
    _confirm(call, intent, method)
    return rendering.payment_intent(intent)


def cancel(call: Call) -> Json:
    """POST /v1/payment_intents/{id}/cancel; releases a hold, which creates a Refund before 2025-03-31."""
    intent = find(call.store, call.object_id)
    if intent.status not in _CANCELABLE:
        raise _unexpected_state(
            intent,
            f"You cannot cancel this PaymentIntent because it has a status of {intent.status}. Only a PaymentIntent "
            "with one of the following statuses may be canceled: requires_payment_method, requires_capture, "
            "requires_confirmation, requires_action.",
        )
    cancel_intent(call.sandbox, intent, call.params.get("cancellation_reason"), call.origin)
    return rendering.payment_intent(intent)


def cancel_intent(sandbox: Sandbox, intent: Intent, reason: str | None, origin: Origin) -> None:
    """Cancel an open intent or hold."""
    held = intent.amount_capturable
    intent.status = "canceled"
    intent.canceled_at = sandbox.store.now()
    intent.cancellation_reason = reason
    intent.next_action = None
    intent.amount_capturable = 0
    sandbox.store.save(intent)
    if held:
        charge = sandbox.store.charges.by_id[intent.latest_charge or ""]
        release(sandbox, charge, held, origin)
    sandbox.events.emit_record("payment_intent.canceled", intent, origin)


def capture(call: Call) -> Json:
    """POST /v1/payment_intents/{id}/capture, all of the hold or ``amount_to_capture``; releases the rest."""
    intent = find(call.store, call.object_id)
    if intent.status != "requires_capture":
        raise _unexpected_state(
            intent,
            f"This PaymentIntent could not be captured because it has a status of {intent.status}. Only a "
            "PaymentIntent with one of the following statuses may be captured: requires_capture.",
        )
    amount = money.check_positive(call.params.get("amount_to_capture", intent.amount_capturable), "amount_to_capture")
    if amount > intent.amount_capturable:
        raise invalid(
            f"The amount ({amount}) is greater than the maximum amount that can be captured "
            f"({intent.amount_capturable}).",
            param="amount_to_capture",
            code="amount_too_large",
        )
    money.check_granularity(amount, intent.currency)
    store = call.store
    charge = store.charges.by_id[intent.latest_charge or ""]
    rest = intent.amount_capturable - amount
    if "metadata" in call.params:
        intent.metadata = metadata.merged(intent.metadata, call.params["metadata"])
    attempts.capture(call.sandbox, intent, charge, amount)
    store.save(charge)
    store.save(intent)
    call.sandbox.events.emit_record("charge.captured", charge, call.origin)
    call.sandbox.events.emit_record("payment_intent.succeeded", intent, call.origin)
    if rest:
        release(call.sandbox, charge, rest, call.origin)
    return rendering.payment_intent(intent)


def list_intents(call: Call) -> Json:
    """GET /v1/payment_intents, all or of one customer."""
    return list_page(call, "/v1/payment_intents", call.store.intents, rendering.payment_intent, "customer")


def search_intents(call: Call) -> Json:
    """GET /v1/payment_intents/search, by the fields of docs.stripe.com/search."""
    intents = call.store.intents

    def objects() -> list[Json]:
        return [rendering.payment_intent(intents.by_id[key[2]]) for key in reversed(intents.all.keys)]

    return search(
        call, "/v1/payment_intents/search", objects, "amount created currency customer metadata status".split()
    )


def _check_client_secret(call: Call, intent: Intent) -> None:
    secret = call.params.get("client_secret")
    if secret is None and call.publishable:
        raise invalid("Missing required param: client_secret.", param="client_secret", code="parameter_missing")
    if secret is not None and secret != intent.client_secret:
        raise invalid(
            "The client_secret provided does not match any associated PaymentIntent on this account. Ensure the "
            "provided client_secret and the publishable key belong to the same account.",
            param="client_secret",
        )


def _check_customer(store: Store, params: dict[str, Any]) -> None:
    if "customer" in params:
        store.customers.require(params["customer"], param="customer", status=400)


def _apply(intent: Intent, params: dict[str, Any]) -> None:
    for name in _SETTABLE:
        if name in params:
            setattr(intent, name, params[name])
    for kind, options in (params.get("payment_method_options") or {}).items():
        merged = {**intent.payment_method_options.get(kind, {}), **(options or {})}
        intent.payment_method_options = {**intent.payment_method_options, kind: merged}


def _check_confirmable(
    intent: Intent, method: PaymentMethod | None, params: dict[str, Any], *, by_server: bool
) -> PaymentMethod:
    if method is None:
        raise _unexpected_state(
            intent,
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
            "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a "
            "payment method or ConfirmationToken.",
        )
    offers.check_method(intent, method)
    if intent.statement_descriptor and method.type == "card":
        raise invalid(
            "The `statement_descriptor` parameter is not supported for card charges; use "
            "`statement_descriptor_suffix` instead.",
            param="statement_descriptor",
        )
    automatic = intent.automatic_payment_methods
    may_redirect = automatic is not None and automatic["allow_redirects"] == "always"
    if by_server and may_redirect and not params.get("return_url"):
        raise invalid(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of "
            "these payment methods might redirect your customer off of your page, you must provide a `return_url`. "
            "If you don't want to accept redirect-based payment methods, set "
            "`automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to "
            "`never` when creating Setup Intents and Payment Intents."
        )
    return method


def _confirm(call: Call, intent: Intent, method: PaymentMethod) -> None:
    # Stripe.js opens its own dialog for 3-D Secure although it sends a return_url.
    in_dialog = call.params.get("use_stripe_sdk", False) and not call.sandbox.settings.redirect_to_bank
    options = ConfirmOptions(
        challenge_url=challenge_url(call.base_url, intent.id),
        return_url=None if in_dialog else call.params.get("return_url"),
        off_session=call.params.get("off_session", False),
        error_on_requires_action=call.params.get("error_on_requires_action", False),
    )
    if method.type == "card":
        attempts.confirm(call.sandbox, intent, method, options, call.origin)
    else:
        other_methods.begin(call.sandbox, intent, method, options, call.origin)


def _unexpected_state(intent: Intent, message: str) -> StripeError:
    return StripeError(
        400, message, code="payment_intent_unexpected_state", payment_intent=rendering.payment_intent(intent)
    )
