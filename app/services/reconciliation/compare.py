"""What Stripe says about a payment against what we hold: pure functions, the same that webhooks go through."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from app.domain.payments.attempts import open_challenges
from app.domain.payments.derivation import derive
from app.domain.payments.evidence import PaymentState
from app.domain.payments.facts import Fact, IntentFact
from app.domain.payments.merge import adopt, apply
from app.domain.payments.payment import Payment
from app.domain.payments.snapshot import Record, comparable, record
from app.gateway.client import settling
from app.models.payments.repository import StoredPayment

# The word of one item of a list, as reports show it.
_WORDS: Mapping[str, Callable[[Record], str]] = {
    **dict.fromkeys(("attempts", "refunds", "disputes"), lambda item: str(item["status"])),
    "fraud_warnings": lambda item: "actionable" if item["actionable"] else "not actionable",
    "reviews": lambda item: "open" if item["is_open"] else "closed",
}


class DriftKind(StrEnum):
    """How a payment can differ."""

    MISSING_HERE = "missing_here"
    DIFFERENT = "different"
    MISSING_THERE = "missing_there"
    DIFFERS_FROM_ORDER = "differs_from_order"

    @property
    def is_drift(self) -> bool:
        """False where both sides agree, and the order asked something else."""
        return self != DriftKind.DIFFERS_FROM_ORDER


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One payment that is not the same here and at Stripe. Amounts are minor units of ``currency``.

    ``captured`` and ``refunded`` are Stripe's less ours; ``fields`` holds ``{field: [ours, Stripe's]}``. ``facts`` put
    it right where that can be done.
    """

    kind: DriftKind
    payment_id: str | None
    intent_id: str | None
    currency: str
    amount: int
    captured: int = 0
    refunded: int = 0
    fields: Record = field(default_factory=dict)
    stored: StoredPayment | None = None
    intent: IntentFact | None = None
    facts: tuple[Fact, ...] = ()

    @property
    def row(self) -> dict[str, Any]:
        """As the report keeps it."""
        names = ("payment_id", "intent_id", "currency", "amount", "captured", "refunded", "fields")
        return {"kind": self.kind.value, **{name: getattr(self, name) for name in names}}


def compare(stored: StoredPayment | None, intent: IntentFact, others: Sequence[Fact]) -> Difference | None:
    """The difference between our payment (None: we have none) and what Stripe says; None when there is none.

    Facts are merged with what we hold, because Stripe's lists do not have everything that webhooks had.
    """
    intent, others = _mergeable(stored.state if stored else None, intent, others)
    before = stored.state if stored else None
    state = merge(before or adopt(intent, ""), [*others, intent])
    if stored and state is before:
        return _unlike_the_order(stored, stored.payment)
    payment = derive(state)
    theirs = record(payment)
    ours = record(stored.payment) if stored else None
    if ours:
        theirs = comparable(theirs, ours)
    if stored and ours == theirs:
        return _unlike_the_order(stored, payment)
    return Difference(
        kind=DriftKind.DIFFERENT if stored else DriftKind.MISSING_HERE,
        payment_id=stored.id if stored else intent.payment_id,
        intent_id=intent.intent_id,
        currency=payment.currency,
        amount=payment.amount,
        captured=payment.amount_captured - (stored.payment.amount_captured if stored else 0),
        refunded=payment.amount_refunded - (stored.payment.amount_refunded if stored else 0),
        fields=_fields(ours, theirs) if ours else {"status": [None, payment.status.value]},
        stored=stored,
        intent=intent,
        facts=tuple(others),
    )


def _unlike_the_order(stored: StoredPayment, payment: Payment) -> Difference | None:
    """What a payment on which both sides agree took that its order did not ask; None where that is the same.

    ``fields`` then hold ``{field: [asked, taken]}``; there is nothing to repair.
    """
    if payment.asked is None:
        return None
    asked, taken = payment.asked, (payment.amount, payment.currency)
    return Difference(
        kind=DriftKind.DIFFERS_FROM_ORDER,
        payment_id=stored.id,
        intent_id=payment.payment_intent_id,
        currency=payment.currency,
        amount=payment.amount,
        fields={name: list(sides) for name, *sides in zip(("amount", "currency"), asked, taken, strict=True)},
    )


def tells_news(stored: StoredPayment, facts: Sequence[Fact]) -> bool:
    """True when the facts alone already change what people see."""
    state = merge(stored.state, facts)
    return state is not stored.state and record(derive(state)) != record(stored.payment)


def merge(state: PaymentState, facts: Sequence[Fact]) -> PaymentState:
    """The state after all of the facts; the same object when none says anything new."""
    for fact in facts:
        state = apply(state, fact)
    return state


def _mergeable(held: PaymentState | None, intent: IntentFact, others: Sequence[Fact]) -> tuple[IntentFact, list[Fact]]:
    """The fetched intent as it may be merged, and the other facts.

    A failed 3-D Secure request leaves no charge, only an error on the intent that does not say when it happened. Its
    event does, so the error counts only where no event had it; then it is put after the last known event, which
    is the same time at every fetch.
    """
    facts = list(others)
    bare, state = intent, held
    error = intent.last_error
    if error and not error.charge_id and error.payment_method_id:
        bare = replace(intent, last_error=None)
        state = merge(held or adopt(bare, ""), facts)
        request = state.challenges.get(error.payment_method_id)
        requested = (request.last_requested_at if request else None) or 0
        if request is None or request.failed_at is None or request.failed_at < requested:
            charged = [(charge.created or charge.first_seen) + 1 for charge in state.charges.values()]
            facts.append(replace(intent, as_of=max([intent.created, requested, *charged]), charge=None))
    state = merge(held or adopt(bare, ""), facts)
    return settling(bare, _open_before(state, derive(state), bare.as_of)), facts


def _open_before(state: PaymentState, payment: Payment, moment: int) -> frozenset[str]:
    """The 3-D Secure requests that were open before the intent was fetched, by Stripe's clock of whole seconds."""
    return frozenset(
        method for method in open_challenges(payment) if (state.challenges[method].last_requested_at or 0) < moment
    )


def _fields(ours: Record, theirs: Record) -> Record:
    """What differs. Of lists a word for each item: the history entry of a repair has all of it."""
    differing = {name: [ours.get(name), value] for name, value in theirs.items() if ours.get(name) != value}
    return {
        name: [[word(item) for item in side or ()] for side in sides] if (word := _WORDS.get(name)) else sides
        for name, sides in differing.items()
    }
