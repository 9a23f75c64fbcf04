"""Stripe's deliveries over HTTP.

Uses http, schemas.
"""

from __future__ import annotations

from flask import Response, request

from app.api.http.auth import public
from app.api.http.documentation import STRIPE_ERRORS, answers
from app.api.http.parsing import Blueprint, whole_body
from app.api.schemas.responses import ReceivedSchema
from app.errors import DatabaseUnavailable, NotFound, ValidationFailed, WebhookSignatureInvalid
from app.extensions import services

blueprint = Blueprint("webhooks", __name__, url_prefix="/api/v1/payments", description="Webhooks from Stripe.")

_SIGNATURE = {
    "in": "header",
    "name": "Stripe-Signature",
    "description": "Stripe's signature of the raw body. Required; marked optional only because a missing one answers "
    "400 `webhook_signature_invalid`.",
    "schema": {"type": "string"},
    "example": "t=1700000000,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd",
}
_BODY = {
    "required": True,
    "description": "A Stripe event (payload style: snapshot), exactly as Stripe sent it.",
    "content": {"application/json": {"schema": {"type": "object"}}},
}


@blueprint.post("/stripe/webhook")
@public("The signature of the body proves that Stripe sent it")
@answers(*(WebhookSignatureInvalid, ValidationFailed, NotFound, DatabaseUnavailable, *STRIPE_ERRORS), body=True)
@blueprint.doc(requestBody=_BODY, parameters=[_SIGNATURE])
@blueprint.response(200, ReceivedSchema)
def webhook() -> Response:
    """Receive an event.

    200 means that the event is stored and applied, or was already. After any other status Stripe delivers it again.
    """
    services.webhooks.deliver(whole_body(request), request.headers.get("Stripe-Signature"))
    # The busiest route always answers the same bytes, so nothing is parsed or rendered for it.
    return Response(b'{"received": true}', mimetype="application/json")
