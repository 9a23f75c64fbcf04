"""Records in Stripe's format at the newest API version; sandbox/versions turns them into the older ones.

Source: the OpenAPI document of that version; facts §4 to §7. Every function returns a new dictionary.
"""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.behaviour import method_types
from sandbox.behaviour.cards import Card, card_of
from sandbox.behaviour.method_types import TYPES
from sandbox.core.records import Charge, Customer, Intent, Json, PaymentMethod, Refund
from sandbox.core.store import Store

# For each object the fields that Stripe writes as the record holds them, and those that are always null here.
_INTENT = """id allowed_payment_method_types amount amount_capturable amount_received automatic_payment_methods
canceled_at cancellation_reason
capture_method client_secret confirmation_method created currency customer description last_payment_error latest_charge
next_action payment_method receipt_email review setup_future_usage shipping statement_descriptor
statement_descriptor_suffix status transfer_group""".split()
_INTENT_NULLS = dict.fromkeys(
    """application application_fee_amount customer_account
    excluded_payment_method_types on_behalf_of payment_method_configuration_details source
    transfer_data""".split()
)
_CHARGE = """id amount amount_captured amount_refunded balance_transaction captured created currency customer
description disputed failure_code failure_message outcome payment_method receipt_email refunded
review shipping statement_descriptor_suffix status transfer_group""".split()
_CHARGE_NULLS = dict.fromkeys(
    """application application_fee application_fee_amount failure_balance_transaction on_behalf_of
    receipt_number refunds source source_transfer statement_descriptor transfer_data""".split()
)
_REFUND = "id amount balance_transaction charge created currency reason status".split()
_REFUND_NULLS = dict.fromkeys(
    "customer customer_account payment_method receipt_number source_transfer_reversal transfer_reversal".split()
)
_CUSTOMER = "id address created description email name phone shipping".split()
_EMPTY_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
# What a browser may read of an intent (docs.stripe.com/api/payment_intents/object, "retrievable with publishable key").
_PUBLIC_INTENT = frozenset(
    """id object amount amount_details automatic_payment_methods canceled_at cancellation_reason capture_method
    client_secret confirmation_method created currency description last_payment_error livemode next_action
    payment_method payment_method_configuration_details payment_method_types processing receipt_email
    setup_future_usage shipping source status""".split()
)


def fields(record: object, names: Iterable[str]) -> Json:
    """These fields of a record, as they are."""
    return {name: getattr(record, name) for name in names}


def payment_intent(intent: Intent) -> Json:
    """docs.stripe.com/api/payment_intents/object."""
    return {
        **fields(intent, _INTENT),
        **_INTENT_NULLS,
        "object": "payment_intent",
        "amount_details": {"tip": {}},
        "livemode": False,
        "metadata": dict(intent.metadata),
        "payment_method_options": _payment_method_options(intent),
        "payment_method_types": list(intent.payment_method_types),
        "processing": _processing(intent),
    }


def _processing(intent: Intent) -> Json | None:
    """Only cards say what is being processed; the charge of any other method begins with py_."""
    by_card = intent.status == "processing" and not (intent.latest_charge or "").startswith("py_")
    return {"type": "card"} if by_card else None


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
        kind = rendered["type"]
        details = {name: value for name, value in rendered[kind].items() if name != "fingerprint"}
        return {name: value for name, value in rendered.items() if name != "metadata"} | {kind: details}
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
        **fields(record, _CHARGE),
        **_CHARGE_NULLS,
        "object": "charge",
        "billing_details": _billing_details(method),
        "calculated_statement_descriptor": "PAYDESK SANDBOX" if paid else None,
        "fraud_details": {"user_report": record.fraud_report} if record.fraud_report else {},
        "livemode": False,
        "metadata": dict(record.metadata),
        "paid": paid,
        "payment_intent": record.payment_intent or None,
        "payment_method_details": _charged(record, method),
        "radar_options": {},
        "receipt_url": f"https://pay.stripe.com/receipts/payment/{record.id}" if paid else None,
    }


def _charged(record: Charge, method: PaymentMethod) -> Json:
    if method.type == "card":
        return {"card": _charged_card(record, method), "type": "card"}
    return {method.type: dict(TYPES[method.type].details), "type": method.type}


def _charged_card(record: Charge, method: PaymentMethod) -> Json:
    return {
        **_card(method),
        "authorization_code": None,
        "electronic_commerce_indicator": None,
        "installments": None,
        "mandate": None,
        "network": card_of(method.number).brand,
        "network_token": {"used": False},
        "network_transaction_id": None,
        "three_d_secure": record.three_d_secure,
        **({"amount_authorized": record.amount, "capture_before": held} if (held := record.capture_before) else {}),
    }


def _card(method: PaymentMethod) -> Json:
    """What a charge and a payment method both say of the card."""
    card = card_of(method.number)
    return {
        **fields(card, ("brand", "country", "fingerprint", "funding", "last4")),
        "checks": _checks(method, card),
        "exp_month": method.exp_month,
        "exp_year": method.exp_year,
        "regulated_status": "unregulated",
        "wallet": _wallet(method, card),
    }


def _wallet(method: PaymentMethod, card: Card) -> Json | None:
    if method.wallet is None:
        return None
    return {"dynamic_last4": card.last4, method.wallet: {}, "type": method.wallet}


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
        **{name: details.get(name) for name in ("email", "name", "phone", "tax_id")},
    }


def payment_method(method: PaymentMethod) -> Json:
    """docs.stripe.com/api/payment_methods/object."""
    return {
        **fields(method, ("id", "created", "customer")),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": _billing_details(method),
        method.type: _own_card(method) if method.type == "card" else dict(TYPES[method.type].own),
        "customer_account": None,
        "livemode": False,
        "metadata": dict(method.metadata),
        "type": method.type,
    }


def _own_card(method: PaymentMethod) -> Json:
    card = card_of(method.number)
    return {
        **_card(method),
        "generated_from": None,
        "networks": {"available": list(card.networks or (card.brand,)), "preferred": None},
        "three_d_secure_usage": {"supported": card.three_d_secure != "not_supported"},
    }


def refund(record: Refund) -> Json:
    """docs.stripe.com/api/refunds/object; what only a failed or a pending refund has is missing from the others."""
    failure = fields(record, ("failure_reason", "failure_balance_transaction"))
    pending = {"pending_reason": "processing"} if record.status == "pending" else {}
    return {
        **fields(record, _REFUND),
        **_REFUND_NULLS,
        **{name: value for name, value in failure.items() if value},
        **pending,
        "object": "refund",
        "destination_details": _destination(record),
        "metadata": dict(record.metadata),
        "payment_intent": record.payment_intent or None,
    }


def _destination(record: Refund) -> Json:
    if record.method_type not in ("card", "link"):
        kind = method_types.REFUNDED_TO.get(record.method_type, record.method_type)
        return {kind: {}, "type": kind}
    card = {
        "reference_status": "pending",
        "reference_type": "acquirer_reference_number",
        "type": "reversal" if record.release else "refund",
    }
    return {"card": card, "type": "card"}


def customer(record: Customer) -> Json:
    """docs.stripe.com/api/customers/object; of a deleted one only that it was deleted."""
    if record.deleted:
        return {"id": record.id, "object": "customer", "deleted": True}
    return {
        **fields(record, _CUSTOMER),
        **dict.fromkeys(
            "business_name currency customer_account default_source discount individual_name test_clock".split()
        ),
        "object": "customer",
        "balance": 0,
        "delinquent": False,
        "invoice_prefix": record.id[-8:].upper(),
        "invoice_settings": dict.fromkeys(("custom_fields", "default_payment_method", "footer", "rendering_options")),
        "livemode": False,
        "metadata": dict(record.metadata),
        "next_invoice_sequence": 1,
        "preferred_locales": [],
        "tax_exempt": "none",
    }
