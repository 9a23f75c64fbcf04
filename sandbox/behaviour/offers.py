"""What an intent offers: its parameters in every API version, and the types that come of them.

Sources: docs.stripe.com/api/payment_intents/create, docs.stripe.com/changelog/endive/2026-09-30; facts §4 and §17.
"""

from __future__ import annotations

from typing import Any

from sandbox.behaviour import method_types
from sandbox.behaviour.method_types import TYPES
from sandbox.core.errors import invalid
from sandbox.core.records import Intent, Json, PaymentMethod
from sandbox.versions.behaviour import method_types_are_writable


def check_parameters(params: dict[str, Any], version: str) -> None:
    """Raises a 400 for a parameter that this version does not take, or for two that exclude each other."""
    writable = method_types_are_writable(version)
    if "payment_method_types" in params and not writable:
        raise invalid(
            "The parameter payment_method_types is no longer supported. Use allowed_payment_method_types or "
            "excluded_payment_method_types to narrow the payment methods of your configuration.",
            param="payment_method_types",
            code="payment_method_types_no_longer_supported",
        )
    if "allowed_payment_method_types" in params and writable:
        raise invalid(
            "Received unknown parameter: allowed_payment_method_types",
            param="allowed_payment_method_types",
            code="parameter_unknown",
        )
    if "automatic_payment_methods" in params and "payment_method_types" in params:
        raise invalid(
            "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.",
            code="parameters_exclusive",
            param="payment_method_types",
        )


def automatic(params: dict[str, Any]) -> Json | None:
    """Automatic payment methods, which are the default since 2023-08-16 (facts §4)."""
    if "payment_method_types" in params:
        return None
    options = params.get("automatic_payment_methods", {"enabled": True})
    if not options["enabled"]:
        return None
    return {"allow_redirects": options.get("allow_redirects", "always"), "enabled": True}


def types(params: dict[str, Any], currency: str, version: str) -> list[str]:
    """The types of a new intent. Raises a 400 where none is left."""
    if "payment_method_types" in params:
        named: list[str] = params["payment_method_types"]
        for name in named:
            if name not in method_types.available(currency, version, customer=True):
                raise invalid(
                    f"The payment method type provided: {name} is invalid. Please ensure the provided type is "
                    "activated in your dashboard and your account is enabled for any preview features that you are "
                    "trying to use.",
                    param="payment_method_types",
                )
        return list(named)
    options = automatic(params)
    if options is None:
        return ["card"]
    offered = method_types.available(
        currency, version, redirects=options["allow_redirects"] == "always", customer=bool(params.get("customer"))
    )
    allowed = params.get("allowed_payment_method_types")
    if allowed is None:
        return offered
    left = [name for name in offered if name in allowed]
    if not left:
        raise invalid(
            "No valid payment method types for this Payment Intent. Please ensure that you have activated payment "
            "methods compatible with your chosen currency in your dashboard."
        )
    return left


def check_method(intent: Intent, method: PaymentMethod) -> None:
    """Raises a 400 for a method that the intent does not offer, or that cannot hold money."""
    if method.type not in intent.payment_method_types:
        raise invalid(
            f"The PaymentMethod provided ({method.type}) is not allowed for this PaymentIntent: "
            f"{intent.payment_method_types}.",
            param="payment_method",
            code="payment_intent_incompatible_payment_method",
        )
    kind = TYPES.get(method.type)
    if kind is not None and not kind.holds and intent.capture_method == "manual":
        raise invalid(f"The payment method type {method.type} does not support manual capture.", param="capture_method")
