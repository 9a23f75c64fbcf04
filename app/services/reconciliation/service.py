"""Comparing our payments with Stripe's, and putting ours right through the same function as every webhook.

A report says what is missing here, what is missing there and what differs, field by field. A repair applies Stripe's
facts with a history entry; where nothing differs nothing is written. Filling a fresh database from an account that has
payments already is the same run with an early ``since``.
"""

from __future__ import annotations

from datetime import datetime

from app.clock import now
from app.errors import NotFound, StripeNotInitialized
from app.gateway.client import StripeGateway
from app.ids import new_id
from app.models.payments import repository
from app.models.payments.mapping import moment
from app.models.reconciliation import reports
from app.models.reconciliation.reports import ReconciliationReport
from app.services.reconciliation.run import Run, RunRequest


class Reconciliation:
    """Use cases of reconciliation. ``livemode`` is that of our key: Stripe lists nothing of the other mode."""

    def __init__(self, gateway: StripeGateway, *, livemode: bool) -> None:
        self._gateway = gateway
        self._livemode = livemode

    def run(self, *, since: datetime, repair: bool = False, actor: str | None = None) -> Run:
        """Compare everything since a moment, to the end. Raises the errors of Stripe and of MongoDB."""
        return _done(self.begin(RunRequest(since=int(since.timestamp()), repair=repair, actor=actor)))

    def payment(self, payment_id: str, *, repair: bool = False, actor: str | None = None) -> Run:
        """Compare one payment. Raises NotFound when we have none of that id, and Stripe's and MongoDB's errors."""
        return _done(self.begin(RunRequest(payment_id=payment_id, repair=repair, actor=actor)))

    def begin(self, request: RunRequest) -> Run:
        """A run that has a report and has not read anything yet."""
        if not self._gateway.configured:
            raise StripeNotInitialized
        if request.payment_id is not None and repository.find(request.payment_id) is None:
            raise NotFound(f"There is no payment {request.payment_id}.")
        run = Run(self._gateway, request, new_id(), livemode=self._livemode)
        since = None if request.payment_id else moment(request.since)
        reports.begin(
            ReconciliationReport(
                id=run.report_id,
                since=since,
                payment_id=request.payment_id,
                repair=request.repair,
                actor=request.actor,
                started_at=now(),
            )
        )
        return run

    def resume(self) -> Run | None:
        """The latest run over a range, to go on where it stopped; None when it had finished."""
        if not self._gateway.configured:
            raise StripeNotInitialized
        report = reports.unfinished()
        if report is None or report.since is None:
            return None
        request = RunRequest(since=int(report.since.timestamp()), repair=report.repair, actor=report.actor)
        reports.resume(report.id)
        return Run(self._gateway, request, report.id, livemode=self._livemode, unfinished=report)


def _done(run: Run) -> Run:
    for _ in run.steps():
        pass
    return run
