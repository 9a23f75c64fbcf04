"""Conditional writes that share a round trip: each payment is written by exactly one of those who decided on it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from app.domain.payments.derivation import derive
from app.domain.payments.evidence import PaymentState
from app.domain.payments.facts import RefundRequested
from app.domain.payments.history import problems
from app.domain.payments.snapshot import record
from app.ids import new_id
from app.models.payments import repository, writes
from app.models.payments.mapping import state_of
from app.services.payments.updates import Source, entry_for, learn
from config import Settings

NOW = datetime.now(UTC).replace(microsecond=0)
SOURCE = Source(channel="test")


@pytest.fixture
def payment_ids(settings: Settings, database: Database[dict[str, Any]]) -> list[str]:
    """Twenty stored payments, each with its intent."""
    del settings, database
    ids = []
    for number in range(20):
        state = PaymentState(
            payment_id=new_id(),
            order_id=f"o{number}",
            customer_id="c1",
            amount=1000,
            currency="usd",
            opened_at=int(NOW.timestamp()),
            intent_id=f"pi_{number}",
        )
        new, entry = entry_for(None, derive(state), SOURCE, NOW)
        assert entry
        writes.insert(state, new, entry, slot=None, now=NOW)
        ids.append(state.payment_id)
    return ids


def test_every_fact_of_many_threads_is_in_its_payment(
    payment_ids: list[str], database: Database[dict[str, Any]]
) -> None:
    """Four hundred changes of twenty payments, all at once: many conflict, none is lost, none is doubled."""

    def change(number: int) -> None:
        stored = repository.find(payment_ids[number % len(payment_ids)])
        assert stored
        fact = RefundRequested(
            refund_id=f"r{number}", amount=1, reason=None, notes=None, requested_by="t", requested_at=1
        )
        learn(stored, [fact], SOURCE)

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(change, range(400)))
    for document in database.payments.find():
        number = payment_ids.index(str(document["_id"]))
        assert {r["id"] for r in document["refunds"]} == {f"r{n}" for n in range(number, 400, 20)}
        assert document["version"] == 21
        state = state_of(document)
        assert problems(document["history"], record(derive(state))) == []


def test_threads_that_ask_for_intents_at_once_each_get_their_own(payment_ids: list[str]) -> None:
    def owner(number: int) -> str | None:
        found = repository.find_by_intent(f"pi_{number}")
        return found.id if found else None

    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(owner, [n % 25 for n in range(500)]))
    assert found == [payment_ids[n % 25] if n % 25 < 20 else None for n in range(500)]
