"""The payment document: searchable fields, the evidence they are derived from, and the history.

One payment is one document, so one write is one change (DESIGN section 4, rule 1). Reads and writes on the hot path go
through pymongo with the mapping in ``mapping``; the classes below declare the schema and its indexes.
"""

from __future__ import annotations

from typing import Any, ClassVar

from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    EmbeddedDocument,
    EmbeddedDocumentListField,
    IntField,
    LongField,
    StringField,
)

from app.domain.payments.states import PaymentStatus, RefundState
from app.models.document import StoredDocument

# Stripe may still change payments in these states long after they were made, without anything new that a list of
# Stripe's would show.
WAITING = [status.value for status in PaymentStatus if status.waits_for_stripe]


class AttemptDocument(EmbeddedDocument):
    """One try to pay: a charge, or a 3-D Secure request that never became one."""

    charge_id = StringField(null=True)
    payment_method_id = StringField(null=True)
    status = StringField(required=True)
    failure = DictField(null=True)
    card = DictField(null=True)
    three_d_secure = DictField()
    created_at = DateTimeField(required=True)
    # Where it says more than the card: type, wallet, brand, last4, country, funding, bank.
    payment_method = DictField(default=None)
    # ``next_action.type``: what an open one waits for.
    action = StringField()


class RefundDocument(EmbeddedDocument):
    """One refund. ``id`` is ours, or Stripe's where the refund was made there."""

    id = StringField(required=True)
    stripe_refund_id = StringField(null=True)
    amount = LongField(required=True)
    currency = StringField(required=True)
    status = StringField(required=True)
    reason = StringField(null=True)
    failure_reason = StringField(null=True)
    notes = StringField(null=True)
    requested_by = StringField(null=True)
    created_at = DateTimeField(required=True)
    # The person who recorded that the money of a failed refund was refunded outside Stripe.
    settled_by = StringField()
    # Stripe's own word for the reason, where it has one.
    stripe_reason = StringField()
    # True where the money left our balance although the refund has not succeeded; and when it came back.
    moved = BooleanField()
    failed_at = DateTimeField()


class DisputeDocument(EmbeddedDocument):
    """One chargeback or inquiry."""

    id = StringField(required=True)
    charge_id = StringField(null=True)
    amount = LongField(required=True)
    currency = StringField(required=True)
    status = StringField(required=True)
    reason = StringField(required=True)
    evidence_due_by = DateTimeField(null=True)
    created_at = DateTimeField(required=True)
    # Both only where Stripe said so.
    is_charge_refundable = BooleanField()
    withdrawn = DictField(default=None)


class FraudWarningDocument(EmbeddedDocument):
    """One early fraud warning of the card's network."""

    id = StringField(required=True)
    charge_id = StringField(null=True)
    actionable = BooleanField(required=True)
    fraud_type = StringField(null=True)
    created_at = DateTimeField(required=True)


class ReviewDocument(EmbeddedDocument):
    """One review in Radar's queue."""

    id = StringField(required=True)
    charge_id = StringField(null=True)
    is_open = BooleanField(required=True)
    opened_reason = StringField(null=True)
    closed_reason = StringField(null=True)
    created_at = DateTimeField(required=True)


class HistoryDocument(EmbeddedDocument):
    """One link of the hash chain; see ``app.domain.payments.history``."""

    seq = IntField(required=True)
    at = LongField(required=True)
    source = StringField(required=True)
    reference = StringField(null=True)
    actor = StringField(null=True)
    changes = DictField()
    record_digest = StringField(required=True)
    previous_hash = StringField(required=True)
    hash = StringField(required=True)


class PaymentDocument(StoredDocument):
    """Amounts are minor units of ``currency``; ``version`` guards every write (optimistic concurrency)."""

    order_id = StringField(required=True)
    customer_id = StringField(required=True)
    description = StringField(null=True)
    payment_intent_id = StringField(null=True)
    livemode = BooleanField(required=True)
    amount = LongField(required=True)
    currency = StringField(required=True)
    status = StringField(required=True)
    cancellation_reason = StringField(null=True)
    amount_captured = LongField(required=True)
    refund_status = StringField(required=True)
    amount_refunded = LongField(required=True)
    amount_refundable = LongField(required=True)
    disputed = BooleanField(required=True)
    failure = DictField(null=True)
    three_d_secure = DictField()
    card = DictField(null=True)
    # Where it says more than the card.
    payment_method = DictField(default=None)
    attempts = EmbeddedDocumentListField(AttemptDocument)
    refunds = EmbeddedDocumentListField(RefundDocument)
    disputes = EmbeddedDocumentListField(DisputeDocument)
    # The part of a hold that was not captured, and what was asked where something else was taken: {field: [asked,
    # taken]}. Both only where there is any.
    amount_released = LongField()
    differs = DictField(default=None)
    # The signals of fraud are there only where Stripe has any.
    risk = DictField(default=None)
    fraud_warnings = EmbeddedDocumentListField(FraudWarningDocument, default=None)
    reviews = EmbeddedDocumentListField(ReviewDocument, default=None)
    created_at = DateTimeField(required=True)
    completed_at = DateTimeField(null=True)
    updated_at = DateTimeField(required=True)
    # Both only where the money is, or was, held first.
    capture_method = StringField()
    hold_expires_at = DateTimeField()
    # Present only while the payment is open and was requested here: one open payment per order, customer and amount.
    open_slot = StringField()
    # Until when the request that made the row may be talking to Stripe about it.
    creating_until = DateTimeField()
    # When Stripe was last asked to capture or cancel, while the outcome is unknown.
    closing_since = DateTimeField()
    evidence = DictField(required=True)
    history = EmbeddedDocumentListField(HistoryDocument)
    version = IntField(required=True)
    # Set by every change and removed when the change has been counted in the figures; see ``figures_store``.
    uncounted = BooleanField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "payments",
        # A partial index serves only queries that MongoDB can see to lie within its filter. An equality with a text
        # lies within "greater than the empty text", but not within "is of type string".
        "indexes": [
            {
                "name": "intent",
                "fields": ["payment_intent_id"],
                "unique": True,
                "partialFilterExpression": {"payment_intent_id": {"$gt": ""}},
            },
            {
                "name": "open_slot",
                "fields": ["open_slot"],
                "unique": True,
                "partialFilterExpression": {"open_slot": {"$gt": ""}},
            },
            # No index serves lists: the API and the dashboard list the rows of ``models.listing``, so a webhook does
            # not write the keys of their filters. This one is for reconciliation of a range, for the audit of the
            # newest payments, and for building the figures in the order of creation.
            {"name": "created", "fields": ["-created_at", "-id"]},
            # For events that name a charge and no intent. Charges are few for a payment, and their ids never change.
            {
                "name": "charge",
                "fields": ["attempts.charge_id"],
                "partialFilterExpression": {"attempts.charge_id": {"$gt": ""}},
            },
            # What reconciliation looks for however old it is: bank debits under way and holds not yet captured. They
            # are few at any time, so the index is small.
            {
                "name": "waiting",
                "fields": ["-created_at", "-id"],
                "partialFilterExpression": {"status": {"$in": WAITING}},
            },
            # What the worker looks for: refunds that Stripe has not named yet. Payments with a pending refund are few
            # at any time, so the index is small, and the writes of all the others do not touch it.
            {
                "name": "refund_unanswered",
                "fields": ["refunds.stripe_refund_id", "refunds.created_at"],
                "partialFilterExpression": {"refunds.status": RefundState.PENDING.value},
            },
            {"name": "uncounted", "fields": ["uncounted"], "partialFilterExpression": {"uncounted": True}},
            {
                "name": "unanswered",
                "fields": ["creating_until"],
                "partialFilterExpression": {"creating_until": {"$type": "date"}},
            },
            {
                "name": "closing",
                "fields": ["closing_since"],
                "partialFilterExpression": {"closing_since": {"$type": "date"}},
            },
        ],
    }
