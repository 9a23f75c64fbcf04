"""What a dispute leaves of a payment: by its status, its currency, its bookings, and Stripe's word on refunds."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import pytest

from app.domain.payments.derivation import derive
from app.domain.payments.evidence import PaymentState
from app.domain.payments.facts import Booking, ChargeFact, DisputeFact
from app.domain.payments.merge import apply
from app.domain.payments.payment import Payment
from app.domain.payments.snapshot import changes, record
from app.domain.payments.states import ChargeStatus, DisputeStatus

START, TAKEN = 1_700_000_000, 10_000
CHARGE = ChargeFact(
    charge_id="ch_1",
    intent_id="pi_1",
    status=ChargeStatus.SUCCEEDED,
    created=START,
    as_of=START,
    amount=TAKEN,
    currency="usd",
    amount_captured=TAKEN,
    amount_refunded=0,
    captured=True,
    payment_method_id="pm_1",
    failure=None,
    card=None,
    three_d_secure=None,
)
OUT, BACK = ("txn_1", -1080), ("txn_2", 1080)


def dispute(status: str, currency: str = "usd", *bookings: tuple[str, int], **more: object) -> DisputeFact:
    """A dispute of 10.00 in a currency, for which these amounts were booked in usd."""
    values: dict[str, object] = {
        "dispute_id": "du_1",
        "intent_id": "pi_1",
        "charge_id": "ch_1",
        "amount": 1000,
        "currency": currency,
        "status": DisputeStatus(status),
        "reason": "fraudulent",
        "created": START + 9,
        "evidence_due_by": None,
        "bookings": {id_: Booking(amount=amount, currency="usd") for id_, amount in bookings},
    }
    return DisputeFact(**{**values, **more})  # type: ignore[arg-type]


def payment(*facts: DisputeFact, currency: str = "usd") -> Payment:
    row = PaymentState(
        payment_id="p1", order_id="o1", customer_id="c1", amount=TAKEN, currency=currency, opened_at=START
    )
    return derive(reduce(apply, facts, apply(row, replace(CHARGE, currency=currency))))


@pytest.mark.parametrize(
    ("fact", "currency", "refundable", "lost"),
    [
        (dispute("lost", "usd", OUT), "usd", 9000, 1000),
        (dispute("lost", "eur", OUT), "usd", 8920, 1080),
        (dispute("lost", "eur", OUT, is_charge_refundable=False), "usd", 0, 1080),
        (dispute("lost", "eur", OUT), "sek", 0, 0),
        (dispute("lost", "eur", bookings=None), "usd", 0, 0),
        (dispute("lost", "eur", OUT, BACK), "sek", TAKEN, 0),
        (dispute("lost", "usd", OUT, BACK), "usd", TAKEN, 0),
        (dispute("lost", "eur"), "sek", TAKEN, 0),
        (dispute("won", "eur", OUT, BACK), "sek", TAKEN, 0),
        (dispute("won", "eur", OUT), "sek", TAKEN, 0),
        (dispute("needs_response", "eur", OUT), "sek", TAKEN, 0),
        (dispute("warning_closed", "eur"), "sek", TAKEN, 0),
    ],
    ids=[
        "same currency",
        "booked in the payment's currency",
        "Stripe allows no refund of what is left",
        "no amount in the payment's currency",
        "nothing is known of bookings",
        "given back at last",
        "given back at last, same currency",
        "never withdrawn",
        "won",
        "won, not yet booked",
        "open",
        "inquiry",
    ],
)
def test_what_a_dispute_leaves(fact: DisputeFact, currency: str, refundable: int, lost: int) -> None:
    found = payment(fact, currency=currency)
    assert (found.amount_refundable, found.amount_lost) == (refundable, lost)


def test_a_dispute_that_had_no_booking_yet_when_it_opened_is_not_taken_for_one_without() -> None:
    opened, lost = dispute("needs_response", "eur"), dispute("lost", "eur", bookings=None)
    assert payment(opened, lost, currency="sek").amount_refundable == 0
    assert payment(lost, opened, currency="sek").amount_refundable == 0


def test_bookings_of_every_snapshot_count_whatever_their_order() -> None:
    opened, won = dispute("needs_response", "eur", OUT), dispute("won", "eur", OUT, BACK)
    assert payment(opened, won) == payment(won, opened) == payment(won)
    assert payment(won).disputes[0].withdrawn == {"usd": 0}


@pytest.mark.parametrize(("flag", "refundable"), [(False, 0), (True, TAKEN), (None, TAKEN)])
def test_a_prevented_dispute_is_no_chargeback(flag: bool | None, refundable: int) -> None:
    found = payment(dispute("prevented", is_charge_refundable=flag))
    assert (found.disputed, found.dispute_open, found.amount_lost) == (False, False, 0)
    assert found.amount_refundable == refundable


def test_one_dispute_that_forbids_refunds_is_enough() -> None:
    prevented = dispute("prevented", is_charge_refundable=False)
    inquiry = dispute("warning_closed", dispute_id="du_2", is_charge_refundable=True)
    assert payment(prevented, inquiry).amount_refundable == 0
    assert payment(inquiry, prevented).amount_refundable == 0


def test_records_of_disputes_without_these_fields_stay_what_they_were() -> None:
    """Histories vouch for the digest of a record, so a field that Stripe did not give adds no key."""
    (row,) = record(payment(dispute("lost", bookings=None)))["disputes"]
    assert row.keys() == {
        *("id", "charge_id", "amount", "currency", "status", "reason", "evidence_due_by", "created_at")
    }


def test_a_field_that_is_there_no_more_is_a_change() -> None:
    """As the risk of a payment is, once the attempt that decides it has no charge."""
    assert changes({"status": "failed", "risk": {"level": "normal"}}, {"status": "failed"}) == {
        "risk": [{"level": "normal"}, None]
    }
