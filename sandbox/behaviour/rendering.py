"""Records in Stripe's format at API version 2023-10-16.

Source: the OpenAPI document of that version; facts §4 to §7. Every function returns a new dictionary.
"""

from __future__ import annotations

from sandbox.behaviour.cards import BY_NUMBER, Card
from sandbox.core.records import Charge, Customer, Intent, Json, PaymentMethod, Refund
from sandbox.core.store import Store

_EMPTY_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
# What a browser may read of an intent (docs.stripe.com/api/payment_intents/object, "retrievable with publishable key").
_PUBLIC_INTENT = frozenset(
    """id object amount amount_details automatic_payment_methods canceled_at cancellation_reason capture_method
    client_secret confirmation_method created currency description last_payment_error livemode next_action
    payment_method payment_method_configuration_details payment_method_types processing receipt_email
    setup_future_usage shipping source status""".split()
)


def payment_intent(intent: Intent) -> Json:
    """docs.stripe.com/api/payment_intents/object."""
    return {
        "id": intent.id,
        "object": "payment_intent",
        "amount": intent.amount,
        "amount_capturable": intent.amount_capturable,
        "amount_details": {"tip": {}},
        "amount_received": intent.amount_received,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": intent.automatic_payment_methods,
        "canceled_at": intent.canceled_at,
        "cancellation_reason": intent.cancellation_reason,
        "capture_method": intent.capture_method,
        "client_secret": intent.client_secret,
        "confirmation_method": intent.confirmation_method,
        "created": intent.created,
        "currency": intent.currency,
        "customer": intent.customer,
        "description": intent.description,
        "invoice": None,
        "last_payment_error": intent.last_payment_error,
        "latest_charge": intent.latest_charge,
        "livemode": False,
        "metadata": dict(intent.metadata),
        "next_action": intent.next_action,
        "on_behalf_of": None,
        "payment_method": intent.payment_method,
        "payment_method_configuration_details": None,
        "payment_method_options": _payment_method_options(intent),
        "payment_method_types": list(intent.payment_method_types),
        "processing": {"type": "card"} if intent.status == "processing" else None,
        "receipt_email": intent.receipt_email,
        "review": None,
        "setup_future_usage": intent.setup_future_usage,
        "shipping": intent.shipping,
        "source": None,
        "statement_descriptor": intent.statement_descriptor,
        "statement_descriptor_suffix": intent.statement_descriptor_suffix,
        "status": intent.status,
        "transfer_data": None,
        "transfer_group": intent.transfer_group,
    }


def _payment_method_options(intent: Intent) -> Json:
    options = intent.payment_method_options.get("card", {})
    card = {
        "installments": None,
        "mandate_options": None,
        "network": None,
        "request_three_d_secure": options.get("request_three_d_secure", "automatic"),
    }
    return {"card": {**options, **card}}


def public(rendered: Json) -> Json:
    """The parts of an intent or a payment method that a publishable key may read."""
    if rendered["object"] == "payment_method":
        card = {name: value for name, value in rendered["card"].items() if name != "fingerprint"}
        return {name: value for name, value in rendered.items() if name != "metadata"} | {"card": card}
    return public_parts({name: value for name, value in rendered.items() if name in _PUBLIC_INTENT})


def public_parts(rendered: Json) -> Json:
    """An intent or the fields of an error; its objects have only the parts that a publishable key may read."""
    parts = {
        name: public(rendered[name])
        for name in ("payment_intent", "payment_method")
        if isinstance(rendered.get(name), dict)
    }
    if rendered.get("last_payment_error"):
        parts["last_payment_error"] = public_parts(rendered["last_payment_error"])
    return rendered | parts


def charge(record: Charge, store: Store) -> Json:
    """docs.stripe.com/api/charges/object; ``refunds`` is null unless expanded (since 2022-11-15)."""
    method = store.payment_methods.by_id[record.payment_method]
    paid = record.status == "succeeded"
    return {
        "id": record.id,
        "object": "charge",
        "amount": record.amount,
        "amount_captured": record.amount_captured,
        "amount_refunded": record.amount_refunded,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": record.balance_transaction,
        "billing_details": _billing_details(method),
        "calculated_statement_descriptor": "PAYDESK SANDBOX" if paid else None,
        "captured": record.captured,
        "created": record.created,
        "currency": record.currency,
        "customer": record.customer,
        "description": record.description,
        "disputed": record.disputed,
        "failure_balance_transaction": None,
        "failure_code": record.failure_code,
        "failure_message": record.failure_message,
        "fraud_details": {"user_report": record.fraud_report} if record.fraud_report else {},
        "invoice": None,
        "livemode": False,
        "metadata": dict(record.metadata),
        "on_behalf_of": None,
        "outcome": record.outcome,
        "paid": paid,
        "payment_intent": record.payment_intent,
        "payment_method": record.payment_method,
        "payment_method_details": {"card": _charged_card(record, method), "type": "card"},
        "radar_options": {},
        "receipt_email": record.receipt_email,
        "receipt_number": None,
        "receipt_url": f"https://pay.stripe.com/receipts/payment/{record.id}" if paid else None,
        "refunded": record.refunded,
        "refunds": None,
        "review": None,
        "shipping": record.shipping,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": record.statement_descriptor_suffix,
        "status": record.status,
        "transfer_data": None,
        "transfer_group": record.transfer_group,
    }


def _charged_card(record: Charge, method: PaymentMethod) -> Json:
    card = BY_NUMBER[method.number]
    return {
        "brand": card.brand,
        "checks": _checks(method, card),
        "country": card.country,
        "exp_month": method.exp_month,
        "exp_year": method.exp_year,
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "installments": None,
        "last4": card.last4,
        "mandate": None,
        "network": card.brand,
        "network_token": {"used": False},
        "three_d_secure": record.three_d_secure,
        "wallet": None,
    }


def _checks(method: PaymentMethod, card: Card) -> Json:
    address = method.billing_details.get("address") or {}
    line1, postal_code, cvc = card.checks
    return {
        "address_line1_check": line1 if address.get("line1") else None,
        "address_postal_code_check": postal_code if address.get("postal_code") else None,
        "cvc_check": cvc if method.cvc_given else None,
    }


def _billing_details(method: PaymentMethod) -> Json:
    details = method.billing_details
    return {
        "address": {**_EMPTY_ADDRESS, **(details.get("address") or {})},
        "email": details.get("email"),
        "name": details.get("name"),
        "phone": details.get("phone"),
    }


def payment_method(method: PaymentMethod) -> Json:
    """docs.stripe.com/api/payment_methods/object, for cards."""
    card = BY_NUMBER[method.number]
    return {
        "id": method.id,
        "object": "payment_method",
        "billing_details": _billing_details(method),
        "card": {
            "brand": card.brand,
            "checks": _checks(method, card),
            "country": card.country,
            "exp_month": method.exp_month,
            "exp_year": method.exp_year,
            "fingerprint": card.fingerprint,
            "funding": card.funding,
            "generated_from": None,
            "last4": card.last4,
            "networks": {"available": list(card.networks or (card.brand,)), "preferred": None},
            "three_d_secure_usage": {"supported": card.three_d_secure != "not_supported"},
            "wallet": None,
        },
        "created": method.created,
        "customer": method.customer,
        "livemode": False,
        "metadata": dict(method.metadata),
        "type": "card",
    }


def refund(record: Refund) -> Json:
    """docs.stripe.com/api/refunds/object; the failure fields exist only when the refund failed."""
    rendered: Json = {
        "id": record.id,
        "object": "refund",
        "amount": record.amount,
        "balance_transaction": record.balance_transaction,
        "charge": record.charge,
        "created": record.created,
        "currency": record.currency,
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "reversal" if record.release else "refund",
            },
            "type": "card",
        },
        "metadata": dict(record.metadata),
        "payment_intent": record.payment_intent,
        "reason": record.reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": record.status,
        "transfer_reversal": None,
    }
    if record.failure_reason:
        rendered["failure_reason"] = record.failure_reason
    if record.failure_balance_transaction:
        rendered["failure_balance_transaction"] = record.failure_balance_transaction
    return rendered


def customer(record: Customer) -> Json:
    """docs.stripe.com/api/customers/object."""
    return {
        "id": record.id,
        "object": "customer",
        "address": record.address,
        "balance": 0,
        "created": record.created,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": record.description,
        "discount": None,
        "email": record.email,
        "invoice_prefix": record.id[-8:].upper(),
        "invoice_settings": dict.fromkeys(
            ("custom_fields", "default_payment_method", "footer", "rendering_options")
        ),
        "livemode": False,
        "metadata": dict(record.metadata),
        "name": record.name,
        "next_invoice_sequence": 1,
        "phone": record.phone,
        "preferred_locales": [],
        "shipping": record.shipping,
        "tax_exempt": "none",
        "test_clock": None,
    }
