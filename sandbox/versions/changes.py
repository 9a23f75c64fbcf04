"""What each API version changed in the objects that this Stripe has, newest first.

The sandbox makes every object in the newest shape. ``undo`` turns an object of the version into one of the version
before, in place; it also gets partial objects (``previous_attributes``), so it removes and never assumes a field.
Sources: docs.stripe.com/changelog (the page of each change); the two OpenAPI documents; facts §10. Where the
changelog does not date a new field, it belongs to the first version in which Stripe's libraries have it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.core.records import Json

Undo = Callable[[Json], None]


@dataclass(frozen=True, slots=True)
class Change:
    """A change of objects of some ``kinds``, first seen in ``version``; the kind of an error body is ``error``."""

    version: str
    kinds: frozenset[str]
    undo: Undo


def _without(*paths: str) -> Undo:
    """Remove fields; ``a.b`` is the field b of the object a."""

    def undo(value: Json) -> None:
        for path in paths:
            *parents, name = path.split(".")
            holder = value
            for parent in parents:
                holder = holder.get(parent) or {}
            holder.pop(name, None)

    return undo


def _with(name: str) -> Undo:
    """Add a field that the version removed; it is always null here."""

    def undo(value: Json) -> None:
        value[name] = None

    return undo


def _three_d_secure_of_shared_data(charge: Json) -> None:
    """Such a charge was indistinguishable from one without 3-D Secure (changelog dahlia/2026-07-29)."""
    card = (charge.get("payment_method_details") or {}).get("card") or {}
    if (card.get("three_d_secure") or {}).get("result") == "data_share_only":
        card["three_d_secure"] = None


def _prevented(dispute: Json) -> None:
    """Older versions have no word for it; disputes resolved elsewhere show as lost there (facts §14)."""
    if dispute.get("status") == "prevented":
        dispute["status"] = "lost"
    card = (dispute.get("payment_method_details") or {}).get("card") or {}
    if card.get("case_type") in ("block", "resolution"):
        card["case_type"] = "chargeback"


def _expired(intent: Json) -> None:
    if intent.get("cancellation_reason") == "expired":
        intent["cancellation_reason"] = "automatic"


def _change(version: str, kinds: str, undo: Undo) -> Change:
    return Change(version, frozenset(kinds.split()), undo)


CHANGES = (
    _change("2026-10-28.endive", "charge", _without("payment_method_details.card.electronic_commerce_indicator")),
    _change("2026-09-30.endive", "payment_intent setup_intent", _without("allowed_payment_method_types")),
    _change("2026-07-29.dahlia", "charge", _three_d_secure_of_shared_data),
    _change("2026-03-25.dahlia", "dispute", _without("evidence.appeal")),
    _change("2026-01-28.clover", "balance_transaction", _without("balance_type")),
    _change("2025-12-15.clover", "payment_intent setup_intent customer refund", _without("customer_account")),
    _change("2025-12-15.clover", "payment_method", _without("customer_account")),
    _change("2025-12-15.clover", "refund", _without("customer", "payment_method")),
    _change("2025-12-15.clover", "dispute", _without("evidence_details.submission_method")),
    _change("2025-11-17.clover", "payment_intent", _expired),
    _change("2025-09-30.clover", "customer", _without("business_name", "individual_name")),
    _change("2025-08-27.basil", "payment_intent setup_intent", _without("excluded_payment_method_types")),
    _change("2025-08-27.basil", "dispute", _prevented),
    _change("2025-08-27.basil", "payout", _without("payout_method")),
    _change("2025-06-30.basil", "charge payment_method", _without("billing_details.tax_id")),
    _change("2025-04-30.basil", "refund", _without("pending_reason")),
    _change("2025-04-30.basil", "event", _without("context")),
    _change("2025-03-31.basil", "payment_intent charge", _with("invoice")),
    _change("2025-01-27.acacia", "charge", _without("outcome.advice_code")),
    _change("2025-01-27.acacia", "payment_intent", _without("last_payment_error.advice_code")),
    _change("2025-01-27.acacia", "error", _without("advice_code")),
    _change("2024-12-18.acacia", "charge", _without("outcome.network_advice_code", "outcome.network_decline_code")),
    _change(
        "2024-12-18.acacia",
        "payment_intent",
        _without("last_payment_error.network_advice_code", "last_payment_error.network_decline_code"),
    ),
    _change("2024-12-18.acacia", "error", _without("network_advice_code", "network_decline_code")),
    _change(
        "2024-12-18.acacia",
        "charge",
        _without(
            "payment_method_details.card.authorization_code", "payment_method_details.card.network_transaction_id"
        ),
    ),
    _change("2024-11-20.acacia", "payout", _without("trace_id")),
    _change(
        "2024-11-20.acacia",
        "dispute",
        _without("enhanced_eligibility_types", "evidence.enhanced_evidence", "evidence_details.enhanced_eligibility"),
    ),
    _change(
        "2024-11-20.acacia",
        "charge payment_method",
        _without("card.regulated_status", "payment_method_details.card.regulated_status"),
    ),
    _change(
        "2024-09-30.acacia",
        "dispute",
        _without("payment_method_details.card.case_type", "payment_method_details.card.network"),
    ),
    _change("2024-06-20", "payment_method", _without("allow_redisplay")),
    _change("2024-04-10", "payout", _without("application_fee", "application_fee_amount")),
)
