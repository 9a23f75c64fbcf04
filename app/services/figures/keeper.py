"""Keeps the figures consistent with the payments: on every read, by the worker, and by a rebuild on command."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from app.clock import now
from app.domain.figures.contributions import Contribution, Counters, add, counters_by_time
from app.errors import FiguresNotReady
from app.models.connection import Snapshot, snapshot
from app.models.figures import counter
from app.models.figures.counter import SHAPE, Row, State
from app.models.figures.rollups import Choice
from app.models.listing.overlay import Overlay
from app.models.listing.payments import PaymentFilter
from app.models.worker import leases as lease_rows

_T = TypeVar("_T")
BATCH = 1000
# A request builds the figures of this many payments at most; more are left to the worker or the command.
_BUILT_AT_ONCE = 5_000
_LONGEST_WAIT_SECONDS = 10.0
# How long a request waits for another process that builds the figures of a few payments.
_SMALL_BUILD_SECONDS = 3.0
_PAUSE_SECONDS = 0.05
_TRIES = 3
_JOB = "figures_build"
# A batch takes a fraction of this.
_LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class FiguresSnapshot:
    """A consistent view of the figures: the point in time that ``session`` reads, and the changes ``pending`` then.

    Each change is a payment's contribution as counted (None for a new payment) and as it is now.
    """

    session: Snapshot
    pending: list[tuple[Contribution | None, Contribution]]
    _changes: dict[Choice, list[tuple[int, Counters]]] = field(default_factory=dict)

    def changes(self, choice: Choice) -> list[tuple[int, Counters]]:
        """What to add to the rollups of ``choice``, with times; computed once for all the spans of a report."""
        if choice not in self._changes:
            self._changes[choice] = [
                change for before, after in self.pending for change in _differences(before, after, choice)
            ]
        return self._changes[choice]


class FiguresKeeper:
    """Counts changed payments for one time zone. Thread-safe; any number of processes may count at once."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._lock = threading.Lock()

    @contextmanager
    def snapshot(self) -> Iterator[FiguresSnapshot]:
        """Rollups and pending changes at the same point in time, so that figures are exact.

        It writes nothing while few changes are pending; the worker counts them soon. Raises FiguresNotReady,
        DatabaseUnavailable.
        """
        with self._consistent(counter.pending) as (session, pending):
            yield FiguresSnapshot(session, pending)

    @contextmanager
    def listing(self, where: PaymentFilter) -> Iterator[Overlay]:
        """The same for lists: stored and changed rows at the same point in time. Raises as ``snapshot`` does."""
        with self._consistent(counter.changed_rows) as (session, pairs):
            yield Overlay.of(where, session, pairs)

    @contextmanager
    def _consistent(self, changed: Callable[[int, Snapshot], _T | None]) -> Iterator[tuple[Snapshot, _T]]:
        """A session, and the changes that are not yet counted in it."""
        for _ in range(_TRIES):
            self._require(counter.state())
            with snapshot() as session:
                pending = changed(BATCH, session)
                if pending is not None:
                    yield session, pending
                    return
            self.catch_up()
        raise FiguresNotReady("Payments are changing faster than they can be counted.", retry_after=5)

    def catch_up(self) -> None:
        """Count every payment that changed before now, so that the next read is exact.

        Raises FiguresNotReady during a build, or when counting would take too long to wait for.
        """
        deadline = time.monotonic() + _LONGEST_WAIT_SECONDS
        # Concurrent threads need the same work; the first does it, the others check again.
        with self._lock:
            self._require(counter.state())
            while self._count_changed():
                if time.monotonic() > deadline:
                    waiting = counter.backlog(1_000_000)
                    raise FiguresNotReady(
                        f"{waiting:,} payments have changed and are still being counted. Try again in a minute.",
                        retry_after=60,
                    )

    def build(self) -> Iterator[tuple[int, int]]:
        """Rebuild rows and rollups; yields the number of payments done and the approximate total.

        Payments may change meanwhile. A build can always be repeated; an interrupted one starts over.
        Raises FiguresNotReady while another process builds them.
        """
        owner = secrets.token_hex(8)
        if lease_rows.acquire(_JOB, owner, _LEASE) is None:
            raise FiguresNotReady("Another process is building the figures.", retry_after=30)
        error: str | None = "interrupted"
        try:
            total = counter.begin(self.zone.key, owner)
            done = 0
            for batch in counter.batches(BATCH):
                self._keep(owner)
                self._count(batch, owner)
                done += len(batch)
                counter.progressed(done)
                yield done, max(total, done)
            while self._count_changed(owner):
                self._keep(owner)
            counter.finished(now())
            error = None
        finally:
            lease_rows.release(_JOB, owner, rest=timedelta(), error=error)

    def is_built(self) -> bool:
        """False until a build for this zone and version has finished."""
        return _fits(counter.state(), self.zone)

    @staticmethod
    def _keep(owner: str) -> None:
        if not lease_rows.renew(_JOB, owner, _LEASE):
            raise FiguresNotReady("Another process has taken over building the figures.", retry_after=30)

    def _count_changed(self, build: str | None = None) -> bool:
        """Count a batch of changed payments; True when there may be more."""
        changed = counter.uncounted(BATCH)
        if changed:
            self._count(changed, build)
        return len(changed) == BATCH

    def _count(self, payments: list[Row], build: str | None) -> None:
        if not counter.count(payments, self.zone, build):
            raise FiguresNotReady("Another process has started to rebuild the figures.", retry_after=30)

    def _require(self, state: State | None) -> None:
        """Build the figures of few payments at once, or wait for the process that does. Raises FiguresNotReady."""
        deadline = time.monotonic() + _SMALL_BUILD_SECONDS
        while not _fits(state, self.zone):
            is_running = bool(state and state.shape == SHAPE and state.zone == self.zone.key)
            if counter.payments_estimate() > _BUILT_AT_ONCE or time.monotonic() > deadline:
                raise _not_built(state if is_running else None)
            if is_running:
                time.sleep(_PAUSE_SECONDS)
            else:
                self._build_at_once()
            state = counter.state()

    def _build_at_once(self) -> None:
        try:
            for _ in self.build():
                pass
        except FiguresNotReady:  # another process was first
            time.sleep(_PAUSE_SECONDS)


def _differences(before: Contribution | None, after: Contribution, choice: Choice) -> Iterator[tuple[int, Counters]]:
    totals: dict[int, Counters] = {}
    for contribution, sign in ((before, -1), (after, 1)):
        if contribution and choice.matches(contribution):
            for at, counters in counters_by_time(contribution):
                add(totals.setdefault(at, {}), counters, sign)
    for at, total in totals.items():
        if changed := {name: n for name, n in total.items() if n}:
            yield at, changed


def _not_built(running: State | None) -> FiguresNotReady:
    if running:
        return FiguresNotReady(
            f"The figures are being built: {running.done:,} of about {running.total:,} payments are counted. "
            "If this number does not grow, run: flask metrics rebuild",
            retry_after=30,
        )
    return FiguresNotReady(
        "The figures have not been built yet for this version and time zone. The worker builds them; "
        "without a worker, run: flask metrics rebuild",
        retry_after=60,
    )


def _fits(state: State | None, zone: ZoneInfo) -> bool:
    return bool(state and state.built_at and state.shape == SHAPE and state.zone == zone.key)
