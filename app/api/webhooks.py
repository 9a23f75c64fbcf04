"""Stripe's deliveries over HTTP."""

from __future__ import annotations

from typing import Any

from flask import request

from app.api.answers import ReceivedSchema
from app.api.auth import public
from app.api.documentation import answers
from app.api.parsing import Blueprint, whole_body
from app.api.schemas import WebhookHeaderSchema
from app.errors import (
    DatabaseUnavailable,
    NotFound,
    StripeInvalidApiKey,
    StripeNotInitialized,
    StripeUnavailable,
    ValidationFailed,
    WebhookSignatureInvalid,
)
from app.extensions import services

blueprint = Blueprint(
    "webhooks", __name__, url_prefix="/api/v1/payments", description="What Stripe tells us."
)

_BODY = {
    "required": True,
    "description": "A Stripe event (payload style: snapshot), exactly as Stripe sent it.",
    "content": {"application/json": {"schema": {"type": "object"}}},
}


@blueprint.post("/stripe/webhook")
@public("Stripe proves itself by the signature of the body")
@answers(
    *(WebhookSignatureInvalid, ValidationFailed, NotFound, DatabaseUnavailable),
    *(StripeNotInitialized, StripeInvalidApiKey, StripeUnavailable),
    body=True,
)
@blueprint.doc(requestBody=_BODY)
@blueprint.arguments(WebhookHeaderSchema, location="headers")
@blueprint.response(200, ReceivedSchema)
def webhook(headers: dict[str, Any]) -> dict[str, Any]:
    """Receive an event.

    200 means that it is stored and applied, or known already; anything else makes Stripe send it again for days.
    """
    services.webhooks.deliver(whole_body(request), headers.get("signature"))
    return {"received": True}
