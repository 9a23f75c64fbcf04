"""Which failed refunds need a person: those whose money nothing has given back since."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.payments.failed_refunds import failure_times, needing_attention
from app.domain.payments.payment import Refund
from app.domain.payments.states import RefundState

Made = tuple[Refund, int | None]
"""A refund, and when its failure was learnt of, if ever."""


def refund(
    name: str, amount: int, status: str, created: int, failed_at: int | None = None, by: str | None = None
) -> Made:
    made = Refund(
        id=name,
        payment_id="p1",
        stripe_refund_id=f"re_{name}",
        amount=amount,
        currency="usd",
        status=RefundState(status),
        reason=None,
        failure_reason=None,
        notes=None,
        requested_by=None,
        created=created,
        settled_by=by,
    )
    return made, failed_at


def unmended(refunds: list[Made], refundable: int) -> frozenset[str]:
    failed_at = {made.id: at for made, at in refunds if at is not None}
    return needing_attention([made for made, _ in refunds], refundable, failed_at)


FAILED = refund("a", 30, "failed", 10, 20)


@pytest.mark.parametrize(
    ("others", "refundable", "waiting"),
    [
        ([], 100, {"a"}),
        ([], 0, set()),
        ([refund("b", 30, "succeeded", 21)], 70, set()),
        ([refund("b", 30, "pending", 20)], 70, set()),
        ([refund("b", 29, "succeeded", 21)], 71, {"a"}),
        ([refund("b", 10, "succeeded", 21), refund("c", 20, "succeeded", 22)], 70, set()),
        # Made before anybody knew of the failure.
        ([refund("b", 30, "succeeded", 19)], 70, {"a"}),
        ([refund("b", 30, "canceled", 21)], 100, {"a"}),
        # One refund makes good one failure, or two when it is large enough.
        ([refund("b", 30, "failed", 11, 20), refund("c", 30, "succeeded", 21)], 70, {"b"}),
        ([refund("b", 30, "failed", 11, 20), refund("c", 60, "succeeded", 21)], 40, set()),
        # A second try that failed takes the place of the first, and a third one mends both.
        ([refund("b", 30, "failed", 21, 25)], 100, {"b"}),
        ([refund("b", 30, "failed", 21, 25), refund("c", 30, "succeeded", 26)], 70, set()),
        # Two that failed in one second never excuse each other.
        ([refund("b", 30, "failed", 20, 20)], 100, {"b"}),
    ],
)
def test_a_failure_waits_until_its_money_went_back(others: list[Made], refundable: int, waiting: set[str]) -> None:
    assert unmended([FAILED, *others], refundable) == waiting
    assert unmended([*others, FAILED], refundable) == waiting


def test_what_a_person_settled_waits_no_more_and_still_answers_for_the_one_before() -> None:
    settled = refund("b", 30, "failed", 21, 25, by="finance@example.com")
    assert unmended([settled], 100) == set()
    assert unmended([FAILED, settled], 100) == set()


def test_without_a_history_a_failure_counts_from_when_the_refund_was_made() -> None:
    failed = refund("a", 30, "failed", 10)
    assert unmended([failed, refund("b", 30, "succeeded", 11)], 70) == set()
    assert unmended([failed, refund("b", 30, "succeeded", 9)], 70) == {"a"}


def test_a_refund_that_waits_for_an_action_needs_attention_whatever_is_left() -> None:
    assert unmended([refund("a", 30, "requires_action", 10)], 0) == {"a"}


def test_a_failure_is_dated_by_its_first_entry_in_the_history() -> None:
    history: list[dict[str, Any]] = [
        {"at": 1_000, "changes": {"status": [None, "completed"]}},
        {"at": 2_000, "changes": {"refunds": [{"id": "a", "status": "succeeded"}]}},
        {"at": 3_999, "changes": {"refunds": [{"id": "a", "status": "failed"}]}},
        {"at": 9_000, "changes": {"refunds": [{"id": "a", "status": "failed"}, {"id": "b", "status": "failed"}]}},
        {"at": 9_500},
    ]
    assert failure_times(history) == {"a": 3, "b": 9}
