"""Ending an open payment over HTTP: capture its hold, or cancel it.

Uses http, schemas.
"""

from __future__ import annotations

from typing import Any

from app.api.http.auth import caller, requires
from app.api.http.bulkhead import waits_for_stripe
from app.api.http.documentation import KEY_ERRORS, STRIPE_ERRORS, answers
from app.api.http.parsing import Blueprint
from app.api.schemas import presenters
from app.api.schemas.amounts import exact
from app.api.schemas.requests import CancelRequestSchema, CaptureRequestSchema, IdempotencyHeaderSchema
from app.api.schemas.responses import PaymentSchema
from app.domain.payments.states import ClosingKind
from app.domain.permissions import Scope
from app.errors import (
    AmountExceedsCapturable,
    AmountInvalid,
    CardDeclined,
    NotFound,
    PaymentNotCancelable,
    PaymentNotCapturable,
)
from app.extensions import services
from app.services.payments.closings import ClosingRequest

Parsed = dict[str, Any]

blueprint = Blueprint(
    "closings", __name__, url_prefix="/api/v1/payments", description="Capture holds, cancel payments."
)


@blueprint.post("/stripe/capture/<payment_id>", parameters=[presenters.PAYMENT_ID])
@requires(Scope.PAYMENTS_WRITE, bound=False)
@waits_for_stripe
@answers(
    *(*STRIPE_ERRORS, NotFound, AmountInvalid, PaymentNotCapturable, AmountExceedsCapturable, CardDeclined),
    *KEY_ERRORS,
    body=True,
)
@blueprint.arguments(CaptureRequestSchema, required=False)
@blueprint.arguments(IdempotencyHeaderSchema, location="headers")
@blueprint.response(200, PaymentSchema)
def capture(body: Parsed, headers: Parsed, payment_id: str) -> Parsed:
    """Take the money of a hold, in part or in full.

    A hold can be captured once; what is not captured goes back to the customer. After 503 `stripe_unavailable`, repeat
    the request: it completes the same capture. Tokens that are bound to a customer are refused.
    """
    amount = body.get("amount")
    return _close(payment_id, ClosingKind.CAPTURE, headers, amount=None if amount is None else exact(amount))


@blueprint.post("/stripe/cancel/<payment_id>", parameters=[presenters.PAYMENT_ID])
@requires(Scope.PAYMENTS_WRITE, bound=False)
@waits_for_stripe
@answers(*(*STRIPE_ERRORS, NotFound, PaymentNotCancelable, CardDeclined), *KEY_ERRORS, body=True)
@blueprint.arguments(CancelRequestSchema, required=False)
@blueprint.arguments(IdempotencyHeaderSchema, location="headers")
@blueprint.response(200, PaymentSchema)
def cancel(body: Parsed, headers: Parsed, payment_id: str) -> Parsed:
    """Give an open payment up, so that nobody can pay it any more; a hold goes back to the customer.

    After 503 `stripe_unavailable`, repeat the request: it completes the same cancellation. Tokens that are bound to a
    customer are refused.
    """
    return _close(payment_id, ClosingKind.CANCEL, headers, **body)


def _close(payment_id: str, kind: ClosingKind, headers: Parsed, **amount: Any) -> Parsed:
    request = ClosingRequest(payment_id=payment_id, kind=kind, requested_by=caller().subject, **amount)
    payment = services.closings.close(request, key=headers.get("idempotency_key"))
    return presenters.payment_body(payment, for_customer=caller().is_customer)
