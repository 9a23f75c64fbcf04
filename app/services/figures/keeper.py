"""Keeping the figures in step with the payments: before every reading, by the worker, and anew by command."""

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
from app.domain.figures.contributions import Counted, Tally, add, tallies
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
# So few payments are counted while somebody waits; more are for the worker or the command.
_BUILT_AT_ONCE = 5_000
_LONGEST_WAIT_SECONDS = 10.0
_TRIES = 3
_JOB = "figures_build"
# A batch takes a fraction of this.
_LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Held:
    """A moment of the figures: every read by ``session`` sees it, and ``pending`` is what was not yet counted then.

    Each is a payment as the rollups have it (None for a new one) and as it should be.
    """

    session: Snapshot
    pending: list[tuple[Counted | None, Counted]]
    _changes: dict[Choice, list[tuple[int, Tally]]] = field(default_factory=dict)

    def changes(self, choice: Choice) -> list[tuple[int, Tally]]:
        """What to add to the rollups of ``choice``, and at which times; found once for all the spans of a report."""
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
    def reading(self) -> Iterator[Held]:
        """A moment at which rollups and what is not yet counted fit together, so that figures are exact.

        Reading writes nothing while little waits; the worker counts it soon. Raises FiguresNotReady,
        DatabaseUnavailable.
        """
        with self._moment(counter.pending) as (session, pending):
            yield Held(session, pending)

    @contextmanager
    def listing(self, where: PaymentFilter) -> Iterator[Overlay]:
        """The same for lists: a moment at which stored and changed rows fit together. Raises as ``reading`` does."""
        with self._moment(counter.changed_rows) as (session, pairs):
            yield Overlay.of(where, session, pairs)

    @contextmanager
    def _moment(self, changed: Callable[[int, Snapshot], _T | None]) -> Iterator[tuple[Snapshot, _T]]:
        """A session, and what has changed and is not yet counted in it."""
        for _ in range(_TRIES):
            self._require(counter.state())
            with snapshot() as session:
                found = changed(BATCH, session)
                if found is not None:
                    yield session, found
                    return
            self.catch_up()
        raise FiguresNotReady("Payments change faster than they can be counted just now.", retry_after=5)

    def catch_up(self) -> None:
        """Count every payment that changed before now, so that what is read next is exact.

        Raises FiguresNotReady while they are being built, or when so much has changed that waiting is no use.
        """
        deadline = time.monotonic() + _LONGEST_WAIT_SECONDS
        # Threads that come together want the same work done; the first does it, the others look again.
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
        """Build rows and rollups anew; yields how many payments are done, of about how many.

        Payments may change meanwhile. A build that was interrupted is begun again, so it may always be repeated.
        Raises FiguresNotReady when another process builds them just now.
        """
        owner = secrets.token_hex(8)
        if lease_rows.acquire(_JOB, owner, _LEASE) is None:
            raise FiguresNotReady("The figures are being built by another process just now.", retry_after=30)
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
        """False when a build for this zone and version has yet to be made or finished."""
        return _fits(counter.state(), self.zone)

    @staticmethod
    def _keep(owner: str) -> None:
        if not lease_rows.renew(_JOB, owner, _LEASE):
            raise FiguresNotReady("Another process has taken over building the figures.", retry_after=30)

    def _count_changed(self, build: str | None = None) -> bool:
        """Count some of what has changed; True when there may be more."""
        changed = counter.uncounted(BATCH)
        if changed:
            self._count(changed, build)
        return len(changed) == BATCH

    def _count(self, payments: list[Row], build: str | None) -> None:
        if not counter.count(payments, self.zone, build):
            raise FiguresNotReady("Another process has begun to build the figures anew.", retry_after=30)

    def _require(self, state: State | None) -> None:
        if _fits(state, self.zone):
            return
        if state and state.built_at is None and state.shape == SHAPE and state.zone == self.zone.key:
            raise FiguresNotReady(
                f"The figures are being built: {state.done:,} of about {state.total:,} payments are counted. "
                "If this does not move, run: flask metrics rebuild",
                retry_after=30,
            )
        if counter.payments_estimate() > _BUILT_AT_ONCE:
            raise FiguresNotReady(
                "The figures have yet to be built for this version and time zone. The worker does it by itself; "
                "without one, run: flask metrics rebuild",
                retry_after=60,
            )
        for _ in self.build():
            pass


def _differences(before: Counted | None, after: Counted, choice: Choice) -> Iterator[tuple[int, Tally]]:
    found: dict[int, Tally] = {}
    for counted, sign in ((before, -1), (after, 1)):
        if counted and choice.matches(counted):
            for at, tally in tallies(counted):
                add(found.setdefault(at, {}), tally, sign)
    for at, total in found.items():
        if changed := {name: n for name, n in total.items() if n}:
            yield at, changed


def _fits(state: State | None, zone: ZoneInfo) -> bool:
    return bool(state and state.built_at and state.shape == SHAPE and state.zone == zone.key)
