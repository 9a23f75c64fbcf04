"""Which parameters each endpoint takes, by name and kind. Source: the OpenAPI document of 2023-10-16.

Parameters for Connect and invoices are missing: they get ``parameter_unknown``.
A contract test compares every name here with that document.
"""

from __future__ import annotations

from sandbox.api.params import (
    ANY_HASH,
    BOOLEAN,
    FILE,
    INTEGER,
    METADATA,
    OFF_SESSION,
    TIME_RANGE,
    Table,
    choice,
    email,
    list_of,
    nested,
    text,
)
from sandbox.behaviour.dispute_rendering import EVIDENCE
from sandbox.behaviour.method_types import TYPES

_ADDRESS: Table = {name: text(clearable=True) for name in ("city", "country", "line1", "line2", "postal_code", "state")}
_SHIPPING: Table = {
    "address": nested(_ADDRESS).as_required(),
    "name": text().as_required(),
    "carrier": text(),
    "phone": text(),
    "tracking_number": text(),
}
_BILLING: Table = {
    "address": nested(_ADDRESS, clearable=True),
    "email": email(clearable=True),
    "name": text(clearable=True),
    "phone": text(clearable=True),
}
_CARD: Table = {"number": text(), "exp_month": INTEGER, "exp_year": INTEGER, "cvc": text(), "token": text()}
_METHOD: Table = {
    # Stripe.js sends cards here; the reference omits them, because servers should not send any.
    "type": text().as_required(),
    "card": nested(_CARD, documented=False),
    "billing_details": nested(_BILLING),
    "metadata": METADATA,
    "radar_options": ANY_HASH,
    **dict.fromkeys(TYPES, ANY_HASH),
}
_CARD_OPTIONS: Table = {
    "capture_method": choice("manual", clearable=True),
    "cvc_token": text(),
    "installments": ANY_HASH,
    "mandate_options": ANY_HASH,
    "moto": BOOLEAN,
    "network": text(),
    "request_three_d_secure": choice("any", "automatic"),
    "setup_future_usage": choice("none", "off_session", "on_session", clearable=True),
    "statement_descriptor_suffix_kana": text(22, clearable=True),
    "statement_descriptor_suffix_kanji": text(17, clearable=True),
}
_CAPTURE = choice("automatic", "automatic_async", "manual")
_EXPAND = list_of(text())
READ: Table = {"expand": _EXPAND}
ENDPOINT_LIST: Table = {"limit": INTEGER, "starting_after": text(), "ending_before": text(), "expand": _EXPAND}
_BY_TIME: Table = {**ENDPOINT_LIST, "created": TIME_RANGE}

INTENT_UPDATE: Table = {
    "amount": INTEGER,
    "capture_method": _CAPTURE,
    "currency": text(),
    "customer": text(),
    "description": text(1000, clearable=True),
    "expand": _EXPAND,
    "metadata": METADATA,
    "payment_method": text(),
    "payment_method_configuration": text(),
    "payment_method_data": nested(_METHOD),
    "payment_method_options": nested({"card": nested(_CARD_OPTIONS, clearable=True)}),
    "payment_method_types": list_of(text()),
    "receipt_email": email(clearable=True),
    "setup_future_usage": choice("off_session", "on_session", clearable=True),
    "shipping": nested(_SHIPPING, clearable=True),
    "statement_descriptor": text(22, clearable=True),
    "statement_descriptor_suffix": text(22, clearable=True),
    "transfer_group": text(),
}
_CONFIRMATION: Table = {
    "error_on_requires_action": BOOLEAN,
    "mandate": text(),
    "mandate_data": ANY_HASH,
    "off_session": OFF_SESSION,
    "radar_options": ANY_HASH,
    "return_url": text(),
    "use_stripe_sdk": BOOLEAN,
}

INTENT_CREATE: Table = {
    **INTENT_UPDATE,
    **_CONFIRMATION,
    "amount": INTEGER.as_required(),
    "currency": text().as_required(),
    "allowed_payment_method_types": list_of(text()),
    "automatic_payment_methods": nested(
        {"enabled": BOOLEAN.as_required(), "allow_redirects": choice("always", "never")}
    ),
    "confirm": BOOLEAN,
    "confirmation_method": choice("automatic", "manual"),
}
INTENT_RETRIEVE: Table = {"client_secret": text(), "expand": _EXPAND}
INTENT_CONFIRM: Table = {
    **_CONFIRMATION,
    "client_secret": text(),
    **{
        name: INTENT_UPDATE[name]
        for name in """capture_method expand payment_method payment_method_data payment_method_options
        payment_method_types receipt_email setup_future_usage shipping""".split()
    },
}
INTENT_CANCEL: Table = {
    "cancellation_reason": choice("abandoned", "duplicate", "fraudulent", "requested_by_customer"),
    "expand": _EXPAND,
}
INTENT_CAPTURE: Table = {
    "amount_to_capture": INTEGER,
    "expand": _EXPAND,
    "final_capture": BOOLEAN,
    "metadata": METADATA,
    "statement_descriptor": text(22),
    "statement_descriptor_suffix": text(22),
}
INTENT_LIST: Table = {**_BY_TIME, "customer": text()}

REFUND_CREATE: Table = {
    "amount": INTEGER,
    "charge": text(),
    "expand": _EXPAND,
    "instructions_email": email(),
    "metadata": METADATA,
    "payment_intent": text(),
    "reason": choice("duplicate", "fraudulent", "requested_by_customer"),
}
REFUND_UPDATE: Table = {"expand": _EXPAND, "metadata": METADATA}
REFUND_LIST: Table = {**_BY_TIME, "charge": text(), "payment_intent": text()}
CHARGE_LIST: Table = {**_BY_TIME, "customer": text(), "payment_intent": text()}
EVENT_LIST: Table = {**_BY_TIME, "delivery_success": BOOLEAN, "type": text(), "types": list_of(text())}
DISPUTE_LIST: Table = {**_BY_TIME, "charge": text(), "payment_intent": text()}
FRAUD_WARNING_LIST: Table = {**_BY_TIME, "charge": text(), "payment_intent": text()}
REVIEW_LIST: Table = _BY_TIME
CUSTOMER_CREATE: Table = {
    "address": nested(_ADDRESS, clearable=True),
    "description": text(clearable=True),
    "email": email(),
    "expand": _EXPAND,
    "metadata": METADATA,
    "name": text(256),
    "phone": text(20),
    "shipping": nested({name: _SHIPPING[name] for name in ("address", "name", "phone")}, clearable=True),
}
ENDPOINT_CREATE: Table = {
    "url": text().as_required(),
    "enabled_events": list_of(text()).as_required(),
    "api_version": text(),
    "connect": BOOLEAN,
    "description": text(clearable=True),
    "expand": _EXPAND,
    "metadata": METADATA,
}
ENDPOINT_UPDATE: Table = {
    "url": text(),
    "enabled_events": list_of(text()),
    "disabled": BOOLEAN,
    "description": text(clearable=True),
    "expand": _EXPAND,
    "metadata": METADATA,
}
CUSTOMER_UPDATE: Table = CUSTOMER_CREATE
CUSTOMER_LIST: Table = {**_BY_TIME, "email": text(512)}
CUSTOMER_METHODS: Table = {**ENDPOINT_LIST, "type": text()}
BALANCE_LIST: Table = {**_BY_TIME, "currency": text(), "payout": text(), "source": text(), "type": text()}
METHOD_CREATE: Table = {**_METHOD, "type": text(), "expand": _EXPAND}
METHOD_LIST: Table = {**ENDPOINT_LIST, "customer": text(), "type": text()}
METHOD_UPDATE: Table = {
    "billing_details": nested(_BILLING),
    "card": nested({"exp_month": INTEGER, "exp_year": INTEGER}),
    "expand": _EXPAND,
    "metadata": METADATA,
}
METHOD_ATTACH: Table = {"customer": text().as_required(), "expand": _EXPAND}
CHARGE_UPDATE: Table = {
    "customer": text(),
    "description": text(40000),
    "expand": _EXPAND,
    "fraud_details": nested({"user_report": choice("fraudulent", "safe", clearable=True).as_required()}),
    "metadata": METADATA,
    "receipt_email": email(),
    "shipping": nested(_SHIPPING),
    "transfer_group": text(),
}
CHARGE_CAPTURE: Table = {
    "amount": INTEGER,
    "expand": _EXPAND,
    "receipt_email": email(),
    "statement_descriptor": text(22),
    "statement_descriptor_suffix": text(22),
    "transfer_group": text(),
}
DISPUTE_UPDATE: Table = {
    "evidence": nested(dict.fromkeys(EVIDENCE, text(20000, clearable=True))),
    "expand": _EXPAND,
    "metadata": METADATA,
    "submit": BOOLEAN,
}
PAYOUT_LIST: Table = {**_BY_TIME, "arrival_date": TIME_RANGE, "destination": text(), "status": text()}
PAYOUT_CREATE: Table = {
    "amount": INTEGER.as_required(),
    "currency": text().as_required(),
    "description": text(),
    "destination": text(),
    "expand": _EXPAND,
    "metadata": METADATA,
    "method": choice("instant", "standard"),
    "source_type": choice("bank_account", "card", "fpx"),
    "statement_descriptor": text(22),
}
PAYOUT_UPDATE: Table = {"expand": _EXPAND, "metadata": METADATA}
SEARCH: Table = {"query": text().as_required(), "limit": INTEGER, "page": text(), "expand": _EXPAND}
_PURPOSE = choice(
    *"""account_requirement additional_verification business_icon business_logo customer_signature dispute_evidence
    identity_document pci_document tax_document_user_upload terminal_reader_splashscreen""".split()
)
FILE_CREATE: Table = {"expand": _EXPAND, "file": FILE.as_required(), "purpose": _PURPOSE.as_required()}
FILE_LIST: Table = {**_BY_TIME, "purpose": _PURPOSE}
