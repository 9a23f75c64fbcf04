"""Every status of a payment and of its parts: its order in the merge, Stripe's word for it and what it means.

All are texts, so they are stored, hashed and compared as the words that they are. Where Stripe has a status of its own,
the value of a member is Stripe's word; ``Enum("word")`` reads it. A word that is none of these (one that Stripe adds
later, or a document that was changed by hand) is kept as it came: it has the lowest rank, and no predicate below
singles it out.

Sources: docs.stripe.com/payments/paymentintents/lifecycle, docs.stripe.com/api/charges/object, /api/refunds/object,
/api/disputes/object, docs.stripe.com/disputes/how-disputes-work (an inquiry takes no money).
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Self


class Status(StrEnum):
    """Of two statuses of one object the merge keeps the one with the higher ``rank``."""

    rank: int

    def __new__(cls, word: str, rank: int = 0) -> Self:
        member = str.__new__(cls, word)
        member._value_ = word
        member.rank = rank
        return member

    @classmethod
    def _missing_(cls, value: object) -> Self:
        word = str.__new__(cls, value)
        word._name_, word._value_, word.rank = "UNCLASSIFIED", str(value), 0
        return word

    @property
    def is_classified(self) -> bool:
        """False for a word that this version does not know."""
        return self._value_ in type(self)._value2member_map_


class PaymentStatus(Status):
    """Where a payment stands. Completed and canceled are final; failed is not."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    AUTHORIZED = "authorized"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        return self in _FINAL

    @property
    def waits_for_stripe(self) -> bool:
        """True where Stripe may change it long after it was made: a bank debit under way, a hold not yet captured."""
        return self in _WAITING_FOR_STRIPE


class RefundStatus(Status):
    """How much of what was captured went back (succeeded refunds only), or is on its way."""

    NONE = "none"
    PENDING = "pending"
    PARTIAL = "partial"
    FULL = "full"

    @property
    def counts_as_refunded(self) -> bool:
        return self in _REFUNDED


class IntentStatus(Status):
    """The status of a payment intent. Intents have no ranks: an intent may fail and go on many times."""

    REQUIRES_PAYMENT_METHOD = "requires_payment_method"
    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    REQUIRES_CAPTURE = "requires_capture"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"

    @property
    def is_idle(self) -> bool:
        """True while nothing is under way: a new attempt has to be started."""
        return self in _IDLE


class ChargeStatus(Status):
    """The status of a charge."""

    PENDING = "pending", 0
    FAILED = "failed", 1
    SUCCEEDED = "succeeded", 2


class CaptureMethod(StrEnum):
    """When the money of a payment is taken: as soon as the customer pays, or later from a hold on the card."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"

    @classmethod
    def of_intent(cls, word: str | None) -> CaptureMethod:
        """Of Stripe's word; ``automatic_async`` differs only in when Stripe books the money."""
        return cls.MANUAL if word == cls.MANUAL else cls.AUTOMATIC

    @property
    def is_manual(self) -> bool:
        return self is CaptureMethod.MANUAL


class ClosingKind(StrEnum):
    """What ends a payment that is open at Stripe."""

    CAPTURE = "capture"
    CANCEL = "cancel"


class RefundState(Status):
    """The status of one refund. A refund may fail days after it succeeded."""

    REQUIRES_ACTION = "requires_action", 0
    PENDING = "pending", 1
    SUCCEEDED = "succeeded", 2
    CANCELED = "canceled", 3
    FAILED = "failed", 4

    @property
    def is_open(self) -> bool:
        """True while the money is on its way."""
        return self in _OPEN

    @property
    def counts_as_refunded(self) -> bool:
        return self == RefundState.SUCCEEDED

    @property
    def returned(self) -> bool:
        """True where the money stayed or came back here, so that it may be refunded again."""
        return self in _RETURNED

    @property
    def needs_attention(self) -> bool:
        """True where Stripe waits for a person; of failed ones ``failed_refunds`` knows which still do."""
        return self == RefundState.REQUIRES_ACTION


class StripeReason(StrEnum):
    """The three reasons of a refund that Stripe takes (docs.stripe.com/api/refunds/create).

    ``fraudulent`` also puts the card and the e-mail address on Radar's block lists.
    """

    DUPLICATE = "duplicate"
    FRAUDULENT = "fraudulent"
    REQUESTED_BY_CUSTOMER = "requested_by_customer"


class DisputeStatus(Status):
    """The status of a dispute or inquiry. An inquiry may become a dispute; a lost dispute may be appealed."""

    WARNING_NEEDS_RESPONSE = "warning_needs_response", 0
    WARNING_UNDER_REVIEW = "warning_under_review", 1
    WARNING_CLOSED = "warning_closed", 2
    PREVENTED = "prevented", 3
    NEEDS_RESPONSE = "needs_response", 4
    UNDER_REVIEW = "under_review", 5
    LOST = "lost", 6
    APPEAL_NEEDS_RESPONSE = "appeal_needs_response", 7
    APPEAL_UNDER_REVIEW = "appeal_under_review", 8
    WON = "won", 9

    @property
    def is_inquiry(self) -> bool:
        """True for a question of the bank that takes no money; Stripe marks every such status."""
        return self.startswith("warning_")

    @property
    def is_chargeback(self) -> bool:
        """True where the bank took, or may take, the money: neither an inquiry nor one that was prevented before."""
        return not self.is_inquiry and self != DisputeStatus.PREVENTED

    @property
    def needs_attention(self) -> bool:
        """True while the dispute, inquiry or appeal waits for our evidence."""
        return self in NEEDS_RESPONSE

    @property
    def blocks_refunds(self) -> bool:
        """True while the dispute has the money and is not decided: a refund could pay it back twice."""
        return self in _UNDECIDED

    @property
    def takes_money(self) -> bool:
        """True where the customer has the money for good."""
        return self == DisputeStatus.LOST


class FraudSignal(StrEnum):
    """What lists of payments can be narrowed to. ``WARNING_OPEN``: a refund may prevent a dispute."""

    WARNING_OPEN = "fraud_warning_open"
    WARNING = "fraud_warning"
    REVIEW_OPEN = "review_open"
    ELEVATED_RISK = "risk_elevated"
    HIGHEST_RISK = "risk_highest"

    @classmethod
    def of(
        cls, *, risk_level: str | None, warnings: Collection[bool], review_open: bool, can_be_refunded: bool
    ) -> list[FraudSignal]:
        """The signals of a payment; ``warnings`` says of each early fraud warning whether it is actionable."""
        signals = {
            cls.WARNING_OPEN: can_be_refunded and any(warnings),
            cls.WARNING: bool(warnings),
            cls.REVIEW_OPEN: review_open,
            cls.ELEVATED_RISK: risk_level == "elevated",
            cls.HIGHEST_RISK: risk_level == "highest",
        }
        return [signal for signal, applies in signals.items() if applies]


class AttemptStatus(Status):
    """``open`` waits for the customer's answer to 3-D Secure; ``abandoned`` never got one."""

    OPEN = "open"
    PROCESSING = "processing"
    AUTHORIZED = "authorized"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ABANDONED = "abandoned"

    @classmethod
    def of_charge(cls, status: ChargeStatus, *, captured: bool) -> AttemptStatus:
        """The status of the attempt that led to a charge."""
        return _ATTEMPT_OF_CHARGE.get(status) or (cls.SUCCEEDED if captured else cls.AUTHORIZED)


class AuthenticationOutcome(Status):
    """The 3-D Secure split of DESIGN section 5."""

    AUTHENTICATED = "authenticated"
    FAILED = "failed"
    ABANDONED = "abandoned"
    OPEN = "open"
    EXEMPTED = "exempted"
    ATTEMPTED = "attempted"

    @classmethod
    def of_result(cls, result: str | None) -> AuthenticationOutcome | None:
        """The outcome behind ``three_d_secure.result`` of a charge; None where no authentication was requested."""
        return _OUTCOME_OF_RESULT.get(result or "")


# What each predicate above is true of. The sets are made once, because payments are derived at every webhook.
_FINAL = frozenset({PaymentStatus.COMPLETED, PaymentStatus.CANCELED})
_WAITING_FOR_STRIPE = frozenset({PaymentStatus.PROCESSING, PaymentStatus.AUTHORIZED})
_REFUNDED = frozenset({RefundStatus.PARTIAL, RefundStatus.FULL})
_IDLE = frozenset({IntentStatus.REQUIRES_PAYMENT_METHOD, IntentStatus.REQUIRES_CONFIRMATION})
_OPEN = frozenset({RefundState.PENDING, RefundState.REQUIRES_ACTION})
_RETURNED = frozenset({RefundState.CANCELED, RefundState.FAILED})
NEEDS_RESPONSE = (
    DisputeStatus.NEEDS_RESPONSE,
    DisputeStatus.WARNING_NEEDS_RESPONSE,
    DisputeStatus.APPEAL_NEEDS_RESPONSE,
)
_UNDECIDED = frozenset(
    {
        DisputeStatus.NEEDS_RESPONSE,
        DisputeStatus.UNDER_REVIEW,
        DisputeStatus.APPEAL_NEEDS_RESPONSE,
        DisputeStatus.APPEAL_UNDER_REVIEW,
    }
)
_ATTEMPT_OF_CHARGE = {ChargeStatus.PENDING: AttemptStatus.PROCESSING, ChargeStatus.FAILED: AttemptStatus.FAILED}
_OUTCOME_OF_RESULT: dict[str, AuthenticationOutcome | None] = {
    "authenticated": AuthenticationOutcome.AUTHENTICATED,
    "attempt_acknowledged": AuthenticationOutcome.ATTEMPTED,
    "exempted": AuthenticationOutcome.EXEMPTED,
    "failed": AuthenticationOutcome.FAILED,
    "processing_error": AuthenticationOutcome.FAILED,
    "not_supported": None,
    "data_share_only": None,
}
