"""A payment, its attempts, refunds and disputes: what services return and what views read.

Amounts are minor units. Fields of time are whole Unix seconds, as Stripe writes them; the properties that end in
``_at`` or ``_by`` give them as UTC datetimes. Vocabulary and meanings are those of DESIGN section 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.domain.payments.facts import Failure, Risk
from app.domain.payments.history import Entry
from app.domain.payments.methods import Card, PaymentMethod, Waiting
from app.domain.payments.states import (
    AttemptStatus,
    AuthenticationOutcome,
    CaptureMethod,
    DisputeStatus,
    FraudSignal,
    PaymentStatus,
    RefundState,
    RefundStatus,
)

Differences = Mapping[str, tuple[int, int] | tuple[str, str]]
"""What was asked and what was taken: ``currency``, and ``amount`` in minor units, each of its own currency."""


# The one bank debit that can be canceled while the bank processes it.
_STOPPABLE = "us_bank_account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """3-D Secure of one attempt; ``outcome`` is None when it was not requested. ``flow``: challenge | frictionless."""

    outcome: AuthenticationOutcome | None = None
    result: str | None = None
    flow: str | None = None

    @property
    def attempted(self) -> bool:
        return self.outcome is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to pay: a charge, or a 3-D Secure request that never became one.

    ``action`` is what an open one waits for, as ``next_action.type``.
    """

    charge_id: str | None
    payment_method_id: str | None
    status: AttemptStatus
    created: int
    failure: Failure | None
    card: Card | None
    three_d_secure: Authentication
    payment_method: PaymentMethod | None = None
    action: str | None = None

    @property
    def created_at(self) -> datetime:
        return datetime.fromtimestamp(self.created, UTC)

    @property
    def waiting_for(self) -> Waiting | None:
        """What an open attempt waits for; None for the others."""
        if self.status != AttemptStatus.OPEN:
            return None
        return Waiting.of(self.action, self.payment_method)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """One refund, requested here or made at Stripe. ``id`` is ours, or Stripe's where the refund was made there.

    ``settled_by`` is who gave the money of a failed one back outside Stripe. ``stripe_reason`` is Stripe's own word for
    the reason, where there is one; ``reason`` is the text by people. ``moved`` means that the money left our balance,
    whatever became of the refund; ``failed`` is when it came back, None where it did not.
    """

    id: str
    payment_id: str
    stripe_refund_id: str | None
    amount: int
    currency: str
    status: RefundState
    reason: str | None
    failure_reason: str | None
    notes: str | None
    requested_by: str | None
    created: int
    settled_by: str | None = None
    stripe_reason: str | None = None
    moved: bool = False
    failed: int | None = None

    @property
    def created_at(self) -> datetime:
        return datetime.fromtimestamp(self.created, UTC)

    @property
    def failed_at(self) -> datetime | None:
        return None if self.failed is None else datetime.fromtimestamp(self.failed, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """One chargeback or inquiry, in its own currency.

    ``withdrawn`` is what Stripe took for it and kept, in minor units by settlement currency; None where unknown.
    """

    id: str
    charge_id: str | None
    amount: int
    currency: str
    status: DisputeStatus
    reason: str
    evidence_due: int | None
    created: int
    is_charge_refundable: bool | None = None
    withdrawn: Mapping[str, int] | None = None

    @property
    def created_at(self) -> datetime:
        return datetime.fromtimestamp(self.created, UTC)

    @property
    def evidence_due_by(self) -> datetime | None:
        return None if self.evidence_due is None else datetime.fromtimestamp(self.evidence_due, UTC)

    @property
    def forbids_refunds(self) -> bool:
        """True where Stripe says that the charge cannot be refunded and no decision is due that could change it.

        The flag speaks of the charge, so one dispute that says so is enough. What holds after a won one Stripe does
        not document, so there Stripe is asked (docs.stripe.com/api/disputes/object).
        """
        undecided = self.status.blocks_refunds or self.status == DisputeStatus.WON
        return self.is_charge_refundable is False and not undecided

    def lost_in(self, currency: str) -> int | None:
        """What the customer has for good, in minor units of a currency; None when Stripe did not say it in that one."""
        if not self.status.takes_money:
            return 0
        taken = self.withdrawn
        if taken is not None and not any(amount > 0 for amount in taken.values()):
            return 0
        if self.currency == currency:
            return self.amount
        return taken[currency] if taken is not None and taken.keys() == {currency} else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudWarning:
    """An early fraud warning of the card's network; ``actionable`` while neither disputed nor fully refunded."""

    id: str
    charge_id: str | None
    actionable: bool
    fraud_type: str | None
    created: int

    @property
    def created_at(self) -> datetime:
        return datetime.fromtimestamp(self.created, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A review in Radar's queue."""

    id: str
    charge_id: str | None
    is_open: bool
    opened_reason: str | None
    closed_reason: str | None
    created: int

    @property
    def created_at(self) -> datetime:
        return datetime.fromtimestamp(self.created, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One payment.

    ``amount`` and ``currency`` are what was taken or is held; ``differs`` has what was asked where that is something
    else. ``amount_released`` is the part of a hold that was not captured, which is no refund. ``updated_at`` is when
    people last saw it change, None before it is stored; ``history`` is there where the whole document was read.
    """

    id: str
    order_id: str
    customer_id: str
    description: str | None
    payment_intent_id: str | None
    livemode: bool
    amount: int
    currency: str
    status: PaymentStatus
    cancellation_reason: str | None
    amount_captured: int
    refund_status: RefundStatus
    amount_refunded: int
    amount_refundable: int
    disputed: bool
    failure: Failure | None
    three_d_secure: Authentication
    card: Card | None
    attempts: tuple[Attempt, ...]
    refunds: tuple[Refund, ...]
    disputes: tuple[Dispute, ...]
    created: int
    completed: int | None
    risk: Risk | None = None
    fraud_warnings: tuple[FraudWarning, ...] = ()
    reviews: tuple[Review, ...] = ()
    amount_released: int = 0
    differs: Differences = field(default_factory=dict)
    updated_at: datetime | None = None
    capture_method: CaptureMethod = CaptureMethod.AUTOMATIC
    hold_expires: int | None = None
    history: Sequence[Entry] = ()
    payment_method: PaymentMethod | None = None

    @property
    def created_at(self) -> datetime:
        return datetime.fromtimestamp(self.created, UTC)

    @property
    def completed_at(self) -> datetime | None:
        return None if self.completed is None else datetime.fromtimestamp(self.completed, UTC)

    @property
    def hold_expires_at(self) -> datetime | None:
        """Until when the hold of this payment had or has to be captured; None where there never was one."""
        return None if self.hold_expires is None else datetime.fromtimestamp(self.hold_expires, UTC)

    @property
    def waiting_for(self) -> Waiting | None:
        """What the payment waits for while it needs an action of the customer."""
        if self.status != PaymentStatus.REQUIRES_ACTION:
            return None
        return next((waiting for attempt in self.attempts if (waiting := attempt.waiting_for)), None)

    @property
    def asked(self) -> tuple[int, str] | None:
        """Minor units and currency that were asked, where something else was taken; None where nothing differs."""
        if not self.differs:
            return None
        amount, currency = self.differs.get("amount"), self.differs.get("currency")
        return (int(amount[0]) if amount else self.amount, str(currency[0]) if currency else self.currency)

    @property
    def is_held(self) -> bool:
        """True while the money is held and can be captured."""
        return self.status == PaymentStatus.AUTHORIZED

    @property
    def can_be_canceled(self) -> bool:
        """True while there is an intent at Stripe that has not ended.

        Of what a bank already processes only an ACH debit can be stopped (docs.stripe.com/refunds#cancel-payment).
        """
        if self.status == PaymentStatus.PROCESSING:
            return self.payment_method is not None and self.payment_method.type == _STOPPABLE
        return self.payment_intent_id is not None and not self.status.is_final

    @property
    def amount_lost(self) -> int:
        """What disputes took for good, in minor units; without those whose loss is known only in another currency."""
        return sum(dispute.lost_in(self.currency) or 0 for dispute in self.disputes)

    @property
    def dispute_open(self) -> bool:
        """True while a dispute forbids refunds."""
        return any(dispute.status.blocks_refunds for dispute in self.disputes)

    @property
    def fraud_signals(self) -> list[FraudSignal]:
        """The signals of fraud by which lists find the payment."""
        return FraudSignal.of(
            risk_level=self.risk.level if self.risk else None,
            warnings=[warning.actionable for warning in self.fraud_warnings],
            review_open=any(review.is_open for review in self.reviews),
            can_be_refunded=self.can_be_refunded and not self.disputed,
        )

    @property
    def fraud_warning_open(self) -> bool:
        """True while a refund may still keep an early fraud warning from becoming a dispute."""
        return FraudSignal.WARNING_OPEN in self.fraud_signals

    @property
    def can_be_refunded(self) -> bool:
        """True when money is left to refund; an open dispute still forbids it."""
        return self.status == PaymentStatus.COMPLETED and bool(self.amount_refundable)
