"""The evidence that a payment rests on, as ``payment_state`` merges it and MongoDB keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.payments.facts import Booking, Failure, Risk, ThreeDSecure
from app.domain.payments.methods import Card, PaymentMethod
from app.domain.payments.states import CaptureMethod, ChargeStatus, ClosingKind, DisputeStatus, RefundState


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeEvidence:
    """All that was learnt about one charge. ``created`` stays None while only an intent named the charge.

    ``in_processing`` is true once the intent was seen in processing with it: nobody waits for the customer any more.

    ``currency`` is None where the charge was last seen by a version of this service that did not keep it. ``taken_at``
    is the earliest time at which its money was seen taken, ``booked_at`` when Stripe booked it on our balance. ``held``
    means that it was seen authorized and not captured, ``delayed`` that its bank answers days later.
    """

    status: ChargeStatus
    first_seen: int
    created: int | None = None
    amount: int = 0
    amount_captured: int = 0
    captured: bool = False
    payment_method_id: str | None = None
    failure: Failure | None = None
    card: Card | None = None
    three_d_secure: ThreeDSecure | None = None
    risk: Risk | None = None
    capture_before: int | None = None
    method: PaymentMethod | None = None
    in_processing: bool = False
    currency: str | None = None
    taken_at: int | None = None
    booked_at: int | None = None
    held: bool = False
    delayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeEvidence:
    """An action asked of the customer, known by its payment method, because no charge exists before it is answered.

    It is a 3-D Secure request, a redirect, a voucher or a bank transfer: ``action`` is ``next_action.type``.

    ``after_charge_id`` is the intent's latest charge when the request was first seen: it orders the request against
    charges of the same second.
    """

    requested_at: int | None = None
    last_requested_at: int | None = None
    after_charge_id: str | None = None
    failed_at: int | None = None
    failure: Failure | None = None
    settled: bool = False
    card: Card | None = None
    action: str | None = None
    method: PaymentMethod | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureEvidence:
    """A failure that named neither a charge nor a payment method, known by its reason."""

    first_seen: int
    failure: Failure
    method: PaymentMethod | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundEvidence:
    """One refund, requested here (last at ``requested_at``) or made at Stripe. ``amount`` is in minor units.

    ``settled_by`` is who refunded a failed one outside Stripe. ``stripe_reason`` is Stripe's own word for the reason.

    ``unanswered`` means that a call for it ended without an answer, so that a retry should complete this one.

    ``key_number`` counts the idempotency keys that were used for it; None is the first.

    ``currency`` is None until Stripe names it. ``status_as_of`` is the time of the newest status that is not final.
    ``moved`` means that the money left our balance (it succeeded, or Stripe booked it), ``failed_at`` the earliest time
    at which it was seen to have come back.
    """

    amount: int
    status: RefundState
    stripe_refund_id: str | None = None
    requested_at: int | None = None
    created: int | None = None
    reason: str | None = None
    failure_reason: str | None = None
    notes: str | None = None
    requested_by: str | None = None
    unanswered: bool = False
    settled_by: str | None = None
    stripe_reason: str | None = None
    key_number: int | None = None
    charge_id: str | None = None
    currency: str | None = None
    status_as_of: int | None = None
    moved: bool = False
    failed_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingEvidence:
    """A capture or cancellation that was requested here. ``amount`` is what to capture, in minor units.

    ``asked_at`` is when Stripe was last asked, ``unanswered_at`` when such a call last ended without an answer, and
    ``refused`` why it will not be made. Whether it was made, the intent and its charge say.
    """

    kind: ClosingKind
    amount: int | None
    requested_by: str
    requested_at: int
    asked_at: int
    unanswered_at: int | None = None
    refused: str | None = None
    key_number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeEvidence:
    """One dispute; ``evidence_due_by`` is a Unix time.

    ``lost_nothing`` is True when a snapshot of the lost dispute listed no booking, so that no money was taken for it.
    """

    charge_id: str | None
    amount: int
    currency: str
    status: DisputeStatus
    reason: str
    created: int
    evidence_due_by: int | None
    is_charge_refundable: bool | None = None
    bookings: Mapping[str, Booking] | None = None
    lost_nothing: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudWarningEvidence:
    """One early fraud warning."""

    charge_id: str | None = None
    actionable: bool = False
    fraud_type: str | None = None
    created: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewEvidence:
    """One review in Radar's queue."""

    charge_id: str | None = None
    is_open: bool = False
    opened_reason: str | None = None
    closed_reason: str | None = None
    created: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentState:
    """Everything known about one payment. Amounts are in minor units, times are Unix seconds.

    ``capture_method`` is manual, or None for automatic. ``key_number`` counts the idempotency keys that were used to
    create the intent; None is the first.

    ``asked_amount`` and ``asked_currency`` are what was asked when the payment was opened here, None for an adopted
    one. ``amount`` and ``currency`` are those of the newest snapshot of the intent (at ``amount_as_of``), of the charge
    that took the money once that is known, and before either what was asked.
    """

    payment_id: str
    order_id: str
    customer_id: str
    amount: int
    currency: str
    opened_at: int
    description: str | None = None
    amount_as_of: int = 0
    asked_amount: int | None = None
    asked_currency: str | None = None
    intent_id: str | None = None
    intent_created: int | None = None
    livemode: bool = False
    succeeded_at: int | None = None
    amount_received: int = 0
    canceled_at: int | None = None
    cancellation_reason: str | None = None
    refused_code: str | None = None
    idle_at: int | None = None
    capture_method: CaptureMethod | None = None
    key_number: int | None = None
    held_at: int | None = None
    processing_at: int | None = None
    charges: Mapping[str, ChargeEvidence] = field(default_factory=dict)
    challenges: Mapping[str, ChallengeEvidence] = field(default_factory=dict)
    failures: Mapping[str, FailureEvidence] = field(default_factory=dict)
    refunds: Mapping[str, RefundEvidence] = field(default_factory=dict)
    disputes: Mapping[str, DisputeEvidence] = field(default_factory=dict)
    fraud_warnings: Mapping[str, FraudWarningEvidence] = field(default_factory=dict)
    reviews: Mapping[str, ReviewEvidence] = field(default_factory=dict)
    closings: Mapping[str, ClosingEvidence] = field(default_factory=dict)
