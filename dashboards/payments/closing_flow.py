"""Capturing a hold and canceling a payment from its page: enter, then confirm exactly what the review shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app import errors
from app.domain.money import Money
from app.domain.payments.payment import Payment
from app.domain.payments.states import ClosingKind
from app.extensions import services
from app.services.payments.closings import ClosingQuote, ClosingRequest
from app.services.payments.closings_from_dashboard import ClosingResult
from dashboards.lists.formats import amount
from dashboards.web.auth import current_account, guard
from dashboards.web.form_key import is_key, new_key

Answer = str | tuple[str, int] | Response
_PATH = "/dashboard/payments/<payment_id>"
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_PART = "part"
# Errors after which the same form may be sent once more, because it completes the same request.
_AGAIN = (
    errors.StripeUnavailable,
    errors.DatabaseUnavailable,
    errors.StripeInvalidApiKey,
    errors.StripeConfigurationError,
    errors.RequestInProgress,
)


def add_routes(pages: Blueprint) -> None:
    """Add the form of a capture, and for both the review and the step that ends the payment."""
    pages.add_url_rule(f"{_PATH}/capture", "capture", capture_form, methods=["GET"])
    pages.add_url_rule(f"{_PATH}/capture/confirm", "capture_review", capture_review, methods=["GET"])
    pages.add_url_rule(f"{_PATH}/capture/confirm", "capture_confirm", capture_confirm, methods=["POST"])
    pages.add_url_rule(f"{_PATH}/cancel", "cancel_review", cancel_review, methods=["GET"])
    pages.add_url_rule(f"{_PATH}/cancel", "cancel_confirm", cancel_confirm, methods=["POST"])


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureForm:
    """The fields of the form."""

    how_much: str = "all"
    amount: str = ""

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> CaptureForm:
        how_much = _PART if sent.get("how_much") == _PART else "all"
        return cls(how_much=how_much, amount=sent.get("amount", "").strip())

    def request(self, payment_id: str) -> ClosingRequest:
        """What to ask of the service. Raises ValidationFailed with the field to correct."""
        is_part = self.how_much == _PART
        if is_part and not _AMOUNT.fullmatch(self.amount):
            message = "Enter the amount in digits, with a point before any decimals."
            raise errors.ValidationFailed("Nothing was captured. Correct the amount.", errors={"amount": [message]})
        part = Decimal(self.amount) if is_part else None
        return _request(payment_id, ClosingKind.CAPTURE, part)


@guard("finance")
def capture_form(payment_id: str) -> Answer:
    """How much of the hold to take. The key is part of the address, so going back keeps the same key."""
    payment = services.payments.get(payment_id, customer=None)
    key = request.args.get("key", "")
    if not is_key(key, current_account().id, payment_id):
        return _with_new_key("capture", payment_id)
    try:
        services.closings_from_dashboard.quote(_request(payment_id, ClosingKind.CAPTURE))
    except errors.PaydeskError as error:
        return _problem(payment, ClosingKind.CAPTURE, key, CaptureForm(), error)
    return _form(payment, key, CaptureForm.of(request.args))


@guard("finance")
def capture_review(payment_id: str) -> Answer:
    """Exactly what will be taken and what goes back; nothing is captured yet."""
    payment = services.payments.get(payment_id, customer=None)
    key, sent = request.args.get("key", ""), CaptureForm.of(request.args)
    if not is_key(key, current_account().id, payment_id):
        return _with_new_key("capture", payment_id)
    try:
        quote = services.closings_from_dashboard.quote(sent.request(payment_id))
    except errors.PaydeskError as error:
        return _form(payment, key, sent, error)
    return _review(payment, ClosingKind.CAPTURE, key, quote)


@guard("finance")
def capture_confirm(payment_id: str) -> Answer:
    """Capture, once per form however often it is sent."""
    return _close(payment_id, ClosingKind.CAPTURE)


@guard("finance")
def cancel_review(payment_id: str) -> Answer:
    """What becomes of the payment; nothing is canceled yet."""
    payment = services.payments.get(payment_id, customer=None)
    key = request.args.get("key", "")
    if not is_key(key, current_account().id, payment_id):
        return _with_new_key("cancel_review", payment_id)
    try:
        quote = services.closings_from_dashboard.quote(_request(payment_id, ClosingKind.CANCEL))
    except errors.PaydeskError as error:
        return _problem(payment, ClosingKind.CANCEL, key, CaptureForm(), error)
    return _review(payment, ClosingKind.CANCEL, key, quote)


@guard("finance")
def cancel_confirm(payment_id: str) -> Answer:
    """Cancel, once per form however often it is sent."""
    return _close(payment_id, ClosingKind.CANCEL)


def _close(payment_id: str, kind: ClosingKind) -> Answer:
    payment = services.payments.get(payment_id, customer=None)
    key, sent, account = request.form.get("key", ""), CaptureForm.of(request.form), current_account()
    if not is_key(key, account.id, payment_id):
        return _with_new_key("capture" if kind == ClosingKind.CAPTURE else "cancel_review", payment_id)
    try:
        asked = sent.request(payment_id) if kind == ClosingKind.CAPTURE else _request(payment_id, kind)
        made = services.closings_from_dashboard.close(asked, account=account.id, key=key)
    except errors.PaydeskError as error:
        return _problem(payment, kind, key, sent, error)
    flash(_outcome(kind, made), "note" if made.repeated else "success")
    return redirect(url_for("dashboards.payment", payment_id=payment_id), HTTPStatus.SEE_OTHER)


def _request(payment_id: str, kind: ClosingKind, part: Decimal | None = None) -> ClosingRequest:
    return ClosingRequest(payment_id=payment_id, kind=kind, amount=part, requested_by=current_account().email)


def _with_new_key(endpoint: str, payment_id: str) -> Response:
    key = new_key(current_account().id, payment_id)
    return redirect(url_for(f"dashboards.{endpoint}", payment_id=payment_id, key=key), HTTPStatus.SEE_OTHER)


def _form(payment: Payment, key: str, sent: CaptureForm, error: errors.PaydeskError | None = None) -> Answer:
    faults = error.errors if error else {}
    if isinstance(error, errors.AmountExceedsCapturable):
        faults = {"amount": [error.message]}
    page = render_template(
        "payments/capture.html", payment=payment, key=key, form=sent, error=error, errors=faults, held=_held(payment)
    )
    return (page, error.http_status) if error else page


def _held(payment: Payment) -> Money:
    """What a capture of everything would take; the amount of a payment that cannot be captured any more."""
    try:
        quote = services.closings_from_dashboard.quote(_request(payment.id, ClosingKind.CAPTURE))
    except errors.PaydeskError:
        quote = None
    return (quote and quote.captured) or Money(payment.amount, payment.currency)


def _review(payment: Payment, kind: ClosingKind, key: str, quote: ClosingQuote) -> str:
    template = "payments/capture_review.html" if kind == ClosingKind.CAPTURE else "payments/cancel_review.html"
    return render_template(template, payment=payment, key=key, quote=quote)


def _problem(
    payment: Payment, kind: ClosingKind, key: str, sent: CaptureForm, error: errors.PaydeskError
) -> tuple[str, int]:
    again = isinstance(error, _AGAIN) and request.method == "POST"
    page = render_template(
        "payments/closing_problem.html", payment=payment, kind=kind.value, key=key, form=sent, error=error, again=again
    )
    return page, error.http_status


def _outcome(kind: ClosingKind, made: ClosingResult) -> str:
    payment = made.payment
    once_only = " This form was already sent; it was done once." if made.repeated else ""
    if kind == ClosingKind.CAPTURE:
        return f"Captured {amount(payment.amount_captured, payment.currency)}.{once_only}"
    return f"The payment is canceled.{once_only}"
