"""Sample data by the real path: each payment is opened, paid, refunded and disputed as it would be in earnest.

The sandbox's clock is set to each moment of the stories in turn, so that the times that Stripe gives are those of
the stories. Its events go through the inbox, signed, as its own deliveries would.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from app.domain.money import Money, shown_decimals
from app.domain.payments.payment import Payment
from app.domain.payments.states import AttemptStatus, IntentStatus, PaymentStatus, RefundState
from app.errors import StripeNotInitialized
from app.models.payments import repository
from app.models.payments.mapping import payment_of
from app.services import Services
from app.services.demo.sandbox_client import DemoSandbox, Json
from app.services.demo.stories import Act, Cancel, CloseDispute, Dispute, GiveBack, Pay, SettleRefunds, Story, stories
from app.services.payments.opening import NewPayment, OpenedPayment
from app.services.refunds.service import RefundRequest

ACTOR = "demo"
# The sandbox's clock goes on after it was set; the events of one act are younger than this.
_EVENT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do at a Unix time; without an act, the payment is opened."""

    at: int
    story: Story
    act: Act | None


class Demo:
    """Makes sample payments, and compares them with the sandbox's books."""

    def __init__(self, services: Services, sandbox: DemoSandbox, webhook_secrets: Sequence[str]) -> None:
        self._services = services
        self._sandbox = sandbox
        self._secrets = webhook_secrets
        self._opened: dict[str, OpenedPayment] = {}
        self._seen: set[str] = set()

    def plan(self, count: int, *, seed: int, until: int) -> list[Step]:
        """What is to be done for ``count`` payments before the Unix time ``until``, in the order of time.

        Orders that exist already are left out, so that the same seed can be run again. Raises ValidationFailed
        unless STRIPE_API_BASE is a sandbox, StripeNotInitialized without the settings that this needs.
        """
        self._sandbox.require()
        if not self._secrets:
            raise StripeNotInitialized("STRIPE_WEBHOOK_SECRET is not set, so no event of the sandbox can be verified.")
        planned = list(stories(count, seed=seed, until=until))
        existing = self._services.listings.existing_orders([story.order_id for story in planned])
        missing = [story for story in planned if story.order_id not in existing]
        steps = [Step(story.created, story, None) for story in missing]
        steps += [Step(at, story, act) for story in missing for at, act in story.acts]
        return sorted(steps, key=lambda step: (step.at, step.story.order_id))

    def run(self, steps: Sequence[Step]) -> Iterator[Step]:
        """Do the steps, each handed on when it is done. The sandbox is back in the present afterwards."""
        try:
            for step in steps:
                self._sandbox.set_clock(step.at)
                self._do(step)
                self._deliver(step.at)
                yield step
        finally:
            self._sandbox.reset_clock()

    def differences(self) -> Iterator[str]:
        """Where the payments of this run are not what the sandbox's books say; nothing when all is well."""
        ours = {opened.payment_intent_id: opened.payment_id for opened in self._opened.values()}
        for line in self._sandbox.books():
            if line["id"] in ours:
                document = repository.whole(ours[line["id"]])
                problems = unlike(line, payment_of(document)) if document else ["is missing here"]
                yield from (f"{line['id']}: {difference}" for difference in problems)

    def _do(self, step: Step) -> None:
        story, act = step.story, step.act
        if act is None:
            self._open(story)
            return
        intent_id = self._opened[story.order_id].payment_intent_id
        match act:
            case Pay():
                intent = self._sandbox.pay(intent_id, act.card, act.authentication)
                if intent["status"] == IntentStatus.SUCCEEDED:
                    # After a success the browser informs the ERP, which asks us to confirm.
                    self._services.payments.confirm(intent_id, story.order_id, customer=None, caller=ACTOR, key=None)
            case GiveBack():
                self._refund(story, act)
            case Cancel():
                self._sandbox.cancel(intent_id, act.reason)
            case SettleRefunds():
                self._sandbox.settle_refunds(intent_id)
            case Dispute():
                self._sandbox.dispute(intent_id, act.reason, inquiry=act.inquiry)
            case CloseDispute():
                self._sandbox.close_disputes(intent_id, act.outcome)

    def _open(self, story: Story) -> None:
        new = NewPayment(
            order_id=story.order_id, customer_id=story.customer_id, money=story.money, description=story.description
        )
        self._opened[story.order_id] = self._services.payments.open(new, caller=ACTOR, key=None)

    def _refund(self, story: Story, act: GiveBack) -> None:
        order = RefundRequest(
            payment_id=self._opened[story.order_id].payment_id,
            amount=None if act.share is None else part_of(story.money, act.share),
            reason=act.reason,
            requested_by=ACTOR,
        )
        self._services.refunds.refund(order, customer=None, key=None)

    def _deliver(self, since: int) -> None:
        """Hand the events of an act to the inbox; the sandbox may deliver them as well, which changes nothing."""
        for event in self._sandbox.events(since=since, before=since + _EVENT_SECONDS):
            if event["id"] not in self._seen:
                self._seen.add(event["id"])
                payload = json.dumps(event).encode()
                self._services.webhooks.deliver(payload, _signature(payload, self._secrets[0]))


def unlike(line: Json, payment: Payment) -> list[str]:
    """How a payment differs from a line of the sandbox's books."""
    charged = [attempt for attempt in payment.attempts if attempt.charge_id]
    ours = {
        "amount": payment.amount,
        "currency": payment.currency,
        "created": payment.created,
        "succeeded": payment.status == PaymentStatus.COMPLETED,
        "canceled": payment.status == PaymentStatus.CANCELED,
        "amount_captured": payment.amount_captured,
        "refunded": payment.amount_refunded,
        "refund_pending": sum(r.amount for r in payment.refunds if r.status == RefundState.PENDING),
        "refunds": len(payment.refunds),
        "charges": len(charged),
        "failed_charges": sum(attempt.status == AttemptStatus.FAILED for attempt in charged),
        "disputes": len(payment.disputes),
    }
    theirs = line | {
        "succeeded": line["status"] == IntentStatus.SUCCEEDED,
        "canceled": line["status"] == IntentStatus.CANCELED,
    }
    return [
        f"{name} is {value} here and {theirs[name]} at Stripe" for name, value in ours.items() if value != theirs[name]
    ]


def part_of(money: Money, share: Decimal) -> Decimal:
    """A part of an amount, in major units and with no more decimals than can be refunded."""
    # The third decimal of three must be 0 at Stripe, so two are the most.
    smallest = Decimal(1).scaleb(-min(2, shown_decimals(money.currency)))
    return (money.to_major() * share).quantize(smallest, ROUND_DOWN)


def _signature(payload: bytes, secret: str) -> str:
    """The Stripe-Signature header that Stripe would send now (docs.stripe.com/webhooks/signature)."""
    sent_at = int(time.time())
    seal = hmac.new(secret.encode(), f"{sent_at}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={sent_at},v1={seal}"
