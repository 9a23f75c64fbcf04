"""What of an event may be stored: an allow-list, so that a field that Stripe adds tomorrow stays out.

Names, e-mail and postal addresses, client secrets and card fingerprints are never among it (DESIGN section 4, rule 5).

Uses earlier_shapes, metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.gateway import earlier_shapes, metadata

Allowed = Mapping[str, Any]

_METADATA: Allowed = dict.fromkeys(metadata.STORED, True)
_CARD: Allowed = {**dict.fromkeys(("brand", "last4", "country", "funding"), True), "wallet": {"type": True}}
# Of a bank account the bank, the country and the last digits; a tax number or an e-mail address of none.
_ACCOUNT: Allowed = dict.fromkeys(("bank", "bank_name", "bank_code", "last4", "iban_last4", "country"), True)
_ACCOUNTS: Allowed = dict.fromkeys(
    """acss_debit au_becs_debit bacs_debit bancontact eps fpx giropay ideal link nz_bank_account p24 sepa_debit sofort
    us_bank_account""".split(),
    _ACCOUNT,
)
_COMMON = dict.fromkeys("id object status amount currency created livemode payment_intent charge reason".split(), True)
_CHARGE: Allowed = {
    **_COMMON,
    **dict.fromkeys(
        "amount_captured amount_refunded captured refunded disputed failure_code payment_method".split(), True
    ),
    "metadata": _METADATA,
    "outcome": dict.fromkeys(("type", "reason", "network_status", "risk_level", "risk_score"), True),
    "payment_method_details": {
        "type": True,
        "card": {
            **_CARD,
            "capture_before": True,
            "three_d_secure": dict.fromkeys(("result", "authentication_flow", "version"), True),
        },
        **_ACCOUNTS,
    },
}
_OBJECTS: Mapping[str, Allowed] = {
    "payment_intent": {
        **_COMMON,
        **dict.fromkeys(
            ("amount_received", "canceled_at", "cancellation_reason", "capture_method", "description"), True
        ),
        "payment_method": True,
        "payment_method_types": True,
        "next_action": {"type": True},
        "latest_charge": _CHARGE,
        "metadata": _METADATA,
        "last_payment_error": {
            **dict.fromkeys(("type", "code", "decline_code", "charge", "payment_method_type"), True),
            "payment_method": {"id": True, "type": True, "card": _CARD, **_ACCOUNTS},
        },
    },
    "charge": _CHARGE,
    "refund": {**_COMMON, "failure_reason": True, "balance_transaction": True, "metadata": _METADATA},
    "dispute": {
        **_COMMON,
        "is_charge_refundable": True,
        "evidence_details": {"due_by": True},
        "balance_transactions": ({"id": True, "amount": True, "currency": True},),
    },
    "radar.early_fraud_warning": {**_COMMON, "actionable": True, "fraud_type": True},
    # Without ip_address, ip_address_location, session and billing_zip, which say where the customer was.
    "review": {**_COMMON, "open": True, "opened_reason": True, "closed_reason": True},
}
_UNKNOWN: Allowed = {"id": True, "object": True}


def strip_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with only what we need of its object, in the present shape; of an expanded object often only the id."""
    target = earlier_shapes.present((event.get("data") or {}).get("object") or {})
    kept = {name: event.get(name) for name in ("id", "type", "api_version", "created", "livemode")}
    if event.get("account"):
        kept["account"] = event["account"]
    return {**kept, "data": {"object": strip_object(target)}}


def strip_object(target: Mapping[str, Any]) -> dict[str, Any]:
    """The object, in the present shape, with only what we need."""
    return _pick(target, _OBJECTS.get(str(target.get("object")), _UNKNOWN))


def _pick(value: Mapping[str, Any], allowed: Allowed) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, rule in allowed.items():
        if name not in value:
            continue
        item = value[name]
        if isinstance(rule, tuple):
            # A list of objects; what is no object in it is left out.
            if isinstance(item, list):
                kept[name] = [_pick(each, rule[0]) for each in item if isinstance(each, Mapping)]
        elif isinstance(item, Mapping):
            kept[name] = _pick(item, rule) if isinstance(rule, Mapping) else item.get("id")
        elif not isinstance(item, list):
            kept[name] = item
        elif name == "payment_method_types":
            kept[name] = [word for word in item if isinstance(word, str)]
    return kept
