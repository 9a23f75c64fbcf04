"""A list read right after changes is the list as it is when they have been counted, page by page, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pymongo.database import Database

from app.models.listing.payments import FigureFilter, PaymentFilter, SortOrder
from app.services.figures.keeper import FiguresKeeper
from app.services.listing import Listings
from config import Settings
from tests.support import stored

ZONE = ZoneInfo("Europe/Berlin")
FILTERS: tuple[Mapping[str, Any], ...] = (
    {},
    {"statuses": ("failed",)},
    {"currency": "usd"},
    {"currency": "usd", "refund_status": "full"},
    {"brand": "visa", "country": "US"},
    {"reason": "expired_card"},
    {"figure": FigureFilter.CAPTURED, "currency": "eur"},
    {"currency": "usd", "start": stored.EPOCH + timedelta(minutes=60)},
    {"customer_id": "customer-3"},
)
Walk = tuple[list[Any], list[Any], int]


@pytest.fixture
def keeper(settings: Settings) -> FiguresKeeper:
    del settings
    return FiguresKeeper(ZONE)


def walk(listings: Listings, where: PaymentFilter, order: SortOrder) -> Walk:
    """What the pages show from the first to the last, what they show on the way back, and the total."""
    listing = listings.payments(where, order)
    total, there = listing.total, list(listing.rows)
    while listing.page.next:
        listing = listings.payments(where, order, listing.page.next)
        there += listing.rows
    back: list[Any] = []
    while listing.page.previous:
        listing = listings.payments(where, order, listing.page.previous)
        back = [*listing.rows, *back]
    return there, back, total


def change(database: Database[dict[str, Any]]) -> None:
    """Some are completed and others fail, are refunded or disputed; and there are new ones, early and late."""
    payments = list(database.payments.find().sort("created_at", 1))
    for n, payment in enumerate(payments):
        done = payment["created_at"] + timedelta(minutes=n % 50)
        fields: Mapping[str, Any] = {
            0: {"status": "completed", "amount_captured": payment["amount"], "completed_at": done},
            1: {"refund_status": "full", "refunds": [stored.refund(n, currency=payment["currency"])]},
            2: {"attempts": [stored.attempt("failed", "expired_card")], "status": "failed"},
            3: {"card": {"brand": "visa", "last4": "0001", "country": "US"}},
        }.get(n % 7, {})
        if fields:
            mark = {"$set": {**fields, "uncounted": True}, "$inc": {"version": 1}}
            database.payments.update_one({"_id": payment["_id"]}, mark)
    database.payments.insert_many(
        [stored.payment(n * 17, amount=1000, payment_intent_id=f"pi_new{n}") for n in range(30)]
    )


def test_changes_that_are_not_counted_yet_are_in_their_place(
    keeper: FiguresKeeper, database: Database[dict[str, Any]]
) -> None:
    database.payments.insert_many(stored.mixed(400))
    keeper.catch_up()
    change(database)
    before = list(database.payment_rows.find())
    listings = Listings(keeper)
    lists = [
        (PaymentFilter(**fields), order)
        for fields in FILTERS
        for order in SortOrder
        if order.field == "created_at" or PaymentFilter(**fields).offers_amounts
    ]
    uncounted = [walk(listings, *one) for one in lists]
    assert list(database.payment_rows.find()) == before, "reading a list has written rows"
    keeper.catch_up()
    assert database.payment_rows.count_documents({}) == 430
    for one, (there, back, total), counted in zip(
        lists, uncounted, (walk(listings, *one) for one in lists), strict=True
    ):
        assert there == counted[0], one
        assert total == counted[2] == len(there), one
        assert back == there[: len(back)] == counted[1], one
        assert total > 0, one
