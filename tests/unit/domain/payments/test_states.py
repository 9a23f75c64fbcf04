"""Every status is classified, and every word that Stripe documents is one of ours."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from app.domain.payments.states import (
    NEEDS_RESPONSE,
    AttemptStatus,
    AuthenticationOutcome,
    ChargeStatus,
    DisputeStatus,
    IntentStatus,
    PaymentStatus,
    RefundState,
    RefundStatus,
)

STRIPE = Path(os.environ.get("PAYDESK_STRIPE_REFERENCE", Path(__file__).parents[4].parent / "shared" / "stripe"))
OURS: dict[str, type[ChargeStatus | RefundState | DisputeStatus | IntentStatus]] = {
    "charge": ChargeStatus,
    "refund": RefundState,
    "dispute": DisputeStatus,
    "payment_intent": IntentStatus,
}
# Stripe's document names a refund's statuses only in prose (docs.stripe.com/api/refunds/object).
REFUND_WORDS = ["pending", "requires_action", "succeeded", "failed", "canceled"]
FINAL = {"completed", "canceled"}
RETURNED = {"failed", "canceled"}
INQUIRIES = {"warning_needs_response", "warning_under_review", "warning_closed"}
BLOCKING = {"needs_response", "under_review", "appeal_needs_response", "appeal_under_review"}


def schemas(version: str) -> dict[str, Any]:
    path = STRIPE / f"openapi-{version}.json"
    if not path.exists():
        pytest.skip("the Stripe reference folder ../shared/stripe is not beside this repository")
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))["components"]["schemas"]
    return found


@pytest.mark.parametrize("version", ["2023-10-16", "2026-10-28"])
@pytest.mark.parametrize("kind", OURS)
def test_every_word_of_stripe_is_classified(kind: str, version: str) -> None:
    status = schemas(version)[kind]["properties"]["status"]
    words = status.get("enum") or REFUND_WORDS
    assert all(f"`{word}`" in status["description"] for word in words) or "enum" in status
    assert [word for word in words if not OURS[kind](word).is_classified] == []


def test_every_authentication_result_of_stripe_has_an_outcome_or_none() -> None:
    details = schemas("2023-10-16")["three_d_secure_details_charge"]["properties"]["result"]
    not_asked = {"not_supported", None}
    for result in details["enum"]:
        assert (AuthenticationOutcome.of_result(result) is None) == (result in not_asked)


@pytest.mark.parametrize("enum", [ChargeStatus, RefundState, DisputeStatus])
def test_ranks_order_the_statuses_of_one_object(enum: type[ChargeStatus | RefundState | DisputeStatus]) -> None:
    assert sorted(member.rank for member in enum) == list(range(len(enum)))


@pytest.mark.parametrize("payment", PaymentStatus)
def test_a_payment_is_final_once_it_is_completed_or_canceled(payment: PaymentStatus) -> None:
    assert payment.is_final == (payment in FINAL)
    assert payment.waits_for_stripe == (payment in {"processing", "authorized"})


@pytest.mark.parametrize("refund", RefundState)
def test_a_refund_is_open_or_refunded_or_returned(refund: RefundState) -> None:
    assert [refund.is_open, refund.counts_as_refunded, refund.returned].count(True) == 1
    assert refund.returned == (refund in RETURNED)
    assert refund.counts_as_refunded == (refund == "succeeded")
    assert refund.needs_attention == (refund == "requires_action")


def test_a_payment_counts_as_refunded_once_any_money_went_back() -> None:
    assert [status for status in RefundStatus if status.counts_as_refunded] == ["partial", "full"]


@pytest.mark.parametrize("dispute", DisputeStatus)
def test_a_dispute_blocks_refunds_while_it_holds_the_money(dispute: DisputeStatus) -> None:
    assert dispute.is_inquiry == (dispute in INQUIRIES)
    assert dispute.blocks_refunds == (dispute in BLOCKING)
    assert dispute.takes_money == (dispute == "lost")
    assert dispute.needs_attention == (dispute in NEEDS_RESPONSE) == dispute.endswith("needs_response")


@pytest.mark.parametrize("intent", IntentStatus)
def test_an_intent_is_idle_until_an_attempt_begins(intent: IntentStatus) -> None:
    assert intent.is_idle == (intent in {"requires_payment_method", "requires_confirmation"})


@pytest.mark.parametrize(
    ("charge", "captured", "attempt"),
    [
        ("pending", False, AttemptStatus.PROCESSING),
        ("failed", False, AttemptStatus.FAILED),
        ("succeeded", False, AttemptStatus.AUTHORIZED),
        ("succeeded", True, AttemptStatus.SUCCEEDED),
    ],
)
def test_an_attempt_follows_its_charge(charge: str, captured: bool, attempt: AttemptStatus) -> None:
    assert AttemptStatus.of_charge(ChargeStatus(charge), captured=captured) == attempt


def test_a_new_word_of_stripe_is_kept_and_ranks_lowest() -> None:
    word = RefundState("reviewing")
    assert (word, str(word), word.rank, word.is_classified) == ("reviewing", "reviewing", 0, False)
    assert not (word.is_open or word.counts_as_refunded or word.returned or word.needs_attention)
    assert json.dumps(word) == '"reviewing"'
