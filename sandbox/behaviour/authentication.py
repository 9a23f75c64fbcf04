"""3-D Secure: when a card asks for it, and what a charge says of it.

Source: docs.stripe.com/testing; facts §5, §11.
"""

from __future__ import annotations

from sandbox.behaviour.cards import Card
from sandbox.core.records import Intent, Json


def must_ask(card: Card, intent: Intent, off_session: bool) -> bool:
    """Whether the customer has to be asked before the card can be charged."""
    match card.three_d_secure:
        case "always" | "unless_set_up":
            return True
        case "set_up":
            return not off_session
        case "optional":
            return _forced(intent)
    return False


def _forced(intent: Intent) -> bool:
    asked = intent.payment_method_options.get("card", {}).get("request_three_d_secure")
    return bool(asked == "any")


def authenticated(flow: str) -> Json:
    """A customer who passed, by a ``challenge`` or without noticing (``frictionless``)."""
    return _result(flow, "authenticated", None, "05")


def unasked(card: Card, intent: Intent) -> Json | None:
    """What 3-D Secure came to without the customer noticing; None when it was not used."""
    match card.three_d_secure:
        case "frictionless":
            return authenticated("frictionless")
        case "lookup_fails":
            return _result(None, "processing_error", "protocol_error", None)
        case "optional_error" if _forced(intent):
            return _result(None, "processing_error", "protocol_error", None)
        case "not_supported" if _forced(intent):
            return _result(None, "not_supported", "network_not_supported", None)
        case "unenrolled" if _forced(intent):
            return _result("frictionless", "attempt_acknowledged", None, "06")
    return None


def _result(flow: str | None, result: str, reason: str | None, eci: str | None) -> Json:
    return {
        "authentication_flow": flow,
        "electronic_commerce_indicator": eci,
        "exemption_indicator": None,
        "result": result,
        "result_reason": reason,
        "transaction_id": None,
        "version": "2.2.0" if flow else None,
    }
