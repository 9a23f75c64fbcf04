"""The table of test cards."""

from __future__ import annotations

from sandbox.behaviour.cards import CARDS, passes_luhn


def test_card_numbers_are_unique_and_pass_the_luhn_check() -> None:
    assert all(passes_luhn(card.number) for card in CARDS)
    assert len({card.number for card in CARDS}) == len(CARDS)
    assert not passes_luhn("4242424242424241")
