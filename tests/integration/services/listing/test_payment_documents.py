"""The API lists whole payments: found by the read model, in the state that the filter selected, page by page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson import ObjectId
from pymongo.database import Database

from app.domain.payments.payment import Payment
from app.models.listing.payments import PaymentFilter
from app.models.payments.mapping import payment_of
from app.services.figures.keeper import FiguresKeeper
from app.services.listing import Listings
from config import Settings
from tests.support import stored

Document = dict[str, Any]
EARLY, LATE = stored.EPOCH + timedelta(minutes=30), stored.EPOCH + timedelta(minutes=90)
CASES: tuple[tuple[Mapping[str, Any], Callable[[Document], bool]], ...] = (
    ({}, bool),
    ({"statuses": ("failed",)}, lambda p: p["status"] == "failed"),
    ({"statuses": ("failed", "canceled")}, lambda p: p["status"] in {"failed", "canceled"}),
    ({"refund_status": "partial"}, lambda p: p["refund_status"] == "partial"),
    ({"currency": "eur"}, lambda p: p["currency"] == "eur"),
    ({"order_id": "order-17"}, lambda p: p["order_id"] == "order-17"),
    ({"customer_id": "customer-3"}, lambda p: p["customer_id"] == "customer-3"),
    (
        {"customer_id": "customer-3", "statuses": ("completed",)},
        lambda p: p["customer_id"] == "customer-3" and p["status"] == "completed",
    ),
    ({"payment_intent_id": "pi_0042"}, lambda p: p["payment_intent_id"] == "pi_0042"),
    (
        {"reason": "expired_card"},
        lambda p: any((a["failure"] or {}).get("reason") == "expired_card" for a in p["attempts"]),
    ),
    ({"three_d_secure": True}, lambda p: any(a["three_d_secure"]["attempted"] for a in p["attempts"])),
    ({"start": EARLY, "end": LATE}, lambda p: EARLY <= p["created_at"] < LATE),
)


@pytest.fixture
def listings(settings: Settings) -> Listings:
    del settings
    return Listings(FiguresKeeper(ZoneInfo("UTC")))


def walk(listings: Listings, where: PaymentFilter) -> list[Payment]:
    """All pages, each of seven payments."""
    page = listings.payments_in_full(where, limit=7)
    rows = list(page.payments)
    while page.next:
        page = listings.payments_in_full(where, limit=7, cursor=page.next)
        assert page.payments and page.previous
        rows += page.payments
    return rows


@pytest.mark.parametrize("counted", [True, False])
def test_every_filter_selects_the_payments_that_a_naive_search_selects(
    listings: Listings, database: Database[Document], counted: bool
) -> None:
    """Both of payments whose rows are written, and of those that have changed since."""
    listings.payments_in_full(PaymentFilter(), limit=1)  # builds the figures of nothing
    database.payments.insert_many(stored.mixed(150))
    if counted:
        listings._keeper.catch_up()
        assert database.payment_rows.count_documents({}) == 150
    documents = list(database.payments.find().sort([("created_at", -1), ("_id", -1)]))
    for fields, matches in CASES:
        expected = [payment for payment in documents if matches(payment)]
        assert expected, fields
        payments = walk(listings, PaymentFilter(**fields))
        assert [payment.id for payment in payments] == [str(document["_id"]) for document in expected], fields
        assert payments == [replace(payment_of(document), history=()) for document in expected], fields


def test_a_listed_payment_is_in_the_state_that_the_filter_selected(
    listings: Listings, database: Database[Document]
) -> None:
    database.payments.insert_many(stored.mixed(40))
    failed = PaymentFilter(statuses=("failed",))
    before = walk(listings, failed)
    change = {"$set": {"status": "canceled", "uncounted": True}, "$inc": {"version": 1}}
    database.payments.update_one({"_id": ObjectId(before[0].id)}, change)
    assert walk(listings, failed) == before[1:]
    assert before[0].id in {payment.id for payment in walk(listings, PaymentFilter(statuses=("canceled",)))}
