"""Refunds over HTTP.

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
from app.api.schemas.requests import IdempotencyHeaderSchema, RefundRequestSchema
from app.api.schemas.responses import RefundSchema
from app.domain.permissions import Scope
from app.errors import (
    AmountExceedsRefundable,
    AmountInvalid,
    CardDeclined,
    NotFound,
    PaymentDisputed,
    PaymentNotRefundable,
)
from app.extensions import services
from app.services.refunds.service import RefundRequest

blueprint = Blueprint("refunds", __name__, url_prefix="/api/v1/payments", description="Refund payments.")


@blueprint.post("/stripe/refund/<payment_id>", parameters=[presenters.PAYMENT_ID])
@requires(Scope.PAYMENTS_REFUND)
@waits_for_stripe
@answers(
    *STRIPE_ERRORS,
    *(NotFound, AmountInvalid, AmountExceedsRefundable, PaymentNotRefundable, PaymentDisputed, CardDeclined),
    *KEY_ERRORS,
    body=True,
)
@blueprint.arguments(RefundRequestSchema, required=False)
@blueprint.arguments(IdempotencyHeaderSchema, location="headers")
@blueprint.response(201, RefundSchema)
def refund(body: dict[str, Any], headers: dict[str, Any], payment_id: str) -> dict[str, Any]:
    """Refund a payment, in part or in full.

    Concurrent refunds can never exceed what was captured. After 503 `stripe_unavailable`, repeat the request: it
    completes the same refund and makes no second one.
    """
    if body.get("amount") is not None:
        exact(body["amount"])
    order = RefundRequest(payment_id=payment_id, requested_by=caller().subject, **body)
    made = services.refunds.refund(order, customer=caller().customer, key=headers.get("idempotency_key"))
    return presenters.refund_body(made, for_customer=caller().is_customer)
