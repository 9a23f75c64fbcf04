"""Events of five API versions end in the same payment, in any order, and nothing personal of any is kept."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from app.domain.payments.derivation import derive
from app.domain.payments.facts import IntentFact
from app.domain.payments.merge import adopt, apply
from app.domain.payments.snapshot import record
from app.gateway.redaction import strip_event
from app.gateway.webhooks import facts_of
from tests.support.recorded_shapes import AGES, METADATA, START, Values, story

NEWEST = AGES[-1]


def told(events: list[dict[str, Any]], *, stored: bool = True) -> dict[str, Any]:
    """The record of the payment after these events, as they are or as they are stored."""
    facts = [fact for event in events for fact in facts_of(strip_event(event) if stored else event)]
    first = next(fact for fact in facts if isinstance(fact, IntentFact))
    state = adopt(first, METADATA["paydesk_payment_id"])
    for fact in facts:
        state = apply(state, fact)
    return record(derive(state, updated_at=None))


def test_the_newest_shape_tells_the_whole_story() -> None:
    payment = told(story(NEWEST))
    assert (payment["status"], payment["amount"], payment["currency"]) == ("completed", 2000, "eur")
    assert (payment["amount_captured"], payment["amount_refunded"], payment["refund_status"]) == (2000, 300, "partial")
    assert [attempt["status"] for attempt in payment["attempts"]] == ["failed", "succeeded"]
    assert payment["card"] == {"brand": "visa", "last4": "3184", "country": "DE"}
    assert (payment["three_d_secure"]["outcome"], payment["three_d_secure"]["flow"]) == ("authenticated", "challenge")
    assert [(dispute["id"], dispute["status"]) for dispute in payment["disputes"]] == [("dp_1", "won")]


@pytest.mark.parametrize("stored", [True, False], ids=["as stored", "as sent"])
@pytest.mark.parametrize("version", AGES)
def test_every_age_ends_in_the_same_payment(version: str, stored: bool) -> None:
    assert told(story(version), stored=stored) == told(story(NEWEST))


@pytest.mark.parametrize("version", AGES)
def test_every_age_shows_the_same_payment_after_each_event(version: str) -> None:
    for count in range(1, len(story(version)) + 1):
        assert told(story(version)[:count]) == told(story(NEWEST)[:count]), story(version)[count - 1]["type"]


@pytest.mark.parametrize("version", AGES)
def test_every_status_of_an_intent_has_todays_word(version: str) -> None:
    facts = [fact for event in story(version) for fact in facts_of(event) if isinstance(fact, IntentFact)]
    assert [fact.status for fact in facts] == [
        "requires_payment_method",
        "requires_payment_method",
        "requires_action",
        "succeeded",
    ]


@pytest.mark.parametrize("version", AGES)
def test_no_order_matters(version: str) -> None:
    whole = told(story(version))
    for seed in range(20):
        events = story(version) + story(version)[:4]
        random.Random(seed).shuffle(events)
        assert told(events) == whole


@pytest.mark.parametrize("version", [version for version in AGES if version < "2022-11-15"])
def test_the_charges_inside_an_intent_say_as_much_as_their_own_events(version: str) -> None:
    paid = [event for event in story(version) if event["created"] < START + Values().refunded]
    intents = [event for event in paid if event["type"].startswith("payment_intent.")]
    assert len(intents) < len(paid)
    assert told(intents) == told(paid)


@pytest.mark.parametrize("version", AGES)
def test_nothing_personal_is_kept(version: str) -> None:
    kept = json.dumps([strip_event(event) for event in story(version)])
    assert "canary" not in kept
    assert kept.count(version) == len(story(version)), "what an event was read from stays visible"


def test_a_change_of_version_between_two_events_changes_nothing() -> None:
    """An account that upgrades, or two endpoints of different versions, tell one story in several shapes."""
    for seed in range(20):
        chance = random.Random(seed)
        mixed = [chance.choice([story(version)[n] for version in AGES]) for n in range(len(story(NEWEST)))]
        assert told(mixed) == told(story(NEWEST))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"id": "src_1", "object": "source", "type": "sepa_debit", "sepa_debit": {"last4": "3000"}}, "sepa_debit"),
        (
            {"id": "src_1", "object": "source", "type": "card", "card": {"brand": "MasterCard", "three_d_secure": "x"}},
            "card",
        ),
        ("src_1", None),
        (None, None),
    ],
)
def test_sources_of_old_charges(source: Any, expected: str | None) -> None:
    charge = {**story(AGES[0])[4]["data"]["object"], "source": source}
    (fact,) = facts_of({"type": "charge.succeeded", "created": 1, "data": {"object": charge}})
    assert (fact.method.type if fact.method else None) == expected  # type: ignore[union-attr]
    assert fact.payment_method_id == ("src_1" if source else None)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["charges", "last_payment_error", "next_source_action", "source", "latest_charge"])
@pytest.mark.parametrize("odd", [7, "x", [1], {"data": 3}, {"data": [4]}, {"type": []}])
def test_odd_shapes_are_read_or_refused_but_never_break_the_storing(name: str, odd: Any) -> None:
    for event in story(AGES[0]):
        event["data"]["object"][name] = odd
        assert strip_event(event)["id"] == event["id"]
