"""3-D Secure: which cards require it, and its result on a charge.

Source: docs.stripe.com/testing; facts §5, §11.
"""

from __future__ import annotations

from sandbox.behaviour.cards import Card
from sandbox.core.records import Intent, Json


def requires_challenge(card: Card, intent: Intent, off_session: bool) -> bool:
    """Whether the customer must complete a challenge before the card can be charged."""
    match card.three_d_secure:
        case "always" | "unless_set_up":
            return True
        case "set_up":
            return not off_session
        case "optional":
            return _requested(intent)
    return False


def _requested(intent: Intent) -> bool:
    request = intent.payment_method_options.get("card", {}).get("request_three_d_secure")
    return bool(request == "any")


def authenticated(flow: str) -> Json:
    """The result of a successful authentication, by a ``challenge`` or ``frictionless``."""
    return _result(flow, "authenticated", None, "05")


def without_challenge(card: Card, intent: Intent) -> Json | None:
    """The result of 3-D Secure without a challenge; None when it was not used."""
    match card.three_d_secure:
        case "frictionless":
            return authenticated("frictionless")
        case "lookup_fails":
            return _result(None, "processing_error", "protocol_error", None)
        case "optional_error" if _requested(intent):
            return _result(None, "processing_error", "protocol_error", None)
        case "not_supported" if _requested(intent):
            return _result(None, "not_supported", "network_not_supported", None)
        case "unenrolled" if _requested(intent):
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
