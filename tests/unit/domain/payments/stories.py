"""Random payment stories: what a customer, a bank and a merchant did, and the facts that Stripe would tell of it.

The simulation is written from Stripe's life cycle page and knows nothing of the code under test.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from app.domain.payments.facts import (
    AttemptError,
    Booking,
    ChargeFact,
    DisputeFact,
    Fact,
    Failure,
    FraudWarningFact,
    IntentFact,
    RefundFact,
    ReviewFact,
    Risk,
    ThreeDSecure,
)
from app.domain.payments.methods import Card, PaymentMethod
from app.domain.payments.states import ChargeStatus, DisputeStatus, IntentStatus, RefundState

VISA = Card("visa", "4242", "US")
CARD = PaymentMethod(type="card", brand="visa", last4="4242", country="US", funding="credit")
SEPA = PaymentMethod(type="sepa_debit", last4="3000", country="DE", bank="37040044")
OXXO = PaymentMethod(type="oxxo")
RISKS = [Risk("normal"), Risk("elevated", 66), Risk("not_assessed"), None]
START = 1_700_000_000
AMOUNT = 10_000


@dataclass
class Story:
    """The facts in the order in which they happened, and what must be true in the end."""

    facts: list[Fact] = field(default_factory=list)
    status: str = "pending"
    attempts: list[str] = field(default_factory=list)
    refunded: int = 0
    disputes: dict[str, str] = field(default_factory=dict)
    warned: bool | None = None
    reviewed: str | None = None
    clock: int = START


class Simulator:
    """One payment intent at Stripe, seen from the outside."""

    def __init__(self) -> None:
        self.story = Story()
        self.count = 0
        self.latest_charge: str | None = None
        self.error: AttemptError | None = None
        self.refunds: list[RefundFact] = []
        self.intent("requires_payment_method")

    def intent(self, status: str, method_id: str | None = None, **more: object) -> None:
        fact = IntentFact(
            intent_id="pi_1",
            status=IntentStatus(status),
            amount=AMOUNT,
            currency="usd",
            created=START,
            as_of=self.story.clock,
            livemode=False,
            capture_method="automatic",
            amount_received=AMOUNT if status == "succeeded" else 0,
            payment_method_id=method_id,
            latest_charge_id=self.latest_charge,
            charge=None,
            last_error=self.error,
            canceled_at=self.story.clock if status == "canceled" else None,
            cancellation_reason=None,
            order_id="o1",
            customer_id="c1",
            payment_id="p1",
            description=None,
        )
        self.story.facts.append(replace(fact, **more))  # type: ignore[arg-type]

    def charge(self, method: str, status: str, three_d_secure: ThreeDSecure | None) -> None:
        self.latest_charge = f"ch_{self.count}"
        paid = status == "succeeded"
        fact = ChargeFact(
            charge_id=self.latest_charge,
            intent_id="pi_1",
            status=ChargeStatus(status),
            created=self.story.clock,
            as_of=self.story.clock,
            amount=AMOUNT,
            currency="usd",
            amount_captured=AMOUNT if paid else 0,
            amount_refunded=0,
            captured=paid,
            payment_method_id=method,
            failure=None if paid else Failure("card_declined", "insufficient_funds"),
            card=VISA,
            three_d_secure=three_d_secure,
            risk=RISKS[self.count % len(RISKS)],
            method=CARD,
        )
        self.story.facts.append(fact)

    def attempt(self, kind: str, gap: int) -> None:
        """One try with a fresh payment method. ``kind`` is [3ds_]ok | [3ds_]declined | 3ds_failed | 3ds_open."""
        self.count += 1
        method = f"pm_{self.count}"
        self.story.clock += gap
        challenged = kind.startswith("3ds_")
        if self.story.attempts and self.story.attempts[-1] == "open":
            self.story.attempts[-1] = "abandoned"
        if challenged:
            self.error = None
            self.intent("requires_action", method, action="use_stripe_sdk", method=CARD)
            if kind == "3ds_open":
                self.story.status = "requires_action"
                self.story.attempts.append("open")
                return
            self.story.clock += gap
        if kind == "3ds_failed":
            self.error = AttemptError(
                failure=Failure("payment_intent_authentication_failure"),
                charge_id=None,
                payment_method_id=method,
                card=VISA,
                method=CARD,
            )
            self.intent("requires_payment_method")
            self.finish("failed", "failed")
            return
        asked = ThreeDSecure("authenticated", "challenge") if challenged else None
        if kind.endswith("declined"):
            self.charge(method, "failed", asked)
            self.error = AttemptError(
                failure=Failure("card_declined", "insufficient_funds"),
                charge_id=self.latest_charge,
                payment_method_id=method,
                card=VISA,
                method=CARD,
            )
            self.intent("requires_payment_method")
            self.finish("failed", "failed")
        else:
            self.error = None
            self.charge(method, "succeeded", asked)
            self.intent("succeeded", method)
            self.finish("completed", "succeeded")

    def debit(self, result: str, gap: int) -> None:
        """A bank debit that settles after days: its charge is pending, and then succeeds or fails."""
        charge = self.of_another_kind(SEPA, gap)
        self.story.facts.append(charge)
        self.intent("processing", charge.payment_method_id)
        self.story.status = "processing"
        self.story.attempts.append("processing")
        self.settle(charge, result, gap)

    def voucher(self, result: str, gap: int, *, with_charge: bool) -> None:
        """A voucher that the customer is to pay; Stripe may make its pending charge at once, or when it was paid."""
        before = self.latest_charge
        charge = self.of_another_kind(OXXO, gap)
        if with_charge:
            self.story.facts.append(charge)
        else:
            self.latest_charge = before
        self.intent("requires_action", charge.payment_method_id, action="oxxo_display_details")
        self.story.status = "requires_action"
        self.story.attempts.append("open")
        if result == "failed" and not with_charge:
            self.story.clock += gap
            failure = Failure("payment_intent_payment_attempt_expired")
            self.error = AttemptError(
                failure=failure, charge_id=None, payment_method_id=charge.payment_method_id, card=None, method=OXXO
            )
            self.intent("requires_payment_method")
            self.story.attempts.pop()
            self.finish("failed", "failed")
        elif result != "open":
            self.latest_charge = charge.charge_id
            self.settle(charge, result, gap)

    def of_another_kind(self, method: PaymentMethod, gap: int) -> ChargeFact:
        self.count += 1
        self.story.clock += gap
        if self.story.attempts and self.story.attempts[-1] == "open":
            self.story.attempts[-1] = "abandoned"
        self.error = None
        self.latest_charge = f"ch_{self.count}"
        return ChargeFact(
            charge_id=self.latest_charge,
            intent_id="pi_1",
            status=ChargeStatus.PENDING,
            created=self.story.clock,
            as_of=self.story.clock,
            is_delayed=True,
            amount=AMOUNT,
            currency="usd",
            amount_captured=0,
            amount_refunded=0,
            captured=False,
            payment_method_id=f"pm_{self.count}",
            failure=None,
            card=None,
            three_d_secure=None,
            method=method,
        )

    def settle(self, charge: ChargeFact, result: str, gap: int) -> None:
        """The bank's answer to a pending charge."""
        self.story.clock += gap
        self.story.attempts.pop()
        charge = replace(charge, as_of=self.story.clock)
        if result == "ok":
            paid = replace(charge, status=ChargeStatus.SUCCEEDED, captured=True, amount_captured=AMOUNT)
            self.story.facts.append(paid)
            self.intent("succeeded", charge.payment_method_id)
            self.finish("completed", "succeeded")
            return
        failure = Failure("payment_method_provider_decline")
        self.story.facts.append(replace(charge, status=ChargeStatus.FAILED, failure=failure))
        self.error = AttemptError(
            failure=failure,
            charge_id=charge.charge_id,
            payment_method_id=charge.payment_method_id,
            card=None,
            method=charge.method,
        )
        self.intent("requires_payment_method")
        self.finish("failed", "failed")

    def try_with(self, kind: str, gap: int) -> None:
        """One try of any kind."""
        way, _, result = kind.partition(":")
        if way == "debit":
            self.debit(result, gap)
        elif way in {"voucher", "voucher_with_charge"}:
            self.voucher(result, gap, with_charge=way == "voucher_with_charge")
        else:
            self.attempt(kind, gap)

    def finish(self, status: str, attempt: str) -> None:
        self.story.status = status
        self.story.attempts.append(attempt)

    def cancel(self, gap: int) -> None:
        self.story.clock += gap
        self.intent("canceled")
        self.story.status = "canceled"
        if self.story.attempts and self.story.attempts[-1] == "open":
            self.story.attempts[-1] = "abandoned"

    def refund(self, amount: int, ends: str, gap: int) -> None:
        """A refund that ends succeeded, failed (after succeeding) or pending."""
        self.story.clock += gap
        fact = RefundFact(
            stripe_refund_id=f"re_{len(self.refunds)}",
            refund_id=None,
            intent_id="pi_1",
            charge_id=self.latest_charge,
            amount=amount,
            currency="usd",
            status=RefundState.PENDING if ends == "pending" else RefundState.SUCCEEDED,
            reason=None,
            failure_reason=None,
            created=self.story.clock,
            as_of=self.story.clock,
            stripe_reason=[None, "duplicate"][amount % 2],
        )
        self.refunds.append(fact)
        self.story.facts.append(fact)
        if ends == "failed":
            self.story.facts.append(replace(fact, status=RefundState.FAILED, failure_reason="declined"))
        elif ends == "succeeded":
            self.story.refunded += amount

    def warn(self, steps: list[bool]) -> None:
        """An early fraud warning that is actionable, and may become unactionable."""
        for actionable in steps:
            self.story.facts.append(
                FraudWarningFact(
                    warning_id="issfr_1",
                    intent_id="pi_1",
                    charge_id=self.latest_charge,
                    actionable=actionable,
                    fraud_type="unauthorized_use_of_card",
                    created=self.story.clock,
                )
            )
            self.story.warned = actionable

    def review(self, closed_reasons: list[str | None]) -> None:
        """A review that is opened, and may be closed."""
        for reason in closed_reasons:
            self.story.facts.append(
                ReviewFact(
                    review_id="prv_1",
                    intent_id="pi_1",
                    charge_id=self.latest_charge,
                    is_open=reason is None,
                    opened_reason="rule",
                    closed_reason=reason,
                    created=self.story.clock,
                )
            )
            self.story.reviewed = reason or "open"

    def dispute(self, number: int, statuses: list[str], currency: str) -> None:
        bookings: dict[str, Booking] = {}
        for status in statuses:
            if status in {"needs_response", "won"}:
                sign = -1 if status == "needs_response" else 1
                bookings = {**bookings, f"txn_{number}{status}": Booking(amount=sign * AMOUNT, currency="usd")}
            self.story.facts.append(
                DisputeFact(
                    dispute_id=f"dp_{number}",
                    intent_id="pi_1",
                    charge_id=self.latest_charge,
                    amount=AMOUNT,
                    currency=currency,
                    status=DisputeStatus(status),
                    reason="fraudulent",
                    created=self.story.clock,
                    evidence_due_by=None,
                    is_charge_refundable=status.startswith("warning_"),
                    bookings=bookings,
                )
            )
            self.story.disputes[f"dp_{number}"] = status


FAILING = [
    *("declined", "3ds_failed", "3ds_declined", "3ds_open", "debit:failed"),
    *("voucher:failed", "voucher:open", "voucher_with_charge:failed", "voucher_with_charge:open"),
]
PAYING = ["ok", "3ds_ok", "debit:ok", "voucher:ok", "voucher_with_charge:ok"]
DISPUTES = [
    ["warning_needs_response", "warning_closed"],
    ["warning_needs_response", "needs_response", "under_review", "lost"],
    ["needs_response", "under_review", "won"],
    ["needs_response", "lost"],
    ["needs_response"],
    ["prevented"],
    ["lost"],
]


@st.composite
def stories(draw: st.DrawFn, *, min_gap: int = 0) -> Story:
    """A story; with ``min_gap`` of 1 no two steps share a second."""
    gaps = st.integers(min_gap, 3)
    simulator = Simulator()
    for kind in draw(st.lists(st.sampled_from(FAILING), max_size=4)):
        simulator.try_with(kind, draw(gaps))
    end = draw(st.sampled_from([*PAYING, "cancel", "leave"]))
    if end == "cancel":
        simulator.cancel(draw(gaps))
    elif end != "leave":
        simulator.try_with(end, draw(gaps))
        left = AMOUNT
        for part in draw(st.lists(st.integers(1, 4_000), max_size=4)):
            ends = draw(st.sampled_from(["succeeded", "failed", "pending"]))
            if part <= left:
                left -= 0 if ends == "failed" else part
                simulator.refund(part, ends, draw(gaps))
        for number, statuses in enumerate(draw(st.lists(st.sampled_from(DISPUTES), max_size=2))):
            simulator.dispute(number, statuses, draw(st.sampled_from(["usd", "eur"])))
        simulator.warn(draw(st.sampled_from([[], [True], [True, False], [False]])))
        simulator.review(draw(st.sampled_from([[], [None], [None, "approved"]])))
    return simulator.story
