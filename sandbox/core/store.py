"""All objects in memory: looked up by id or index, listed newest first by cursor.

No operation scans the history: bisection finds positions, and each filter has an index.
"""

from __future__ import annotations

import random
import time
from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from sandbox.core.errors import missing
from sandbox.core.records import (
    BalanceTransaction,
    Charge,
    Customer,
    Dispute,
    Endpoint,
    Event,
    File,
    FraudWarning,
    Intent,
    PaymentMethod,
    Payout,
    Record,
    Refund,
    Review,
    StoredResponse,
)

R = TypeVar("R", bound=Record)
Key = tuple[int, int, str]

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def key_of(record: Record) -> Key:
    """The position of a record in every list: by creation time, then by order of creation."""
    return (record.created, record.seq, record.id)


class SortedKeys:
    """Keys of records, oldest first. Adding the newest is O(1); any other change is O(log n) and a memory move."""

    __slots__ = ("keys",)

    def __init__(self) -> None:
        self.keys: list[Key] = []

    def add(self, key: Key) -> None:
        """Insert a key at its position, usually the end."""
        if not self.keys or key > self.keys[-1]:
            self.keys.append(key)
        else:
            insort(self.keys, key)

    def discard(self, key: Key) -> None:
        at = bisect_left(self.keys, key)
        if at < len(self.keys) and self.keys[at] == key:
            del self.keys[at]

    def newest_first(self, below: Key, down_to: Key) -> Iterator[Key]:
        """Keys below ``below``, down to and including ``down_to``."""
        at = bisect_left(self.keys, below) - 1
        while at >= 0 and self.keys[at] >= down_to:
            yield self.keys[at]
            at -= 1

    def oldest_first(self, above: Key, up_to: Key) -> Iterator[Key]:
        """Keys between ``above`` and ``up_to``, both excluded."""
        at = bisect_left(self.keys, above)
        while at < len(self.keys) and self.keys[at] < up_to:
            if self.keys[at] != above:
                yield self.keys[at]
            at += 1


_EMPTY = SortedKeys()


class Collection(Generic[R]):
    """The records of one kind, with sorted keys for all of them and for each value of each indexed field."""

    def __init__(self, noun: str, *indexed: str) -> None:
        self.noun = noun
        self.by_id: dict[str, R] = {}
        self.all = SortedKeys()
        self._indexes: dict[str, dict[str, SortedKeys]] = {name: {} for name in indexed}

    def __len__(self) -> int:
        return len(self.by_id)

    def add(self, record: R) -> None:
        """Add a new record to every index that it belongs to."""
        self.by_id[record.id] = record
        key = key_of(record)
        self.all.add(key)
        for name, index in self._indexes.items():
            value = getattr(record, name)
            if value:
                index.setdefault(value, SortedKeys()).add(key)

    def remove(self, record: R) -> None:
        """Remove a record of a kind that has no indexed fields."""
        del self.by_id[record.id]
        self.all.discard(key_of(record))

    def get(self, record_id: str | None) -> R | None:
        return self.by_id.get(record_id) if record_id else None

    def require(self, record_id: str, *, param: str, status: int = 404) -> R:
        """The record with this id. Raises StripeError resource_missing, which names ``param``."""
        record = self.by_id.get(record_id)
        if record is None:
            raise missing(self.noun, record_id, param=param, status=status)
        return record

    def index(self, name: str, value: str) -> SortedKeys:
        """The keys of the records whose indexed field has this value; empty when there are none."""
        return self._indexes[name].get(value, _EMPTY)

    def values(self, name: str) -> list[str]:
        """The values that an indexed field has."""
        return list(self._indexes[name])

    def matching(self, name: str, value: str) -> list[R]:
        """The records whose indexed field has this value, oldest first."""
        return [self.by_id[key[2]] for key in self.index(name, value).keys]


class Store:
    """Every collection, the source of ids, and the clock.

    ``changed`` collects what must be written since the last flush, when there is a data file.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.clock_offset = 0
        self.tracks_changes = False
        self.changed: dict[tuple[str, str], Record | None] = {}
        self.clear()

    def clear(self) -> None:
        """Remove every object; the seed and the clock stay."""
        self.seq = 0
        self.customers: Collection[Customer] = Collection("customer")
        self.payment_methods: Collection[PaymentMethod] = Collection("PaymentMethod")
        self.intents: Collection[Intent] = Collection("payment_intent", "customer")
        self.charges: Collection[Charge] = Collection("charge", "payment_intent", "customer")
        self.refunds: Collection[Refund] = Collection("refund", "charge", "payment_intent")
        self.disputes: Collection[Dispute] = Collection("dispute", "charge", "payment_intent")
        self.fraud_warnings = Collection[FraudWarning]("early_fraud_warning", "charge", "payment_intent")
        self.reviews: Collection[Review] = Collection("review", "charge")
        self.balance_transactions = Collection[BalanceTransaction]("balance_transaction", "source", "type", "currency")
        self.payouts: Collection[Payout] = Collection("payout")
        self.files: Collection[File] = Collection("file upload", "purpose")
        self.events: Collection[Event] = Collection("event", "type")
        self.undelivered = SortedKeys()
        self.endpoints: Collection[Endpoint] = Collection("webhook_endpoint")
        # First responses by idempotency key, oldest first.
        self.responses: dict[str, StoredResponse] = {}

    def collections(self) -> dict[str, Collection[Any]]:
        """Every collection by the kind of its records."""
        return {
            Customer.KIND: self.customers,
            PaymentMethod.KIND: self.payment_methods,
            Intent.KIND: self.intents,
            Charge.KIND: self.charges,
            Refund.KIND: self.refunds,
            Dispute.KIND: self.disputes,
            FraudWarning.KIND: self.fraud_warnings,
            Review.KIND: self.reviews,
            BalanceTransaction.KIND: self.balance_transactions,
            Payout.KIND: self.payouts,
            File.KIND: self.files,
            Event.KIND: self.events,
            Endpoint.KIND: self.endpoints,
        }

    def now(self) -> int:
        """The sandbox's time in Unix seconds; ``/_sandbox/clock`` can move it."""
        return int(time.time()) + self.clock_offset

    def next_seq(self) -> int:
        self.seq += 1
        return self.seq

    def token(self, length: int) -> str:
        """Random letters and digits; the same seed gives the same ones in every run."""
        return "".join(self.random.choices(_ALPHABET, k=length))

    def new_id(self, prefix: str) -> str:
        """An id as long as Stripe's: ``pi_3`` and 23 more characters."""
        return f"{prefix}_3{self.token(23)}"

    def header(self, prefix: str) -> dict[str, Any]:
        """The fields of a new record that every record has."""
        return {"id": self.new_id(prefix), "created": self.now(), "seq": self.next_seq()}

    def insert(self, collection: Collection[R], record: R) -> R:
        collection.add(record)
        self.save(record)
        return record

    def save(self, record: Record) -> None:
        """Mark a record as new or changed."""
        if self.tracks_changes:
            self.changed[(record.KIND, record.id)] = record

    def drop(self, kind: str, record_id: str) -> None:
        if self.tracks_changes:
            self.changed[(kind, record_id)] = None
