"""Telemetry read from MongoDB for each page of /metrics: the same in every worker and on every node.

Sources are read independently: when one fails, the others stay on the page, and ``scrape_error`` names it. Every query
is bounded and answered from an index, so a page costs as much after years as on the first day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta

import structlog

from app.clock import now
from app.domain.declines import is_documented
from app.domain.figures.contributions import Outcome
from app.domain.figures.figures import FailureReason, Figures
from app.domain.payments.states import FraudSignal
from app.errors import FiguresNotReady, PaydeskError
from app.models.figures import counter
from app.models.listing import payments as payment_list
from app.models.listing.disputes import disputes_due
from app.models.listing.payments import PaymentFilter
from app.models.reconciliation import reports
from app.models.webhooks import events as webhook_events
from app.models.webhooks.events import EventFilter, EventState
from app.models.worker import heartbeats
from app.services.figures.keeper import BATCH
from app.services.figures.report import Analytics
from app.services.reconciliation.compare import DriftKind
from app.telemetry import OTHER, Family, scrape_gauges

logger = structlog.get_logger(__name__)

WINDOWS = {"1h": timedelta(hours=1), "24h": timedelta(hours=24)}
MOST = 10_000
_REASONS_BY_NAME = 15
_QUANTILES = ("0.5", "0.95")
# Time left until the evidence of a dispute is due; everything beyond, or without a deadline, is "later".
_DUE = {"overdue": timedelta(), "24h": timedelta(hours=24), "72h": timedelta(hours=72)}


class Monitoring:
    """Reads the gauges of /metrics, which stand beside the counters of the processes."""

    def __init__(self, analytics: Analytics) -> None:
        self._analytics = analytics

    def read(self) -> list[Family]:
        """Every family that is read at scrape. Raises nothing: failed sources are named on the page."""
        at = now()
        sources: dict[str, Callable[[datetime], Iterator[Family]]] = {
            "inbox": _inbox,
            "reconciliation": _reconciliation,
            "worker": _worker,
            "disputes": _disputes,
            "fraud": _fraud,
            "figures": self._figures,
        }
        # In parallel, because each mostly waits for MongoDB, and all time out together when it is away.
        with ThreadPoolExecutor(len(sources), thread_name_prefix="scrape") as pool:
            # Log entries carry the id of the request.
            futures = {
                name: pool.submit(copy_context().run, _answer, name, source, at) for name, source in sources.items()
            }
        answers = {name: answer.result() for name, answer in futures.items()}
        families = [family for read, _ in answers.values() for family in read]
        errors = [((name,), float(failed)) for name, (_, failed) in answers.items()]
        return [*families, scrape_gauges.scrape_error.family(*errors)]

    def _figures(self, at: datetime) -> Iterator[Family]:
        waiting = counter.backlog(MOST)
        yield scrape_gauges.uncounted_payments.family(((), waiting))
        if waiting > BATCH:
            # Reading would count them first. That is the worker's task, and takes longer than Prometheus waits.
            raise FiguresNotReady
        figures = self._analytics.trailing(at, list(WINDOWS.values()))
        yield from _of_windows(dict(zip(WINDOWS, figures, strict=True)))


def _answer(name: str, source: Callable[[datetime], Iterator[Family]], at: datetime) -> tuple[list[Family], bool]:
    """The families that a source yields until it fails, and whether it failed."""
    families: list[Family] = []
    try:
        families.extend(source(at))
    except PaydeskError as error:
        logger.warning("scrape_failed", source=name, error=type(error).__name__)
        return families, True
    except Exception as error:
        # For example a missing index. The other families must stay visible, and so must this failure.
        logger.error("scrape_failed", source=name, error=type(error).__name__, exc_info=error)
        return families, True
    return families, False


def _inbox(at: datetime) -> Iterator[Family]:
    oldest = webhook_events.oldest_unapplied()
    age = 0.0 if oldest is None else max(0.0, at.timestamp() - oldest)
    yield scrape_gauges.oldest_unapplied.family(((), age))
    states = (EventState.RECEIVED, EventState.FAILED)
    counts = [((s.value,), webhook_events.count_up_to(EventFilter(state=s), MOST)) for s in states]
    yield scrape_gauges.inbox_events.family(*counts)


def _reconciliation(_: datetime) -> Iterator[Family]:
    report = reports.last_finished()
    if report and report.finished_at:
        drift = [((kind.value,), report.counts.get(kind.value, 0)) for kind in DriftKind]
        yield scrape_gauges.reconciliation_drift.family(*drift)
        yield scrape_gauges.reconciliation_finished.family(((), report.finished_at.timestamp()))


def _worker(_: datetime) -> Iterator[Family]:
    beat = heartbeats.newest()
    if beat:
        yield scrape_gauges.worker_heartbeat.family(((), beat.timestamp()))


def _disputes(at: datetime) -> Iterator[Family]:
    bounds = {name: at + left for name, left in _DUE.items()}
    due = disputes_due(bounds, most=MOST)
    yield scrape_gauges.disputes_open.family(*(((name,), due.get(name, 0)) for name in (*bounds, "later")))


def _fraud(_: datetime) -> Iterator[Family]:
    # The rows may lag by the seconds until a change is counted, and asking for more would cost every scrape.
    warned = payment_list.count(PaymentFilter(signal=FraudSignal.WARNING_OPEN), most=MOST)
    yield scrape_gauges.fraud_warnings_open.family(((), warned))


def _of_windows(windows: dict[str, Figures]) -> Iterator[Family]:
    """The figures of DESIGN section 5 for each window."""
    each = list(windows.items())
    yield scrape_gauges.payments.family(
        *(((w, outcome.value), f.payments[outcome.value]) for w, f in each for outcome in Outcome)
    )
    yield scrape_gauges.success_ratio.family(*_known((w, f.success_rate.value) for w, f in each))
    yield scrape_gauges.refund_ratio.family(*_known((w, f.refund_rate.value) for w, f in each))
    yield scrape_gauges.threeds_ratio.family(*_known((w, f.three_d_secure_rate.value) for w, f in each))
    yield scrape_gauges.failed_attempts.family(
        *(((w, reason), n) for w, f in each for reason, n in _by_reason(f.failure_reasons).items())
    )
    yield scrape_gauges.processing_seconds.family(
        *(((w, q), s) for w, f in each for q in _QUANTILES if (s := f.percentile_seconds(float(q))) is not None)
    )
    yield scrape_gauges.processing_mean.family(*_known((w, f.mean_seconds) for w, f in each))
    yield scrape_gauges.volume.family(
        *(
            ((w, v.currency, flow), float(amount))
            for w, f in each
            for v in f.volumes
            for flow, amount in (("gross", v.gross), ("refunded", v.refunded), ("refund_failures", v.refund_failures))
            if amount is not None
        )
    )


def _known(values: Iterable[tuple[str, float | None]]) -> Iterator[tuple[tuple[str], float]]:
    """Without the windows that have no value, because their denominator is 0."""
    return (((window,), value) for window, value in values if value is not None)


def _by_reason(reasons: list[FailureReason]) -> Counter[str]:
    """Failed attempts of the most frequent reasons that Stripe documents, and the rest as one."""
    counts: Counter[str] = Counter()
    for place, failure in enumerate(reasons):
        code = failure.reason.code
        by_name = place < _REASONS_BY_NAME and is_documented(code)
        counts[code if by_name else OTHER] += failure.ratio.n
    return counts
