"""One comparison with Stripe: a range of time, or one payment."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import structlog

from app.clock import now
from app.domain.payments.facts import Fact
from app.domain.payments.merge import ContradictoryFact
from app.errors import DatabaseUnavailable, NotFound, PaydeskError
from app.gateway.client import StripeGateway
from app.gateway.lists import StripeListing
from app.models.payments import repository
from app.models.payments.repository import PaymentBrief, StoredPayment
from app.models.payments.writes import AlreadyExists
from app.models.reconciliation import reports
from app.models.reconciliation.reports import ReconciliationReport, ReportedDifference, RunState
from app.services.payments.idempotency import LEASE
from app.services.payments.updates import Source, learn, stored_payment_of
from app.services.reconciliation.compare import Difference, DriftKind, compare, tells_news
from app.services.reconciliation.stream import Batch, StripeStream

T = TypeVar("T")
logger = structlog.get_logger(__name__)

_BATCH = 100
# Repairs wait for MongoDB's journal; those of a page are of different payments, so they share that wait.
_REPAIRS_AT_ONCE = 8
_CLOCK_SKEW_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What to compare: the payments made or changed since ``since`` (Unix time), or one; and whether to repair."""

    since: int = 0
    payment_id: str | None = None
    repair: bool = False
    actor: str | None = None


class Run:
    """A comparison, under way or done; ``steps`` does the work.

    ``amounts`` are minor units by currency: of the payments that differ by kind, and under ``captured`` and
    ``refunded`` Stripe's sums less ours.
    """

    def __init__(
        self,
        gateway: StripeGateway,
        request: RunRequest,
        report_id: str,
        *,
        livemode: bool,
        unfinished: ReconciliationReport | None = None,
    ) -> None:
        self.report_id = report_id
        self.request = request
        self.counts: Counter[str] = Counter(unfinished.counts if unfinished else {})
        self.amounts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for currency, sums in (unfinished.amounts if unfinished else {}).items():
            self.amounts[currency].update(sums)
        self.drift_total = unfinished.drift_total if unfinished else 0
        self._gateway = gateway
        self._listing = StripeListing(gateway)
        self._livemode = livemode
        self._cursor: dict[str, Any] | None = (unfinished.cursor if unfinished else None) or None
        self._source = Source(channel="reconcile", reference=report_id, actor=request.actor)
        self._unsaved: list[ReportedDifference] = []
        # Rows without an intent whose intent was met: where nothing is repaired they go on lacking it.
        self._claimed: set[str] = set()

    @property
    def in_order(self) -> bool:
        """True when nothing differed, or all that did has been put right."""
        return self.drift_total == self.counts["repaired"]

    def steps(self) -> Iterator[float]:
        """Do the work, and say after each batch what share of the range has been compared (0 to 1).

        What it raises is noted on the report, from where ``Reconciliation.resume`` goes on.
        """
        try:
            if self.request.payment_id is None:
                yield from self._range()
            else:
                self._note(self._one(self.request.payment_id))
            self._save()
        except Exception as error:
            message = error.message if isinstance(error, PaydeskError) else type(error).__name__
            with suppress(DatabaseUnavailable):
                reports.end(self.report_id, RunState.FAILED, now=now(), error=message)
            raise
        reports.end(self.report_id, RunState.FINISHED, now=now())
        compared, repaired = self.counts["compared"], self.counts["repaired"]
        logger.info("reconciled", count=compared, total=self.drift_total, repaired=repaired)

    def report(self) -> ReconciliationReport:
        """The stored report. Raises NotFound."""
        report = reports.find(self.report_id)
        if report is None:
            raise NotFound("There is no such report.")
        return report

    def _range(self) -> Iterator[float]:
        since, began = self.request.since, time.time()
        stream = StripeStream(self._listing, since, self.counts, self._cursor)
        for batch in stream.batches():
            self._note([*self._batch(batch), *self._not_listed(batch)])
            self._cursor = batch.cursor
            self._save()
            yield min(1.0, (began - batch.after) / max(1.0, began - since))
        # The rest is stored at its end, because a resumed run does all of it again.
        for differences in self._rest(stream):
            self._note(differences)

    def _batch(self, batch: Batch) -> Iterator[Difference]:
        """Compare a page of intents, with two queries for all of them."""
        intents = [gathered.intent for gathered in batch.gathered]
        rows = repository.by_intents(intent.intent_id for intent in intents)
        unmet = [i.payment_id for i in intents if i.is_ours and i.payment_id and i.intent_id not in rows]
        unattached = {row.id: row for row in repository.by_ids(unmet).values() if row.state.intent_id is None}
        for gathered in batch.gathered:
            intent = gathered.intent
            stored = rows.get(intent.intent_id)
            if stored is None and not intent.is_ours:
                self.counts["not_ours"] += 1
                continue
            waiting = unattached.pop(intent.payment_id or "", None)
            if waiting and waiting.state.order_id == intent.order_id:
                # The row was written before Stripe was asked, and the answer never came.
                self._claimed.add(waiting.id)
                stored = waiting
            self.counts["compared"] += 1
            difference = compare(stored, intent, gathered.facts)
            if difference:
                yield difference

    def _not_listed(self, batch: Batch) -> Iterator[Difference]:
        """Rows of the batch's time whose intent Stripe did not list; each is fetched before it is called missing."""
        rows = repository.created_between(batch.after, batch.until, livemode=self._livemode)
        for row in rows:
            if row.intent_id and row.intent_id not in batch.listed and not self._exists(row.intent_id):
                yield _missing_there(row)

    def _rest(self, stream: StripeStream) -> Iterator[list[Difference]]:
        """What no page of intents showed: older payments in which something happened, and rows without an intent."""
        since = self.request.since
        for batch in _batched(stream.rest()):
            rows = repository.by_intents(intent_id for intent_id, _ in batch)
            for intent_id, facts in batch:
                stored = rows.get(intent_id)
                if stored is None or stored.payment.created < since:
                    yield self._older(intent_id, stored, facts)
        for waiting in _batched(repository.waiting_for_stripe(since, livemode=self._livemode)):
            rows = repository.by_ids(row.payment_id for row in waiting)
            for stored in rows.values():
                yield self._ask_about(str(stored.state.intent_id), stored)
        at = now()
        for row in repository.without_intent(since, now=at, before=at - LEASE):
            if row.payment_id not in self._claimed:
                yield [_missing_there(row)]

    def _older(self, intent_id: str, stored: StoredPayment | None, facts: Sequence[Fact] | None) -> list[Difference]:
        """A payment from before the range; all of it is fetched from Stripe only where the facts in hand are news."""
        if stored and facts is not None and not tells_news(stored, facts):
            self.counts["compared"] += 1
            return []
        return self._ask_about(intent_id, stored, facts or ())

    def _one(self, payment_id: str) -> list[Difference]:
        stored = repository.find(payment_id)
        if stored is None:
            raise NotFound(f"There is no payment {payment_id}.")
        intent_id = stored.state.intent_id
        if intent_id is None:
            opened = stored.state.opened_at - _CLOCK_SKEW_SECONDS
            handle = self._gateway.find_intent(stored.id, created_from=opened)
            if handle is None:
                self.counts["compared"] += 1
                return [] if stored.state.refused_code else [_missing_there(_brief(stored))]
            intent_id = handle.fact.intent_id
        return self._ask_about(intent_id, stored)

    def _ask_about(self, intent_id: str, stored: StoredPayment | None, facts: Sequence[Fact] = ()) -> list[Difference]:
        """Compare one payment with everything that Stripe has of it."""
        try:
            if stored is None:
                intent = self._listing.retrieve(intent_id)
                if not intent.is_ours:
                    self.counts["not_ours"] += 1
                    return []
                if intent.created >= self.request.since:
                    return []  # begun after this run, or handled before the run was resumed
            intent, others = self._listing.everything_of(intent_id)
        except NotFound:
            return [_missing_there(_brief(stored))] if stored else []
        self.counts["compared"] += 1
        difference = compare(stored, intent, [*facts, *others])
        return [difference] if difference else []

    def _exists(self, intent_id: str) -> bool:
        try:
            self._listing.retrieve(intent_id)
        except NotFound:
            return False
        return True

    def _note(self, differences: Iterable[Difference]) -> None:
        """Repair the differences, if the request says so, and count them."""
        differences = list(differences)
        repaired = [False] * len(differences)
        if self.request.repair and differences:
            with ThreadPoolExecutor(min(_REPAIRS_AT_ONCE, len(differences))) as pool:
                repaired = list(pool.map(self._repair, differences))
        for difference, done in zip(differences, repaired, strict=True):
            self.drift_total += difference.kind.is_drift
            self.counts[difference.kind.value] += 1
            self.counts["repaired"] += done
            sums = self.amounts[difference.currency]
            sums[difference.kind.value] += difference.amount
            sums["captured"] += difference.captured
            sums["refunded"] += difference.refunded
            if self.drift_total <= reports.LARGEST:
                self._unsaved.append(ReportedDifference(**difference.row, repaired=done))

    def _repair(self, difference: Difference) -> bool:
        if difference.intent is None:
            return False  # Stripe has nothing that could be applied
        for _ in range(3):
            try:
                if difference.stored and difference.stored.state.intent_id:
                    learn(difference.stored, [*difference.facts, difference.intent], self._source)
                    return True
                return bool(stored_payment_of(difference.intent, self._source, further=difference.facts))
            except (AlreadyExists, ContradictoryFact):
                continue  # another process gave the intent a row, or the row an intent, since we looked
        return False

    def _save(self) -> None:
        reports.advance(
            self.report_id,
            self._unsaved,
            counts=self.counts,
            amounts=self.amounts,
            drift_total=self.drift_total,
            cursor=self._cursor or {},
        )
        self._unsaved = []


def _missing_there(row: PaymentBrief) -> Difference:
    return Difference(
        kind=DriftKind.MISSING_THERE,
        payment_id=row.payment_id,
        intent_id=row.intent_id,
        currency=row.currency,
        amount=row.amount,
    )


def _brief(stored: StoredPayment) -> PaymentBrief:
    state = stored.state
    return PaymentBrief(stored.id, state.intent_id, state.currency, state.amount)


def _batched(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, _BATCH)):
        yield batch
