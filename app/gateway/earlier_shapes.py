"""Payment intents and charges as earlier API versions write them, in the present shape.

An endpoint without a version of its own sends the account's, which is as old as the account. What is read differs by:

- 2022-11-15: an intent has ``charges``, newest first, and no ``latest_charge`` (docs.stripe.com/changelog/2022-11-15).
- about 2020: a charge has no ``amount_captured``; 3-D Secure says ``authenticated`` and ``succeeded``, not a result.
- 2019-02-11: an intent has a source, and statuses and actions are named after it
  (docs.stripe.com/changelog/2019-02-11).
- before, a charge has a ``source``, a card or a Source of any type, and no ``payment_method_details``; brands of cards
  are spelled as on the card (docs.stripe.com/api/cards/object, /sources/object).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]

_STATUSES = {"requires_source": "requires_payment_method", "requires_source_action": "requires_action"}
_ACTIONS = {"authorize_with_url": "redirect_to_url"}
_BRANDS = {
    "American Express": "amex",
    "Diners Club": "diners",
    "Discover": "discover",
    "JCB": "jcb",
    "MasterCard": "mastercard",
    "UnionPay": "unionpay",
    "Unknown": "unknown",
    "Visa": "visa",
}


def present(target: Object) -> Object:
    """The object, in the present shape if it is a payment intent or a charge; it is the same one if nothing differs."""
    match target.get("object"):
        case "payment_intent":
            return {**target, **_of_intent(target)}
        case "charge":
            return {**target, **_of_charge(target)}
    return target


def _of_intent(intent: Object) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    status = str(intent.get("status"))
    if status in _STATUSES:
        changed["status"] = _STATUSES[status]
    if "payment_method" not in intent and "source" in intent:
        changed["payment_method"] = _method_of(intent["source"])
    if "payment_method_types" not in intent and "allowed_source_types" in intent:
        changed["payment_method_types"] = intent["allowed_source_types"]
    if "next_action" not in intent and _mapping(intent.get("next_source_action")):
        kind = intent["next_source_action"].get("type")
        changed["next_action"] = {"type": _ACTIONS.get(str(kind), kind)}
    error = _mapping(intent.get("last_payment_error"))
    if error and "payment_method" not in error and "source" in error:
        changed["last_payment_error"] = {**error, "payment_method": _method_of(error["source"])}
    charge = _latest_charge(intent)
    if charge is not None:
        changed["latest_charge"] = charge
    return changed


def _latest_charge(intent: Object) -> Object | None:
    """The newest charge, in full; None where the intent names it already, or has none."""
    charge = intent.get("latest_charge")
    if "latest_charge" not in intent:
        charges = _mapping(intent.get("charges")).get("data")
        charge = charges[0] if isinstance(charges, list) and charges else None
    return present(charge) if isinstance(charge, Mapping) else None


def _of_charge(charge: Object) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    if "amount_captured" not in charge:
        # What was not captured of a hold is among the refunds of these versions, where nothing tells it from others.
        whole = charge.get("captured") and charge.get("paid") and not charge.get("amount_refunded")
        changed["amount_captured"] = charge.get("amount") if whole else 0
    source = charge.get("source")
    if not charge.get("payment_method") and source:
        changed["payment_method"] = source.get("id") if isinstance(source, Mapping) else source
    details = _mapping(charge.get("payment_method_details"))
    if not details and isinstance(source, Mapping):
        details = _method_of(source)
    card = details.get("card")
    if isinstance(card, Mapping):
        secure = card.get("three_d_secure")
        if isinstance(secure, Mapping) and "result" not in secure:
            card = {**card, "three_d_secure": {**secure, "result": _result(secure)}}
        elif secure is not None and not isinstance(secure, Mapping):
            # On the card of a Source it is whether the card supports it: "optional", "required".
            card = {name: value for name, value in card.items() if name != "three_d_secure"}
        changed["payment_method_details"] = {**details, "card": card}
    elif details:
        changed["payment_method_details"] = details
    return changed


def _result(secure: Object) -> str:
    if secure.get("authenticated"):
        return "authenticated"
    return "attempt_acknowledged" if secure.get("succeeded") else "failed"


def _method_of(source: object) -> Any:
    """A source as a payment method: a card is its own details, a Source has them under its type."""
    if not isinstance(source, Mapping):
        return source
    kind = "card" if source.get("object") == "card" else str(source.get("type"))
    details = source if source.get("object") == "card" else _mapping(source.get(kind))
    if kind == "three_d_secure":
        # A Source that the customer's bank made of a card; without its authentication it counts as an attempt.
        kind = "card"
        details = {**details, "three_d_secure": {"authenticated": details.get("authenticated"), "succeeded": True}}
    if "brand" in details:
        details = {**details, "brand": _BRANDS.get(str(details["brand"]), details["brand"])}
    return {"id": source.get("id"), "type": kind, kind: details}


def _mapping(value: object) -> Object:
    return value if isinstance(value, Mapping) else {}
