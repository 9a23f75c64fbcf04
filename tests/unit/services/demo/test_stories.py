from __future__ import annotations

from collections import Counter

import pytest

from app.domain.money import chargeable
from app.services.demo.stories import DAYS, CloseDispute, Dispute, GiveBack, Pay, Story, stories

UNTIL = 1_790_000_000


def told(count: int, seed: int = 1) -> list[Story]:
    return stories(count, seed=seed, until=UNTIL)


def test_the_same_seed_tells_the_same_and_another_seed_tells_others() -> None:
    assert told(60) == told(60)
    assert told(60) != told(60, seed=2)


@pytest.mark.parametrize("count", [0, 1, 7, 40, 333])
def test_as_many_as_asked_for_each_with_its_own_order(count: int) -> None:
    assert len({story.order_id for story in told(count)}) == count


def test_everything_lies_in_the_last_ninety_days_in_order_and_never_in_one_second() -> None:
    found = told(1000)
    assert [story.created for story in found] == sorted(story.created for story in found)
    for story in found:
        moments = [story.created, *(at for at, _ in story.acts), UNTIL]
        assert moments == sorted(set(moments)), story
        assert story.created > UNTIL - (DAYS + 2) * 86400


def test_every_amount_can_be_charged() -> None:
    found = told(2000)
    for story in found:
        assert chargeable(story.money.to_major(), story.money.currency) == story.money
    currencies = Counter(story.money.currency for story in found)
    assert currencies.most_common(1)[0][0] == "usd"
    assert set(currencies) == {"usd", "eur", "gbp", "jpy", "kwd"}


def test_the_mix_is_plausible() -> None:
    found = told(2000)
    cards = [[act.card for _, act in story.acts if isinstance(act, Pay)] for story in found]
    declined = sum(any("chargeDeclined" in card or card == "pm_card_radarBlock" for card in row) for row in cards)
    challenged = sum(
        any("uthentication" in card or card.isdigit() or "ThreeD" in card or "threeD" in card for card in row)
        for row in cards
    )
    assert 0.10 < declined / len(found) < 0.16
    assert 0.17 < challenged / len(found) < 0.23


def test_a_small_set_holds_something_of_everything() -> None:
    acts = [act for story in told(40) for _, act in story.acts]
    assert any(isinstance(act, GiveBack) and act.share is None for act in acts)
    assert any(isinstance(act, GiveBack) and act.share for act in acts)
    assert any(isinstance(act, Dispute) and act.inquiry for act in acts)
    assert {act.outcome for act in acts if isinstance(act, CloseDispute)} == {"won", "lost"}
    assert {act.authentication for act in acts if isinstance(act, Pay)} == {"complete", "fail", "abandon"}
    assert any(not story.acts for story in told(40))


def test_weekdays_are_busier_than_weekends_and_days_than_nights() -> None:
    found = told(4000)
    weekdays = Counter((story.created // 86400 + 3) % 7 for story in found)
    hours = Counter(story.created // 3600 % 24 for story in found)
    assert min(weekdays[day] for day in range(5)) > max(weekdays[5], weekdays[6])
    assert hours[19] > 5 * hours[3]
