"""Refunds that people make on the dashboard: the same use case as the API's, once for each form, and audit-logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.clock import now
from app.domain.payments.facts import RefundSettled
from app.domain.payments.payment import Refund
from app.domain.payments.states import RefundState
from app.errors import NotFound, PaydeskError, ValidationFailed
from app.models.payments import repository
from app.models.payments.mapping import refund_document, refund_of
from app.models.refunds import drafts as refund_drafts
from app.services import audit
from app.services.audit import Action
from app.services.payments.idempotency import Once, answer_of, once
from app.services.payments.updates import Source, learn
from app.services.refunds.service import Quote, RefundRequest, Refunds

_ENDPOINT = "dashboard-refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundResult:
    """A refund, and whether this form had made it before."""

    refund: Refund
    repeated: bool


class RefundsFromDashboard:
    """``account`` is the id of the person's account; ``key`` belongs to one form that this person opened."""

    def __init__(self, refunds: Refunds) -> None:
        self._refunds = refunds

    def quote(self, request: RefundRequest) -> Quote:
        """What the refund would come to; see ``Refunds.quote``."""
        return self._refunds.quote(request)

    def made_with(self, account: str, key: str) -> Refund | None:
        """The refund that a form has made, if any. Raises the final error that it met."""
        answer = answer_of(_of(account, key))
        return refund_of(answer["refund"]) if answer else None

    def keep_draft(self, fields: Mapping[str, str], *, account: str, key: str) -> None:
        """Keep what was entered into a form until it is confirmed."""
        refund_drafts.keep(_of(account, key).record_id, fields, now=now())

    def draft(self, account: str, key: str) -> dict[str, str] | None:
        """What was last entered into a form and accepted for review, if anything."""
        return refund_drafts.find(_of(account, key).record_id)

    def refund(self, request: RefundRequest, *, account: str, key: str) -> RefundResult:
        """Make the refund once for ``key``, however often and in however many threads it is requested.

        Raises what ``Refunds.refund`` raises. After StripeUnavailable and RequestInProgress the same form completes
        the same refund; after any other error it will only give that error again.
        """

        def work(refund_id: str) -> dict[str, Any]:
            # Logged before Stripe is called: the log has every refund that was made here.
            chosen = {"stripe_reason": request.stripe_reason.value} if request.stripe_reason else {}
            self._log(Action.REFUND_REQUESTED, request, amount=_text(request.amount), reason=request.reason, **chosen)
            try:
                refund = self._refunds.make(request, refund_id)
            except PaydeskError as error:
                self._log(Action.REFUND_ANSWERED, request, error=error.error)
                raise
            row = refund_document(refund)
            answer = {name: row[name] for name in ("id", "stripe_refund_id", "amount", "currency", "status")}
            self._log(Action.REFUND_ANSWERED, request, **answer)
            return {"refund": row}

        body = {"payment_id": request.payment_id, "amount": _text(request.amount), **request.texts}
        answer, replayed = once(Once(caller=account, endpoint=_ENDPOINT, key=key, request=body), work)
        return RefundResult(refund=refund_of(answer["refund"]), repeated=replayed)

    def settle(self, payment_id: str, refund_id: str, *, actor: str) -> None:
        """Note that ``actor`` refunded a failed refund outside Stripe, so that it is not paid twice.

        Raises NotFound, and ValidationFailed for a refund that has not failed.
        """
        stored = repository.find(payment_id)
        refund = stored.state.refunds.get(refund_id) if stored else None
        if stored is None or refund is None:
            raise NotFound("There is no such refund.")
        if refund.status != RefundState.FAILED:
            raise ValidationFailed("Only a failed refund can be marked as refunded outside Stripe.")
        audit.append(Action.REFUND_SETTLED, actor=actor, target=payment_id, details={"id": refund_id})
        source = Source(channel="settle", reference=refund_id, actor=actor)
        learn(stored, [RefundSettled(refund_id=refund_id, settled_by=actor)], source)

    def _log(self, action: Action, request: RefundRequest, **details: Any) -> None:
        audit.append(action, actor=request.requested_by, target=request.payment_id, details=details)


def _of(account: str, key: str) -> Once:
    """A form, whatever was entered into it."""
    return Once(caller=account, endpoint=_ENDPOINT, key=key, request={})


def _text(amount: object) -> str | None:
    return None if amount is None else str(amount)
