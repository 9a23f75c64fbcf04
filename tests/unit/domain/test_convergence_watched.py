"""Convergence with all that we learn: events, fetches in the middle of the story, and the steps of our own refunds."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.evidence import PaymentState
from app.domain.facts import ChargeFact, Fact, Failure, IntentFact
from app.domain.payment_record import record
from app.domain.payment_state import apply
from app.domain.payment_view import doubts, open_challenges, view
from tests.unit.domain.observers import Watched, shuffled, watched_stories
from tests.unit.domain.stories import Simulator
from tests.unit.domain.test_convergence import merged


def settled(state: PaymentState, final: IntentFact) -> PaymentState:
    """As the inbox does: where the evidence is in doubt, Stripe is asked once (app/services/webhook_inbox.py)."""
    shown = view(state)
    if not doubts(state, shown):
        return state
    still_open = {final.payment_method_id} if final.status == "requires_action" else set()
    return apply(state, replace(final, settled=frozenset(open_challenges(shown) - still_open)))


@settings(max_examples=300, deadline=None)
@given(watched=watched_stories(), seed=st.integers(0, 2**32))
def test_every_order_of_all_that_was_learnt_gives_the_same_payment(watched: Watched, seed: int) -> None:
    in_order = merged(watched.facts)
    rng = random.Random(seed)
    for _ in range(5):
        state = merged(shuffled(watched.facts, rng))
        assert state == in_order
        assert record(state, view(state)) == record(in_order, view(in_order))


@settings(max_examples=300, deadline=None)
@given(watched=watched_stories(min_gap=1))
def test_fetches_and_our_own_steps_do_not_change_what_happened(watched: Watched) -> None:
    story = watched.story
    state = merged(watched.facts)
    shown = view(state)
    assert shown.status == story.status
    assert [attempt.status for attempt in shown.attempts] == story.attempts
    assert shown.amount_refunded == story.refunded
    assert {id_: d.status for id_, d in state.disputes.items()} == story.disputes
    refunds = [r.stripe_refund_id for r in state.refunds.values() if r.stripe_refund_id]
    assert len(refunds) == len(set(refunds))
    if "r_refused" in state.refunds:
        assert state.refunds["r_refused"].status == "failed"


@settings(max_examples=600, deadline=None)
@given(watched=watched_stories())
def test_asking_stripe_once_settles_every_doubt(watched: Watched) -> None:
    """Steps of one second: after the one fetch that a doubt leads to, the payment is the true one."""
    state = settled(merged(watched.facts), watched.final)
    shown = view(state)
    assert shown.status == watched.story.status
    assert sorted(attempt.status for attempt in shown.attempts) == sorted(watched.story.attempts)


@pytest.mark.xfail(
    strict=True,
    reason="of attempts that failed in one second the one with the greatest id counts as the last: nothing is in "
    "doubt, Stripe is not asked, and a fetch's last_error does not order them either",
)
def test_of_two_failures_in_one_second_the_last_is_shown() -> None:
    """The customer's first card has expired, the second has too little money; Stripe's last_payment_error says so."""
    story = Simulator()
    for kind in ("declined", "declined"):
        story.attempt(kind, 0)
    renamed = {"ch_1": "ch_z", "ch_2": "ch_a"}
    facts = [_expired_first(fact, renamed) for fact in story.story.facts]
    final = facts[-1]
    assert isinstance(final, IntentFact)
    shown = view(settled(merged(facts), final))
    assert shown.failure == final.last_error.failure


def _expired_first(fact: Fact, renamed: dict[str, str]) -> Fact:
    expired = Failure("expired_card")
    if isinstance(fact, ChargeFact):
        failure = expired if fact.charge_id == "ch_1" else fact.failure
        return replace(fact, charge_id=renamed[fact.charge_id], failure=failure)
    if isinstance(fact, IntentFact) and fact.last_error:
        charge_id = str(fact.latest_charge_id)
        failure = expired if charge_id == "ch_1" else fact.last_error.failure
        error = replace(fact.last_error, charge_id=renamed[charge_id], failure=failure)
        return replace(fact, latest_charge_id=renamed[charge_id], last_error=error)
    return fact
