"""Convergence with all that we learn: events, fetches in the middle of the story, and the steps of our own refunds."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.payments.attempts import open_challenges
from app.domain.payments.derivation import derive, doubts
from app.domain.payments.evidence import PaymentState
from app.domain.payments.facts import IntentFact
from app.domain.payments.merge import apply
from app.domain.payments.snapshot import record
from tests.support.profiles import examples
from tests.unit.domain.payments.observers import Watched, shuffled, watched_stories
from tests.unit.domain.payments.test_convergence import merged


def settled(state: PaymentState, final: IntentFact) -> PaymentState:
    """As the inbox does: where the evidence is in doubt, Stripe is asked once (app/services/webhook_inbox.py)."""
    payment = derive(state)
    if not doubts(state, payment):
        return state
    still_open = {final.payment_method_id} if final.status == "requires_action" else set()
    return apply(state, replace(final, settled=frozenset(open_challenges(payment) - still_open)))


@settings(max_examples=examples(300))
@given(watched=watched_stories(), seed=st.integers(0, 2**32))
def test_every_order_of_all_that_was_learnt_gives_the_same_payment(watched: Watched, seed: int) -> None:
    in_order = merged(watched.facts)
    rng = random.Random(seed)
    for _ in range(5):
        state = merged(shuffled(watched.facts, rng))
        assert state == in_order
        assert record(derive(state)) == record(derive(in_order))


@settings(max_examples=examples(300))
@given(watched=watched_stories(min_gap=1))
def test_fetches_and_our_own_steps_do_not_change_what_happened(watched: Watched) -> None:
    story = watched.story
    state = merged(watched.facts)
    payment = derive(state)
    assert payment.status == story.status
    assert [attempt.status for attempt in payment.attempts] == story.attempts
    assert payment.amount_refunded == story.refunded
    assert {id_: d.status for id_, d in state.disputes.items()} == story.disputes
    refunds = [r.stripe_refund_id for r in state.refunds.values() if r.stripe_refund_id]
    assert len(refunds) == len(set(refunds))
    if "r_refused" in state.refunds:
        assert state.refunds["r_refused"].status == "failed"


@settings(max_examples=examples(600))
@given(watched=watched_stories())
def test_asking_stripe_once_settles_every_doubt(watched: Watched) -> None:
    """Steps of one second: after the one fetch that a doubt leads to, the payment is the true one."""
    state = settled(merged(watched.facts), watched.final)
    payment = derive(state)
    assert payment.status == watched.story.status
    assert sorted(attempt.status for attempt in payment.attempts) == sorted(watched.story.attempts)
