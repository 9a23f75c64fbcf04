"""Captures and cancellations by people on the dashboard: the API's use case, once for each form, and audit-logged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.domain.payments.payment import Payment
from app.domain.payments.states import ClosingKind
from app.errors import PaydeskError
from app.models.payments.mapping import document_of, payment_of
from app.services import audit
from app.services.audit import Action
from app.services.payments.closings import ClosingQuote, ClosingRequest, Closings
from app.services.payments.idempotency import Once, once

_REQUESTED = {ClosingKind.CAPTURE: Action.CAPTURE_REQUESTED, ClosingKind.CANCEL: Action.CANCEL_REQUESTED}
_ANSWERED = {ClosingKind.CAPTURE: Action.CAPTURE_ANSWERED, ClosingKind.CANCEL: Action.CANCEL_ANSWERED}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingResult:
    """The payment afterwards, and whether this form had ended it before."""

    payment: Payment
    repeated: bool


class ClosingsFromDashboard:
    """``account`` is the id of the person's account; ``key`` belongs to one form that this person opened."""

    def __init__(self, closings: Closings) -> None:
        self._closings = closings

    def quote(self, request: ClosingRequest) -> ClosingQuote:
        """What the request would come to; see ``Closings.quote``."""
        return self._closings.quote(request)

    def close(self, request: ClosingRequest, *, account: str, key: str) -> ClosingResult:
        """Capture or cancel once for ``key``, however often the form is sent. Raises what ``Closings.make`` raises."""
        amount = None if request.amount is None else str(request.amount)

        def work(closing_id: str) -> dict[str, Any]:
            # Logged before Stripe is called: the log has everything that was requested here.
            _log(_REQUESTED[request.kind], request, **({"amount": amount} if amount else {}))
            try:
                payment = self._closings.make(request, closing_id)
            except PaydeskError as error:
                _log(_ANSWERED[request.kind], request, error=error.error)
                raise
            _log(_ANSWERED[request.kind], request, status=payment.status.value, captured=payment.amount_captured)
            return {"payment": document_of(payment)}

        body = {"payment_id": request.payment_id, "amount": amount}
        what = Once(caller=account, endpoint=f"dashboard-{request.kind}", key=key, request=body)
        answer, replayed = once(what, work)
        return ClosingResult(payment=payment_of(answer["payment"]), repeated=replayed)


def _log(action: Action, request: ClosingRequest, **details: Any) -> None:
    audit.append(action, actor=request.requested_by, target=request.payment_id, details=details)
