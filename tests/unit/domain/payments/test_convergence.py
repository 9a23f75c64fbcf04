"""Any order and any duplication of the same facts gives one identical payment, and it is the true one."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import reduce

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.payments.derivation import derive, doubts
from app.domain.payments.evidence import PaymentState
from app.domain.payments.facts import Fact
from app.domain.payments.merge import apply
from tests.support.profiles import examples
from tests.unit.domain.payments.stories import AMOUNT, START, Story, stories

ROW = PaymentState(payment_id="p1", order_id="o1", customer_id="c1", amount=AMOUNT, currency="usd", opened_at=START)


def merged(facts: Iterable[Fact]) -> PaymentState:
    return reduce(apply, facts, ROW)


@settings(max_examples=examples(400))
@given(story=stories(), seed=st.integers(0, 2**32))
def test_every_order_with_duplicates_gives_the_same_payment(story: Story, seed: int) -> None:
    in_order = merged(story.facts)
    rng = random.Random(seed)
    for _ in range(5):
        shuffled = story.facts + rng.choices(story.facts, k=len(story.facts))
        rng.shuffle(shuffled)
        assert merged(shuffled) == in_order
        assert derive(merged(shuffled)) == derive(in_order)


@settings(max_examples=examples(400))
@given(story=stories(min_gap=1))
def test_the_payment_is_what_happened(story: Story) -> None:
    state = merged(story.facts)
    payment = derive(state)
    assert payment.status == story.status
    assert [attempt.status for attempt in payment.attempts] == story.attempts
    assert payment.amount_refunded == story.refunded
    assert {id_: d.status for id_, d in state.disputes.items()} == story.disputes
    assert payment.amount_captured == (AMOUNT if story.status == "completed" else 0)
    assert [warning.actionable for warning in payment.fraud_warnings] == [story.warned][: story.warned is not None]
    assert ["open" if r.is_open else r.closed_reason for r in payment.reviews] == [story.reviewed][
        : story.reviewed is not None
    ]
    assert not doubts(state, derive(state))


@settings(max_examples=examples(400))
@given(story=stories())
def test_a_wrong_open_status_is_never_certain(story: Story) -> None:
    """Steps of one second cannot be ordered; where that misleads, the payment must be in doubt and be fetched."""
    state = merged(story.facts)
    assert derive(state).status == story.status or doubts(state, derive(state))


@given(story=stories(), data=st.data())
def test_merging_is_associative(story: Story, data: st.DataObject) -> None:
    """What two processes learnt apart, and then told each other, is what one process would have learnt."""
    cut = data.draw(st.integers(0, len(story.facts)))
    first, second = story.facts[:cut], story.facts[cut:]
    assert merged([*first, *second]) == merged([*second, *first])
