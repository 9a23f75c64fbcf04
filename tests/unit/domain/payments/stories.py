"""Random payment stories: what a customer, a bank and a merchant did, and the facts that Stripe would tell of it.

The simulation is written from Stripe's life cycle page and knows nothing of the code under test.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from app.domain.payments.facts import (
    AttemptError,
    Card,
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
from app.domain.payments.states import ChargeStatus, DisputeStatus, IntentStatus, RefundState

VISA = Card("visa", "4242", "US")
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

    def intent(self, status: str, method: str | None = None, **more: object) -> None:
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
            payment_method_id=method,
            latest_charge_id=self.latest_charge,
            charge=None,
            last_error=self.error,
            canceled_at=self.story.clock if status == "canceled" else None,
            cancellation_reason=None,
            order_id="o1",
            customer_id="c1",
            payment_id=None,
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
            amount=AMOUNT,
            amount_captured=AMOUNT if paid else 0,
            amount_refunded=0,
            captured=paid,
            payment_method_id=method,
            failure=None if paid else Failure("card_declined", "insufficient_funds"),
            card=VISA,
            three_d_secure=three_d_secure,
            risk=RISKS[self.count % len(RISKS)],
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
            self.intent("requires_action", method)
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
            )
            self.intent("requires_payment_method")
            self.finish("failed", "failed")
        else:
            self.error = None
            self.charge(method, "succeeded", asked)
            self.intent("succeeded", method)
            self.finish("completed", "succeeded")

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

    def dispute(self, number: int, statuses: list[str]) -> None:
        for status in statuses:
            self.story.facts.append(
                DisputeFact(
                    dispute_id=f"dp_{number}",
                    intent_id="pi_1",
                    charge_id=self.latest_charge,
                    amount=AMOUNT,
                    currency="usd",
                    status=DisputeStatus(status),
                    reason="fraudulent",
                    created=self.story.clock,
                    evidence_due_by=None,
                )
            )
            self.story.disputes[f"dp_{number}"] = status


FAILING = ["declined", "3ds_failed", "3ds_declined", "3ds_open"]
DISPUTES = [
    ["warning_needs_response", "warning_closed"],
    ["warning_needs_response", "needs_response", "under_review", "lost"],
    ["needs_response", "under_review", "won"],
    ["needs_response", "lost"],
    ["needs_response"],
]


@st.composite
def stories(draw: st.DrawFn, *, min_gap: int = 0) -> Story:
    """A story; with ``min_gap`` of 1 no two steps share a second."""
    gaps = st.integers(min_gap, 3)
    simulator = Simulator()
    for kind in draw(st.lists(st.sampled_from(FAILING), max_size=4)):
        simulator.attempt(kind, draw(gaps))
    end = draw(st.sampled_from(["ok", "3ds_ok", "cancel", "leave"]))
    if end == "cancel":
        simulator.cancel(draw(gaps))
    elif end != "leave":
        simulator.attempt(end, draw(gaps))
        left = AMOUNT
        for part in draw(st.lists(st.integers(1, 4_000), max_size=4)):
            ends = draw(st.sampled_from(["succeeded", "failed", "pending"]))
            if part <= left:
                left -= 0 if ends == "failed" else part
                simulator.refund(part, ends, draw(gaps))
        for number, statuses in enumerate(draw(st.lists(st.sampled_from(DISPUTES), max_size=2))):
            simulator.dispute(number, statuses)
        simulator.warn(draw(st.sampled_from([[], [True], [True, False], [False]])))
        simulator.review(draw(st.sampled_from([[], [None], [None, "approved"]])))
    return simulator.story
