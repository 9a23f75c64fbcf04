"""Disputes and balance transactions in Stripe's format at the newest API version."""

from __future__ import annotations

from sandbox.behaviour.rendering import fields
from sandbox.core.records import BalanceTransaction, Dispute, Json
from sandbox.core.store import Store

# What can be sent as evidence (facts §14).
EVIDENCE = tuple(
    """access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal
    customer_communication customer_email_address customer_name customer_purchase_ip customer_signature
    duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt
    refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation
    shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number
    uncategorized_file uncategorized_text""".split()
)
_DISPUTE = "id amount charge created currency reason status".split()
_BALANCE_TRANSACTION = "id amount created currency fee reporting_category source type".split()
_NETWORK_REASONS = {"fraudulent": "10.4", "product_not_received": "13.1", "noncompliant": "98"}


def dispute(record: Dispute, store: Store) -> Json:
    """docs.stripe.com/api/disputes/object; balance transactions are embedded in full."""
    bookings = [store.balance_transactions.by_id[txn] for txn in record.balance_transactions]
    card = {
        "brand": record.brand,
        "case_type": "inquiry" if record.inquiry else "chargeback",
        "network": record.brand,
        "network_reason_code": _NETWORK_REASONS.get(record.reason, "10.4"),
    }
    return {
        **fields(record, _DISPUTE),
        "object": "dispute",
        "balance_transactions": [balance_transaction(booking, store) for booking in bookings],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE), **record.evidence, "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": record.due_by,
            "enhanced_eligibility": {},
            "has_evidence": bool(record.evidence),
            "past_due": False,
            "submission_count": record.submissions,
            "submission_method": "manual" if record.submissions else "not_submitted",
        },
        "is_charge_refundable": record.refundable,
        "livemode": False,
        "metadata": dict(record.metadata),
        "payment_intent": record.payment_intent or None,
        "payment_method_details": {"card": card, "type": "card"},
    }


def balance_transaction(record: BalanceTransaction, store: Store) -> Json:
    """docs.stripe.com/api/balance_transactions/object."""
    fees = {
        "amount": record.fee,
        "application": None,
        "currency": record.currency,
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }
    return {
        **fields(record, _BALANCE_TRANSACTION),
        "object": "balance_transaction",
        "balance_type": "payments",
        "available_on": record.available_on,
        "description": None,
        "exchange_rate": None,
        "fee_details": [fees] if record.fee else [],
        "net": record.amount - record.fee,
        "status": "available" if record.available_on <= store.now() else "pending",
    }
