"""What a history entry says of a key that a record no longer has."""

from __future__ import annotations

from app.domain.payments.snapshot import changes


def test_a_key_that_vanishes_is_a_change() -> None:
    before = {"amount": 100, "amount_released": 40, "reviews": [{"id": "prv_1"}]}
    assert changes(before, {"amount": 100}) == {"amount_released": [40, None], "reviews": []}


def test_what_stays_is_no_change() -> None:
    assert changes({"amount": 100}, {"amount": 100}) == {}
