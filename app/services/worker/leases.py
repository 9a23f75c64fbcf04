"""The leases that this process holds: one worker at a time does a job, however many run."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from app.clock import now
from app.errors import DatabaseUnavailable
from app.models.worker import heartbeats
from app.models.worker import leases as lease_rows

logger = structlog.get_logger(__name__)

LIFE = timedelta(seconds=60)
# Several chances to renew before the lease runs out.
RENEW_EVERY = timedelta(seconds=10)


def worker_silence() -> timedelta | None:
    """The time since the last heartbeat of any worker; None when none runs. After LIFE none does its jobs.

    Raises DatabaseUnavailable.
    """
    heartbeat = heartbeats.newest()
    return max(timedelta(), now() - heartbeat) if heartbeat else None


@dataclass(slots=True, kw_only=True)
class LeaseHandle:
    """A lease while it is ours. ``rest`` is how long the job waits when the lease is given back."""

    job: str
    started_at: datetime
    covered_until: datetime | None
    valid_until: float
    rest: timedelta = timedelta()

    @property
    def is_valid(self) -> bool:
        """False from the moment in which another worker may have taken the job over."""
        return time.monotonic() < self.valid_until


class Leases:
    """Takes leases for this process and keeps them while their jobs run. Thread-safe."""

    def __init__(self) -> None:
        self.owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._held: dict[str, LeaseHandle] = {}
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, job: str) -> Iterator[LeaseHandle | None]:
        """The lease of ``job`` for the time of the block; None when the job is not ours to do now.

        What the block raises is noted on the lease. Raises DatabaseUnavailable.
        """
        requested_at = time.monotonic()
        taken = lease_rows.acquire(job, self.owner, LIFE)
        if taken is None:
            yield None
            return
        lease = LeaseHandle(
            job=job,
            started_at=taken.started_at,
            covered_until=taken.covered_until,
            valid_until=requested_at + LIFE.total_seconds(),
        )
        error: str | None = "interrupted"
        with self._lock:
            self._held[job] = lease
        try:
            yield lease
            error = None
        except Exception as raised:
            error = type(raised).__name__
            raise
        finally:
            with self._lock:
                del self._held[job]
            self._give_back(lease, error)

    def renew(self) -> None:
        """Keep every lease, and note that this worker lives."""
        heartbeats.record(self.owner, now())
        with self._lock:
            every = list(self._held.values())
        for lease in every:
            requested_at = time.monotonic()
            kept = lease_rows.renew(lease.job, self.owner, LIFE)
            lease.valid_until = requested_at + LIFE.total_seconds() if kept else 0.0

    @property
    def any_held(self) -> bool:
        """True while a job runs."""
        with self._lock:
            return bool(self._held)

    def _give_back(self, lease: LeaseHandle, error: str | None) -> None:
        try:
            lease_rows.release(lease.job, self.owner, rest=lease.rest, error=error)
        except DatabaseUnavailable:
            # It expires by itself; that the job waits a minute is no reason to lose what the block raised.
            logger.warning("lease_not_released", job=lease.job)
