"""Reports of reconciliation as people read them, and one payment compared or repaired at once."""

from __future__ import annotations

from dataclasses import dataclass

from app.cursors import Cursor
from app.errors import NotFound
from app.models.pagination import Page
from app.models.reconciliation import reports
from app.models.reconciliation.reports import OpenDifference, ReconciliationReport, ReportedDifference
from app.services import audit
from app.services.reconciliation.run import RunRequest
from app.services.reconciliation.service import Reconciliation

PAGE = 25
DRIFT_PAGE = 100
MOST_OPEN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """Reports, newest first.

    ``open`` is what is still different as far as anybody knows, up to MOST_OPEN; on the first page only.
    """

    page: Page
    open: list[OpenDifference]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDetail:
    """A report with one page of what differed; what was not repaired comes first."""

    report: ReconciliationReport
    drift: list[ReportedDifference]
    page: int
    pages: int


class ReconciliationAdmin:
    """Use cases of the reconciliation page."""

    def __init__(self, reconciliation: Reconciliation) -> None:
        self._reconciliation = reconciliation

    def reports(self, *, cursor: Cursor | None) -> ReportPage:
        """Some reports, without what differed."""
        page = reports.page(limit=PAGE, cursor=cursor)
        return ReportPage(page=page, open=reports.open_drift(MOST_OPEN) if cursor is None else [])

    def report(self, report_id: str, *, page: int) -> ReportDetail:
        """One report. Raises NotFound."""
        report = reports.find(report_id)
        if report is None:
            raise NotFound("There is no such report.")
        drift = sorted(report.drift, key=lambda difference: difference.repaired)
        pages = max(1, -(-len(drift) // DRIFT_PAGE))
        page = min(max(1, page), pages)
        return ReportDetail(
            report=report, drift=drift[(page - 1) * DRIFT_PAGE : page * DRIFT_PAGE], page=page, pages=pages
        )

    def check(self, payment_id: str, *, actor: str) -> str:
        """Compare one payment with Stripe and write nothing but the report; its id.

        Raises NotFound and Stripe's errors.
        """
        return self._reconciliation.payment(payment_id, actor=actor).report_id

    def repair(self, payment_id: str, *, actor: str) -> str:
        """Compare one payment with Stripe and apply what Stripe says; the id of the report.

        Raises NotFound and Stripe's errors.
        """
        run = self._reconciliation.begin(RunRequest(payment_id=payment_id, repair=True, actor=actor))
        details = {"report": run.report_id}
        audit.append(audit.Action.PAYMENT_REPAIRED, actor=actor, target=payment_id, details=details)
        for _ in run.steps():
            pass
        return run.report_id
