"""StripeStream Stripe so that everything about a payment comes together, in bounded memory.

Every list runs from the newest to the oldest. Whatever belongs to an intent was made after the intent, so once the
other lists have been read down to an intent's creation, all of its story is in hand: facts wait in memory only from
their own creation back to that of their intent. What is left at the end belongs to intents older than the range.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.domain.payments.facts import Fact, IntentFact
from app.gateway.lists import IntentPage, ReadPage, RelatedFact, StripeListing

MOST_WAITING = 20_000
"""Facts held for intents that were not reached yet. Beyond it only the intents' ids are kept, and each is fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentStory:
    """An intent and what else Stripe has about it."""

    intent: IntentFact
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A page of intents, whole.

    Rows created after ``after`` and up to ``until`` (None: now) must be among ``listed``.
    """

    gathered: list[IntentStory]
    after: int
    until: int | None
    listed: frozenset[str]
    cursor: dict[str, Any]


class Waiting:
    """Facts whose intent has not been reached, at most ``most`` of them."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most = most
        self._facts: dict[str, list[Fact]] = {}
        self._size = 0
        self._only_ids: set[str] = set()

    def add(self, related: RelatedFact) -> None:
        """Keep a fact, or when there are too many only whose it is."""
        if related.intent_id in self._only_ids:
            return
        self._facts.setdefault(related.intent_id, []).append(related.fact)
        self._size += 1
        while self._size > self._most:
            longest = next(iter(self._facts))
            self._size -= len(self._facts.pop(longest))
            self._only_ids.add(longest)

    def take(self, intent_id: str) -> list[Fact] | None:
        """The facts about an intent, which are forgotten; None when they did not fit and must be fetched."""
        if intent_id in self._only_ids:
            self._only_ids.discard(intent_id)
            return None
        facts = self._facts.pop(intent_id, [])
        self._size -= len(facts)
        return facts

    def rest(self) -> Iterator[tuple[str, list[Fact] | None]]:
        """What was not taken."""
        for intent_id in [*self._facts, *self._only_ids]:
            yield intent_id, self.take(intent_id)


class StripeStream:
    """One pass over a range; ``counts`` counts what was listed.

    ``cursor`` is that of the last batch of an earlier, unfinished pass.
    """

    def __init__(
        self, listing: StripeListing, since: int, counts: Counter[str], cursor: dict[str, Any] | None = None
    ) -> None:
        self._listing = listing
        self._since = since
        self._after: str | None = cursor["intent"] if cursor else None
        self._until: int | None = cursor["created"] if cursor else None
        self._waiting = Waiting()
        self._counts = counts
        # The other lists have no cursor of their own: they are read again, and what belongs to intents that the
        # earlier pass handled is left out, which needs the time of the intent.
        self._handled_after = self._until
        related = listing.related(since=since, with_intents=cursor is not None)
        self._lists = [_List(name, read) for name, read in related.items()]
        counts.update({name: -counts[name] for name in related})

    def batches(self) -> Iterator[Batch]:
        """The intents of the range; the last batch covers what is older than the last intent and may be empty."""
        before: frozenset[str] = frozenset()
        while True:
            page = self._listing.intents(since=self._since, after=self._after)
            self._counts["payment_intents"] += len(page.intents)
            low = page.intents[-1].created if page.intents else self._since
            self._read_down_to(low if page.last_id else self._since)
            ids = frozenset(intent.intent_id for intent in page.intents)
            if page.intents:
                self._after = page.intents[-1].intent_id
            yield Batch(
                gathered=list(self._gather(page)),
                after=low if page.last_id else self._since - 1,
                until=self._until,
                # Intents of one second may be on both sides of a page's edge.
                listed=ids | before,
                cursor={"intent": self._after, "created": low} if self._after else {},
            )
            self._until, before = low, ids
            if page.last_id is None:
                return

    def rest(self) -> Iterator[tuple[str, list[Fact] | None]]:
        """The facts about intents older than the range; None where they must be fetched."""
        return self._waiting.rest()

    def _read_down_to(self, moment: int) -> None:
        for each in self._lists:
            for related in each.down_to(moment, self._counts):
                handled = self._handled_after
                if handled is None or related.intent_created is None or related.intent_created <= handled:
                    self._waiting.add(related)

    def _gather(self, page: IntentPage) -> Iterator[IntentStory]:
        for intent in page.intents:
            facts = self._waiting.take(intent.intent_id)
            if facts is None:
                intent, facts = self._listing.everything_of(intent.intent_id)  # noqa: PLW2901 (newer, and whole)
            yield IntentStory(intent=intent, facts=tuple(facts))


class _List:
    """One of Stripe's lists, read as far as it is needed."""

    def __init__(self, name: str, read: ReadPage) -> None:
        self._name = name
        self._read = read
        self._after: str | None = None
        self._lowest: int | None = None
        self._ended = False

    def down_to(self, moment: int, counts: Counter[str]) -> Iterator[RelatedFact]:
        """What was created at ``moment`` or later and was not read yet, and a little more."""
        while not self._ended and (self._lowest is None or self._lowest >= moment):
            page = self._read(self._after)
            counts[self._name] += page.listed
            self._after, self._lowest, self._ended = page.last_id, page.lowest, page.last_id is None
            yield from page.facts
