"""The worker: a clock for the work that no request does. Any number of workers may run at once.

APScheduler keeps the time; a lease in MongoDB makes each job one worker's at a time. Nothing that MongoDB or Stripe
does ends the worker: a job that fails is logged and comes again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.blocking import BlockingScheduler  # type: ignore[import-untyped]
from structlog.contextvars import clear_contextvars

from app.errors import DatabaseUnavailable, PaydeskError
from app.models.indexes import keep_events
from app.models.worker import heartbeats
from app.services import Services
from app.services.worker.leases import RENEW_EVERY, LeaseHandle, Leases

logger = structlog.get_logger(__name__)

# A little of what was compared last time is compared again: Stripe may list an event later than its time says.
OVERLAP = timedelta(hours=1)
# After a longer standstill people run `flask stripe reconcile` for the time before.
FARTHEST_BACK = timedelta(days=3)
_RETRY_RECONCILE_AFTER = timedelta(minutes=5)
_END_SECONDS = 25.0


@dataclass(frozen=True, slots=True)
class Job:
    """``work`` returns what became of how many, for the log; an empty answer is not worth a line."""

    name: str
    every: timedelta
    work: Callable[[LeaseHandle], Mapping[str, int]]


class Worker:
    """One worker process. ``run`` returns after ``stop``, which a signal handler may call."""

    def __init__(self, services: Services, *, retention_days: int, reconcile_every: timedelta | None) -> None:
        self._recovery = services.recovery
        self._reconciliation = services.reconciliation
        self._figures = services.figures
        self._retention_days = retention_days
        self._reconcile_every = reconcile_every
        self._leases = Leases()
        self._stopping = threading.Event()
        self._scheduler = BlockingScheduler(
            timezone=UTC,
            # A tick that comes while its job still runs is left out; the next one comes soon.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def run(self) -> bool:
        """Work until ``stop``. False when a job was still running when the time to end was over."""
        # It would warn of every tick that a long job leaves out.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        logger.info("worker_started", worker=self._leases.owner)
        self._every(RENEW_EVERY, self._renew)
        for job in self._jobs():
            self._every(job.every, self._do, job)
        self._scheduler.start()
        deadline = time.monotonic() + _END_SECONDS
        while self._leases.any_held and time.monotonic() < deadline:
            time.sleep(0.05)
        ended = not self._leases.any_held
        self._say_goodbye()
        logger.info("worker_stopped", worker=self._leases.owner, outcome="ended" if ended else "cut short")
        return ended

    def stop(self) -> None:
        """End after what is being done just now."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        # In a thread, because the signal may have come while the scheduler holds its own locks.
        threading.Thread(target=self._end_scheduler, daemon=True).start()

    def _jobs(self) -> list[Job]:
        recovery = self._recovery
        jobs = [
            Job("sweep", timedelta(seconds=10), lambda lease: recovery.events(self._proceed(lease))),
            Job("figures", timedelta(seconds=5), self._count),
            Job("retention", timedelta(hours=1), self._keep_retention),
        ]
        if recovery.possible:
            jobs += [
                Job("payments", timedelta(seconds=30), lambda lease: recovery.payments(self._proceed(lease))),
                Job("closings", timedelta(seconds=30), lambda lease: recovery.closings(self._proceed(lease))),
                Job("refunds", timedelta(seconds=30), lambda lease: recovery.refunds(self._proceed(lease))),
            ]
            if self._reconcile_every:
                jobs.append(Job("reconcile", timedelta(seconds=60), self._reconcile))
        return jobs

    def _do(self, job: Job) -> None:
        try:
            with self._leases.hold(job.name) as lease:
                counts = self._named(job, lease) if lease else {}
        except PaydeskError as error:
            logger.warning("worker_job_failed", job=job.name, error=type(error).__name__)
        except Exception as error:
            logger.error("worker_job_failed", job=job.name, error=type(error).__name__, exc_info=error)
        else:
            if counts:
                logger.info("worker_job", job=job.name, **counts)

    def _named(self, job: Job, lease: LeaseHandle) -> dict[str, int]:
        """Do the work; what it names in the log on the way is forgotten, as the thread goes on to other jobs."""
        try:
            return dict(job.work(lease))
        finally:
            clear_contextvars()

    def _reconcile(self, lease: LeaseHandle) -> Mapping[str, int]:
        """Compare with Stripe since the last time that this was done, and repair."""
        assert self._reconcile_every is not None  # noqa: S101 (else there is no such job)
        lease.rest = _RETRY_RECONCILE_AFTER
        since = reconcile_since(lease.started_at, lease.covered_until)
        logger.info("reconcile_started", job="reconcile", since=since.isoformat())
        self._reconciliation.run(since=since, repair=True, actor="worker")
        lease.rest = self._reconcile_every
        return {}

    def _keep_retention(self, _: LeaseHandle) -> Mapping[str, int]:
        if keep_events(self._retention_days):
            logger.info("retention_changed", job="retention")
        return {}

    def _count(self, lease: LeaseHandle) -> Mapping[str, int]:
        """Count changed payments, so that no page of the dashboard waits for it; build what is not built."""
        if self._figures.is_built():
            self._figures.catch_up()
            return {}
        done = 0
        for done, _ in self._figures.build():  # noqa: B007 (the last one is logged)
            if not self._proceed(lease)():
                break
        return {"counted": done}

    def _renew(self) -> None:
        try:
            self._leases.renew()
        except DatabaseUnavailable as error:
            logger.warning("worker_job_failed", job="heartbeat", error=type(error).__name__)
        except Exception as error:
            logger.error("worker_job_failed", job="heartbeat", error=type(error).__name__, exc_info=error)

    def _proceed(self, lease: LeaseHandle) -> Callable[[], bool]:
        return lambda: lease.is_valid and not self._stopping.is_set()

    def _every(self, span: timedelta, work: Callable[..., None], *arguments: object) -> None:
        self._scheduler.add_job(
            work, "interval", arguments, seconds=span.total_seconds(), next_run_time=datetime.now(UTC)
        )

    def _end_scheduler(self) -> None:
        while not self._scheduler.running:
            time.sleep(0.05)
        # Without jobs first: the main loop looks for due ones a last time, when no worker takes them any more.
        self._scheduler.remove_all_jobs()
        self._scheduler.shutdown(wait=False)

    def _say_goodbye(self) -> None:
        try:
            heartbeats.deregister(self._leases.owner)
        except DatabaseUnavailable as error:
            logger.warning("worker_job_failed", job="heartbeat", error=type(error).__name__)


def reconcile_since(at: datetime, covered_until: datetime | None) -> datetime:
    """From when on the present run must compare, when an earlier one has done so up to ``covered_until``."""
    earliest = at - FARTHEST_BACK
    return max(earliest, covered_until - OVERLAP) if covered_until else earliest
