"""What Paydesk itself adds to a story: snapshots that it fetched on the way, and the steps of its own refunds."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from hypothesis import strategies as st

from app.domain.payments.facts import (
    ChargeFact,
    Fact,
    IntentFact,
    RefundFact,
    RefundRefused,
    RefundRequested,
    RefundSettled,
    RefundUnanswered,
)
from tests.unit.domain.payments.stories import Story, stories


@dataclass(frozen=True)
class Watched:
    """A story with everything that was learnt of it; ``final`` is what a fetch at the very end would say."""

    story: Story
    facts: list[Fact]
    final: IntentFact


@st.composite
def watched_stories(draw: st.DrawFn, *, min_gap: int = 0) -> Watched:
    """A story, some fetches in the middle of it, and refunds of which some were asked for here."""
    story = draw(stories(min_gap=min_gap))
    story = replace(story, facts=_renamed(story.facts, draw(st.permutations(range(6)))))
    snapshots = _fetches(story.facts)
    taken = draw(st.lists(st.sampled_from(snapshots), max_size=4))
    facts = [*_own_refunds(draw, story.facts), *(_answering(draw, fetch, story.facts) for fetch in taken)]
    if draw(st.booleans()):
        # Stripe refused this one for good, so it never told anything about it.
        facts += [_requested("r_refused", 77), RefundRefused(refund_id="r_refused", failure_reason="no")]
        if draw(st.booleans()):
            facts.append(RefundSettled(refund_id="r_refused", settled_by="finance@example.com"))
    return Watched(story, facts, replace(snapshots[-1], as_of=story.clock))


def _renamed(facts: Sequence[Fact], names: Sequence[int]) -> list[Fact]:
    """The same facts under other ids: Stripe's are random, so their order must not say which was first."""
    renamed = {f"{kind}_{n}": f"{kind}_{name}" for kind in ("pm", "ch") for n, name in enumerate(names)}

    def rename(value: Any) -> Any:
        if isinstance(value, str):
            return renamed.get(value, value)
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{f.name: rename(getattr(value, f.name)) for f in fields(value)})
        return value

    return [rename(fact) for fact in facts]


def shuffled(facts: Sequence[Fact], rng: random.Random) -> list[Fact]:
    """Every fact at least once in a random order; a step of a refund of ours never comes before its row."""
    mixed = [*facts, *rng.choices(facts, k=len(facts))]
    rng.shuffle(mixed)
    rows = {fact.refund_id: fact for fact in facts if isinstance(fact, RefundRequested)}
    written: set[str] = set()
    found: list[Fact] = []
    for fact in mixed:
        refund_id = getattr(fact, "refund_id", None)
        if refund_id in rows and refund_id not in written:
            written.add(refund_id)
            found.append(rows[refund_id])
        found.append(fact)
    return found


def requested_methods(facts: Sequence[Fact]) -> set[str]:
    """Payment methods for which 3-D Secure was asked."""
    return {
        fact.payment_method_id
        for fact in facts
        if isinstance(fact, IntentFact) and fact.status == "requires_action" and fact.payment_method_id
    }


def _fetches(facts: Sequence[Fact]) -> list[IntentFact]:
    """The intent after each of its steps, with its latest charge expanded, as a fetch would have shown it."""
    charges: dict[str, ChargeFact] = {}
    found = []
    for fact in facts:
        if isinstance(fact, ChargeFact):
            charges[fact.charge_id] = fact
        elif isinstance(fact, IntentFact):
            found.append(replace(fact, charge=charges.get(fact.latest_charge_id or "")))
    return found


def _answering(draw: st.DrawFn, fetch: IntentFact, facts: Sequence[Fact]) -> IntentFact:
    """The fetch as the answer to some of the 3-D Secure requests that were made before it."""
    until = next(n for n, fact in enumerate(facts) if _same_step(fact, fetch))
    asked = requested_methods(facts[: until + 1])
    if fetch.status == "requires_action":
        asked.discard(str(fetch.payment_method_id))
    known = draw(st.sets(st.sampled_from(sorted(asked)))) if asked else set()
    return replace(fetch, settled=frozenset(known))


def _same_step(fact: Fact, fetch: IntentFact) -> bool:
    return isinstance(fact, IntentFact) and replace(fetch, charge=None) == fact


def _own_refunds(draw: st.DrawFn, facts: Sequence[Fact]) -> list[Fact]:
    """The facts, where some refunds were asked for here, and the answers to some of those requests were lost."""
    ours: dict[str, bool] = {}
    found: list[Fact] = []
    for fact in facts:
        if isinstance(fact, RefundFact):
            if fact.stripe_refund_id not in ours:
                ours[fact.stripe_refund_id] = draw(st.booleans())
                if ours[fact.stripe_refund_id]:
                    found += _asked_for(draw, fact)
            if ours[fact.stripe_refund_id]:
                fact = replace(fact, refund_id=_our_id(fact), reason="broken", requested_by="clerk")  # noqa: PLW2901
        found.append(fact)
    return found


def _asked_for(draw: st.DrawFn, fact: RefundFact) -> list[Fact]:
    row = replace(_requested(_our_id(fact), fact.amount), requested_at=fact.created, stripe_reason=fact.stripe_reason)
    return [row, RefundUnanswered(refund_id=row.refund_id)] if draw(st.booleans()) else [row]


def _our_id(fact: RefundFact) -> str:
    return f"r_{fact.stripe_refund_id}"


def _requested(refund_id: str, amount: int) -> RefundRequested:
    return RefundRequested(
        refund_id=refund_id, amount=amount, reason="broken", notes=None, requested_by="clerk", requested_at=1
    )
