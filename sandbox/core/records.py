"""What the sandbox stores of each object. behaviour/rendering.py turns records into Stripe's JSON.

Amounts are integers in minor units, times are Unix seconds. Every field is valid JSON, so a record is stored as it
is. ``seq`` numbers all records in the order of their creation and breaks ties of ``created``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, ClassVar

Json = dict[str, Any]

# The webhook endpoint that the command line or /_sandbox/webhooks configures.
COMMAND_LINE_ENDPOINT = "we_3SandboxCommandLine00000"


@dataclass(slots=True, eq=False)
class Record:
    """The fields of every object."""

    KIND: ClassVar[str] = ""

    id: str
    created: int
    seq: int


@dataclass(slots=True, eq=False)
class Customer(Record):
    """A customer (docs.stripe.com/api/customers/object)."""

    KIND: ClassVar[str] = "customer"

    email: str | None = None
    name: str | None = None
    phone: str | None = None
    description: str | None = None
    address: Json | None = None
    shipping: Json | None = None
    deleted: bool = False
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class PaymentMethod(Record):
    """A card, by one of the test numbers of behaviour/cards.py, or a ``type`` of behaviour/method_types.py.

    ``wallet`` is the wallet that a card was in.
    """

    KIND: ClassVar[str] = "payment_method"

    number: str = ""
    type: str = "card"
    wallet: str | None = None
    exp_month: int = 12
    exp_year: int = 2034
    cvc_given: bool = True
    customer: str | None = None
    billing_details: Json = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Intent(Record):
    """A payment intent (docs.stripe.com/api/payment_intents/object)."""

    KIND: ClassVar[str] = "payment_intent"

    amount: int = 0
    currency: str = "usd"
    status: str = "requires_payment_method"
    capture_method: str = "automatic"
    confirmation_method: str = "automatic"
    automatic_payment_methods: Json | None = None
    payment_method_types: list[str] = field(default_factory=lambda: ["card"])
    allowed_payment_method_types: list[str] | None = None
    payment_method_options: Json = field(default_factory=dict)
    payment_method: str | None = None
    customer: str | None = None
    description: str | None = None
    receipt_email: str | None = None
    shipping: Json | None = None
    setup_future_usage: str | None = None
    statement_descriptor: str | None = None
    statement_descriptor_suffix: str | None = None
    transfer_group: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    latest_charge: str | None = None
    amount_received: int = 0
    amount_capturable: int = 0
    canceled_at: int | None = None
    cancellation_reason: str | None = None
    last_payment_error: Json | None = None
    next_action: Json | None = None
    review: str | None = None
    # 3-D Secure succeeded, and the intent waits for the server's confirmation (confirmation_method=manual).
    authenticated: bool = False

    @property
    def client_secret(self) -> str:
        """Derived from the id, so it is not stored."""
        return f"{self.id}_secret_{hashlib.sha256(self.id.encode()).hexdigest()[:24]}"


@dataclass(slots=True, eq=False)
class Charge(Record):
    """One attempt (docs.stripe.com/api/charges/object)."""

    KIND: ClassVar[str] = "charge"

    amount: int = 0
    currency: str = "usd"
    payment_intent: str = ""
    payment_method: str = ""
    status: str = "succeeded"
    captured: bool = False
    amount_captured: int = 0
    # Includes pending refunds and released holds, not failed or canceled refunds.
    amount_refunded: int = 0
    disputed: bool = False
    failure_code: str | None = None
    failure_message: str | None = None
    outcome: Json | None = None
    three_d_secure: Json | None = None
    balance_transaction: str | None = None
    customer: str | None = None
    description: str | None = None
    receipt_email: str | None = None
    shipping: Json | None = None
    statement_descriptor_suffix: str | None = None
    transfer_group: str | None = None
    fraud_report: str | None = None
    review: str | None = None
    # Until when a hold has to be captured; None where the money was taken at once.
    capture_before: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def refunded(self) -> bool:
        """True only when the whole amount was refunded."""
        return self.status == "succeeded" and self.amount_refunded >= self.amount


@dataclass(slots=True, eq=False)
class Refund(Record):
    """A refund; ``release`` marks the one that Stripe creates when a hold is released (facts §4)."""

    KIND: ClassVar[str] = "refund"

    amount: int = 0
    currency: str = "usd"
    charge: str = ""
    payment_intent: str = ""
    status: str = "succeeded"
    reason: str | None = None
    failure_reason: str | None = None
    balance_transaction: str | None = None
    failure_balance_transaction: str | None = None
    # The type of the payment method that is refunded.
    method_type: str = "card"
    release: bool = False
    # The status that the card's refunds change to later: succeeded, failed, or None when the first is final.
    later: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Dispute(Record):
    """A dispute or an inquiry (docs.stripe.com/api/disputes/object)."""

    KIND: ClassVar[str] = "dispute"

    amount: int = 0
    currency: str = "usd"
    charge: str = ""
    payment_intent: str = ""
    brand: str = "visa"
    reason: str = "fraudulent"
    status: str = "needs_response"
    inquiry: bool = False
    # What Stripe takes in the settlement currency; None where that is the currency of the dispute.
    withdrawn: int | None = None
    refundable: bool = False
    due_by: int | None = None
    balance_transactions: list[str] = field(default_factory=list)
    evidence: dict[str, str] = field(default_factory=dict)
    # How often the evidence went to the bank.
    submissions: int = 0
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class FraudWarning(Record):
    """An early fraud warning (docs.stripe.com/api/radar/early_fraud_warnings/object)."""

    KIND: ClassVar[str] = "early_fraud_warning"

    charge: str = ""
    payment_intent: str = ""
    fraud_type: str = "misc"
    # No dispute has come yet, and the charge is not fully refunded.
    actionable: bool = True


@dataclass(slots=True, eq=False)
class Review(Record):
    """A payment that a person should look at (docs.stripe.com/api/radar/reviews/object)."""

    KIND: ClassVar[str] = "review"

    charge: str = ""
    payment_intent: str = ""
    opened_reason: str = "rule"
    reason: str = "rule"
    closed_reason: str | None = None


@dataclass(slots=True, eq=False)
class BalanceTransaction(Record):
    """Money in (positive) or out (negative) of our Stripe balance."""

    KIND: ClassVar[str] = "balance_transaction"

    amount: int = 0
    fee: int = 0
    currency: str = "usd"
    type: str = "charge"
    reporting_category: str = "charge"
    source: str = ""
    # The automatic payout that it went into, which its own booking belongs to as well.
    payout: str | None = None
    available: bool = False

    @property
    def available_on(self) -> int:
        """Unix seconds; two days later unless it is available at once (facts §13: T+2 in the US)."""
        return self.created if self.available else self.created + 2 * 86400


@dataclass(slots=True, eq=False)
class Payout(Record):
    """Money on its way to our bank (docs.stripe.com/api/payouts/object); a negative one takes money from there."""

    KIND: ClassVar[str] = "payout"

    amount: int = 0
    currency: str = "usd"
    status: str = "pending"
    automatic: bool = True
    arrival_date: int = 0
    description: str | None = None
    statement_descriptor: str | None = None
    balance_transaction: str | None = None
    failure_balance_transaction: str | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    # Whether it is known of every booking that it is in this payout.
    reconciled: bool = False
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class File(Record):
    """An uploaded file, without its content (docs.stripe.com/api/files/object); ``size`` is in bytes."""

    KIND: ClassVar[str] = "file"

    filename: str = ""
    format: str = ""
    purpose: str = ""
    size: int = 0


@dataclass(slots=True, eq=False)
class Event(Record):
    """An event; ``data`` is the JSON text of its snapshot, which never changes."""

    KIND: ClassVar[str] = "event"

    type: str = ""
    api_version: str = ""
    data: str = ""
    object_id: str = ""
    # The connected account that it comes from, if any; and whether it comes from live mode. Neither is ours.
    account: str | None = None
    livemode: bool = False
    request_id: str | None = None
    idempotency_key: str | None = None
    # Endpoints still to be reached, and those that the dispatcher gave up on.
    pending: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def ours(self) -> bool:
        """Whether our own account made it, in test mode: the API lists only these."""
        return self.account is None and not self.livemode

    @property
    def delivered(self) -> bool:
        """True when every endpoint accepted it."""
        return not self.pending and not self.failed


@dataclass(slots=True, eq=False)
class Endpoint(Record):
    """A webhook endpoint. Every one of ``secrets`` signs, as during the rotation of a secret."""

    KIND: ClassVar[str] = "webhook_endpoint"

    url: str = ""
    secrets: list[str] = field(default_factory=list)
    enabled_events: list[str] = field(default_factory=lambda: ["*"])
    enabled: bool = True
    api_version: str | None = None
    # Whether it gets the events of connected accounts instead of the account's own.
    connect: bool = False
    description: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class StoredResponse(Record):
    """The first response under an idempotency key; ``id`` is the key, ``fingerprint`` identifies the request."""

    # The name in the data files of earlier versions.
    KIND: ClassVar[str] = "stored_answer"

    fingerprint: str = ""
    status: int = 200
    body: str = ""


RECORD_TYPES: dict[str, type[Record]] = {
    kind.KIND: kind
    for kind in (
        Customer, PaymentMethod, Intent, Charge, Refund, Dispute, FraudWarning, Review, BalanceTransaction, Payout,
        File, Event, Endpoint, StoredResponse,
    )
}  # fmt: skip
