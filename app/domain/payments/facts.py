"""What is known about a payment, as immutable facts.

A fact is a snapshot that Stripe gave (in an event, an answer or a list) or a step that we took ourselves. Facts say
nothing about how they arrived; ``merge.apply`` merges them in any order with the same result (DESIGN section
4, rule 2). Times are whole Unix seconds, as Stripe writes them; amounts are minor units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from app.domain.payments.methods import Card, PaymentMethod
from app.domain.payments.states import ChargeStatus, ClosingKind, DisputeStatus, IntentStatus, RefundState


@dataclass(frozen=True, slots=True)
class Failure:
    """Stripe's codes for a failed attempt; views look the explanation up in ``declines``."""

    code: str
    decline_code: str | None = None

    @property
    def reason(self) -> str:
        """The more precise of the two codes."""
        return self.decline_code or self.code


@dataclass(frozen=True, slots=True)
class ThreeDSecure:
    """``payment_method_details.card.three_d_secure`` of a charge: result and flow in Stripe's words."""

    result: str | None
    flow: str | None


@dataclass(frozen=True, slots=True)
class Risk:
    """``outcome`` of a charge: Radar's level in Stripe's words, and its score up to 100 where the account has one."""

    level: str | None
    score: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeFact:
    """A charge as Stripe returned it at ``as_of``. One charge is one payment attempt that reached the bank.

    ``booked_at`` is when Stripe booked it on our balance, where the answer had that. ``is_delayed`` is true where the
    bank answers days later: the charge is pending, or of a payment method whose charges always begin so.
    """

    charge_id: str
    intent_id: str | None
    status: ChargeStatus
    created: int
    as_of: int
    amount: int
    currency: str
    amount_captured: int
    amount_refunded: int
    captured: bool
    payment_method_id: str | None
    failure: Failure | None
    card: Card | None
    three_d_secure: ThreeDSecure | None
    risk: Risk | None = None
    capture_before: int | None = None
    method: PaymentMethod | None = None
    booked_at: int | None = None
    is_delayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptError:
    """``last_payment_error`` of an intent. Without a charge it is a failed 3-D Secure request, or names nothing."""

    failure: Failure
    charge_id: str | None
    payment_method_id: str | None
    card: Card | None
    method: PaymentMethod | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentFact:
    """A payment intent as Stripe returned it at ``as_of`` (the event's time, or when we fetched it).

    ``settled`` names payment methods whose 3-D Secure request was known to be open before this snapshot was fetched:
    only a fetch can say so, because times of one second cannot order two events. ``action`` is ``next_action.type``,
    and ``method`` what the snapshot says of the present payment method.
    """

    intent_id: str
    status: IntentStatus
    amount: int
    currency: str
    created: int
    as_of: int
    livemode: bool
    capture_method: str
    amount_received: int
    payment_method_id: str | None
    latest_charge_id: str | None
    charge: ChargeFact | None
    last_error: AttemptError | None
    canceled_at: int | None
    cancellation_reason: str | None
    order_id: str | None
    customer_id: str | None
    payment_id: str | None
    description: str | None
    settled: frozenset[str] = field(default_factory=frozenset)
    action: str | None = None
    method: PaymentMethod | None = None

    @property
    def is_ours(self) -> bool:
        """True when its metadata carries the id of a payment under our own key (DESIGN section 4, rule 2)."""
        return bool(self.payment_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFact:
    """A refund as Stripe returned it at ``as_of``; ``refund_id`` is our own id where the refund was requested here.

    ``is_booked`` is true where Stripe has taken the money from our balance, whatever became of it since.
    """

    stripe_refund_id: str
    refund_id: str | None
    intent_id: str | None
    charge_id: str | None
    amount: int
    currency: str
    status: RefundState
    reason: str | None
    failure_reason: str | None
    created: int
    as_of: int
    is_booked: bool = False
    requested_by: str | None = None
    notes: str | None = None
    stripe_reason: str | None = None


class Booking(TypedDict):
    """A balance transaction: signed minor units of the settlement currency, without the fee. A plain dictionary."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeFact:
    """A dispute (chargeback or inquiry) as Stripe returned it; ``bookings`` are its balance transactions by id.

    ``is_charge_refundable`` and ``bookings`` are None where the snapshot does not have them.
    """

    dispute_id: str
    intent_id: str | None
    charge_id: str | None
    amount: int
    currency: str
    status: DisputeStatus
    reason: str
    created: int
    evidence_due_by: int | None
    is_charge_refundable: bool | None = None
    bookings: Mapping[str, Booking] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudWarningFact:
    """An early fraud warning: the card's network says that the cardholder reported fraud.

    ``actionable`` is true while the charge is neither disputed nor fully refunded.
    """

    warning_id: str
    intent_id: str | None
    charge_id: str | None
    actionable: bool
    fraud_type: str | None
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFact:
    """A review in Radar's queue. It holds no money: the payment is usually captured already."""

    review_id: str
    intent_id: str | None
    charge_id: str | None
    is_open: bool
    opened_reason: str | None
    closed_reason: str | None
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentRefused:
    """Stripe will never make an intent for this payment (say, a currency that the account cannot charge)."""

    code: str
    refused_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequested:
    """We decided to refund ``amount``; written before Stripe is asked, so that the amount is reserved."""

    refund_id: str
    amount: int
    reason: str | None
    notes: str | None
    requested_by: str
    requested_at: int
    stripe_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundUnanswered:
    """The call to Stripe ended without an answer: the refund may or may not exist, and no request waits for it."""

    refund_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRefused:
    """Stripe refused the refund for good; the reservation is given back."""

    refund_id: str
    failure_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSettled:
    """A person has refunded the money of a failed refund outside Stripe, as by a bank transfer."""

    refund_id: str
    settled_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingRequested:
    """We decided to capture ``amount`` of the hold, or to cancel; written before Stripe is asked."""

    closing_id: str
    kind: ClosingKind
    amount: int | None
    requested_by: str
    requested_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingUnanswered:
    """The call to Stripe ended without an answer, and no request waits for it."""

    closing_id: str
    unanswered_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingRefused:
    """It will not be made: Stripe refused it, or a later request took its place."""

    closing_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySpent:
    """Stripe keeps an error under an idempotency key of ours, so the next call takes the key of this ``number``.

    ``subject`` is the id of a refund or closing of ours, None for the intent itself.
    """

    subject: str | None
    number: int


Fact = (
    IntentFact
    | ChargeFact
    | RefundFact
    | DisputeFact
    | FraudWarningFact
    | ReviewFact
    | IntentRefused
    | RefundRequested
    | RefundUnanswered
    | RefundRefused
    | RefundSettled
    | ClosingRequested
    | ClosingUnanswered
    | ClosingRefused
    | KeySpent
)
