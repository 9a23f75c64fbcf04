"""Rows of refunds."""

from __future__ import annotations

from app.models.listing.payment_summary import row_of
from app.models.listing.refunds import refund_rows
from tests.support import stored


def test_a_refund_in_another_currency_keeps_its_own_and_does_not_count() -> None:
    refunds = [stored.refund(1, amount=300), stored.refund(2, amount=400, currency="eur")]
    payment = stored.payment(1, refunds=refunds)
    rows = refund_rows(payment, row_of(payment), three_d_secure=False)
    assert [(row["amount"], row["currency"], row["counted"]) for row in rows] == [
        (300, "usd", True),
        (400, "eur", False),
    ]
