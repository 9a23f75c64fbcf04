"""Captures and cancellations that were requested here, and holds: merged in any order, and stored."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from bson import BSON, CodecOptions
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.payments.closings import hold_of, undecided
from app.domain.payments.derivation import derive
from app.domain.payments.evidence import PaymentState
from app.domain.payments.facts import (
    ChargeFact,
    ClosingRefused,
    ClosingRequested,
    ClosingUnanswered,
    Fact,
    IntentFact,
    KeySpent,
)
from app.domain.payments.merge import apply
from app.domain.payments.snapshot import record
from app.domain.payments.states import CaptureMethod, ChargeStatus, ClosingKind, IntentStatus
from app.models.payments.mapping import payment_of, state_of
from app.models.payments.writes import document_for
from tests.support.profiles import examples
from tests.unit.domain.payments.stories import AMOUNT, START, VISA

DAY = 86_400
ROW = PaymentState(
    payment_id="65f0c0ffee65f0c0ffee65f0",
    order_id="o1",
    customer_id="c1",
    amount=AMOUNT,
    currency="usd",
    opened_at=START,
    capture_method=CaptureMethod.MANUAL,
)
HOLD = ChargeFact(
    charge_id="ch_1",
    intent_id="pi_1",
    status=ChargeStatus.SUCCEEDED,
    created=START + 1,
    as_of=START + 1,
    amount=AMOUNT,
    currency="usd",
    amount_captured=0,
    amount_refunded=0,
    captured=False,
    payment_method_id="pm_1",
    failure=None,
    card=VISA,
    three_d_secure=None,
    capture_before=START + 5 * DAY,
)
INTENT = IntentFact(
    intent_id="pi_1",
    status=IntentStatus.REQUIRES_CAPTURE,
    amount=AMOUNT,
    currency="usd",
    created=START,
    as_of=START + 1,
    livemode=False,
    capture_method="manual",
    amount_received=0,
    payment_method_id="pm_1",
    latest_charge_id="ch_1",
    charge=HOLD,
    last_error=None,
    canceled_at=None,
    cancellation_reason=None,
    order_id="o1",
    customer_id="c1",
    payment_id="p1",
    description=None,
)
CAPTURED = replace(
    INTENT,
    status=IntentStatus.SUCCEEDED,
    as_of=START + 9,
    amount_received=6000,
    charge=replace(HOLD, captured=True, amount_captured=6000),
)
CANCELED = replace(
    INTENT, status=IntentStatus.CANCELED, as_of=START + 9, canceled_at=START + 9, cancellation_reason="abandoned"
)


def requested(number: int, at: int, kind: ClosingKind = ClosingKind.CAPTURE) -> ClosingRequested:
    amount = 6000 if kind == ClosingKind.CAPTURE else None
    return ClosingRequested(
        closing_id=f"c{number}", kind=kind, amount=amount, requested_by="ann", requested_at=START + at
    )


def merged(facts: Sequence[Fact]) -> PaymentState:
    return reduce(apply, facts, ROW)


@st.composite
def steps(draw: st.DrawFn) -> list[Fact]:
    """What became of some requests; the row of each is among them."""
    found: list[Fact] = [INTENT, KeySpent(subject=None, number=2)]
    for number in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(ClosingKind))
        found += [requested(number, draw(st.integers(2, 8)), kind) for _ in range(draw(st.integers(1, 2)))]
        for at in draw(st.lists(st.integers(2, 9), max_size=2)):
            found.append(ClosingUnanswered(closing_id=f"c{number}", unanswered_at=START + at))
        for key in draw(st.lists(st.integers(2, 4), max_size=2)):
            found.append(KeySpent(subject=f"c{number}", number=key))
        if draw(st.booleans()):
            found.append(ClosingRefused(closing_id=f"c{number}", reason=draw(st.sampled_from(["no", "superseded"]))))
    return [*found, *draw(st.sampled_from([[], [CAPTURED], [CANCELED]]))]


def rows_first(facts: list[Fact], seed: int) -> list[Fact]:
    """Every fact once or more, in a random order; each request is written before anything is said of it."""
    rng = random.Random(seed)
    mixed = [*facts, *rng.choices(facts, k=len(facts))]
    rng.shuffle(mixed)
    return sorted(mixed, key=lambda fact: not isinstance(fact, ClosingRequested))


@settings(max_examples=examples(200))
@given(facts=steps(), seed=st.integers(0, 2**32))
def test_every_order_with_duplicates_gives_the_same_payment(facts: list[Fact], seed: int) -> None:
    assert merged(rows_first(facts, seed)) == merged(rows_first(facts, 0))


@given(facts=steps())
def test_the_state_comes_back_from_storage_as_it_was(facts: list[Fact]) -> None:
    state = merged(rows_first(facts, 0))
    document = document_for(state, record(derive(state)), None)
    again = BSON.encode(document).decode(CodecOptions(tz_aware=True))
    assert state_of(again) == state
    assert payment_of(again) == derive(state)


def test_a_hold_expires_when_its_charge_says_and_else_after_seven_days() -> None:
    silent = replace(INTENT, charge=replace(HOLD, capture_before=None))
    assert derive(merged([silent])).hold_expires == START + 1 + 7 * DAY
    assert derive(merged([INTENT, silent])).hold_expires == START + 5 * DAY
    assert derive(merged([INTENT, CAPTURED])).hold_expires == START + 5 * DAY, "what was said stays in the record"


def test_a_payment_that_was_never_held_has_the_record_that_it_always_had() -> None:
    automatic = replace(
        CAPTURED, capture_method="automatic", charge=replace(HOLD, captured=True, amount_captured=AMOUNT)
    )
    payment = derive(apply(replace(ROW, capture_method=None), automatic))
    assert not {"capture_method", "hold_expires_at"} & record(payment).keys()
    assert (payment.capture_method, payment.hold_expires) == (CaptureMethod.AUTOMATIC, None)


def test_the_latest_request_that_was_not_refused_is_the_undecided_one() -> None:
    state = merged([INTENT, requested(0, 2), requested(1, 5, ClosingKind.CANCEL)])
    assert undecided(state) == ("c1", state.closings["c1"])
    state = apply(state, ClosingRefused(closing_id="c1", reason="no"))
    assert undecided(state) == ("c0", state.closings["c0"])
    assert undecided(apply(state, ClosingRefused(closing_id="c0", reason="no"))) is None


def test_a_hold_is_one_until_it_is_captured() -> None:
    assert hold_of(ROW) is None
    held = hold_of(merged([INTENT]))
    assert held
    assert held.amount == AMOUNT
    assert hold_of(merged([INTENT, CAPTURED])) is None
