"""Refunding from the page in two steps: enter, then confirm exactly what the review shows.

Each successful step ends in a redirect, so going back or reloading never asks to send a form again.
"""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.domain.payments.payment import Payment
from app.errors import AmountExceedsRefundable, DatabaseUnavailable, NotFound, PaydeskError
from app.extensions import services
from app.services.refunds.from_dashboard import RefundResult
from app.services.refunds.service import Quote
from dashboards.lists.formats import amount
from dashboards.lists.labels import REFUND, STRIPE_REASON, label_of, options
from dashboards.refunds.form import SUGGESTIONS, RefundForm, advice_on, example_of
from dashboards.web.auth import current_account, guard
from dashboards.web.form_key import is_key, new_key

Answer = str | tuple[str, int] | Response
_PATH = "/dashboard/payments/<payment_id>/refund"


def add_routes(pages: Blueprint) -> None:
    """Add the form, its review and the step that moves money."""
    pages.add_url_rule(_PATH, "refund", form, methods=["GET"])
    pages.add_url_rule(_PATH, "refund_review", review, methods=["POST"])
    pages.add_url_rule(f"{_PATH}/confirm", "refund_confirmation", confirmation, methods=["GET"])
    pages.add_url_rule(f"{_PATH}/confirm", "refund_confirm", confirm, methods=["POST"])


@guard("finance")
def form(payment_id: str) -> Answer:
    """The form. Its key is part of its address, so going back to it keeps the same key."""
    payment = services.payments.get(payment_id, customer=None)
    key = request.args.get("key")
    chosen = RefundForm.of({"stripe_reason": request.args.get("stripe_reason", "")})
    if not is_key(key, current_account().id, payment_id):
        return _new_form(payment_id, chosen)
    if answer := _already_made(payment, str(key)):
        return answer
    try:
        _quote(payment_id, RefundForm())
    except PaydeskError as error:
        return _problem(payment_id, str(key), RefundForm(), error, can_start_again=False)
    draft = services.refunds_from_dashboard.draft(current_account().id, str(key))
    return _form(payment, str(key), RefundForm.of(draft) if draft else chosen)


@guard("finance")
def review(payment_id: str) -> Answer:
    """Validate the entries and keep them for the second step; nothing is refunded."""
    payment = services.payments.get(payment_id, customer=None)
    key, sent = request.form.get("key", ""), RefundForm.of(request.form)
    if not is_key(key, current_account().id, payment_id):
        return _expired(payment_id)
    if answer := _already_made(payment, key):
        return answer
    try:
        _quote(payment_id, sent)
    except PaydeskError as error:
        return _form(payment, key, sent, error)
    services.refunds_from_dashboard.keep_draft(asdict(sent), account=current_account().id, key=key)
    step = url_for("dashboards.refund_confirmation", payment_id=payment_id, key=key)
    return redirect(step, HTTPStatus.SEE_OTHER)


@guard("finance")
def confirmation(payment_id: str) -> Answer:
    """Review the refund before it is made."""
    payment = services.payments.get(payment_id, customer=None)
    key = request.args.get("key", "")
    if not is_key(key, current_account().id, payment_id):
        return _expired(payment_id)
    if answer := _already_made(payment, key):
        return answer
    draft = services.refunds_from_dashboard.draft(current_account().id, key)
    if draft is None:
        return _expired(payment_id)
    entered = RefundForm.of(draft)
    try:
        quote = _quote(payment_id, entered)
    except PaydeskError as error:
        return _form(payment, key, entered, error)
    return render_template("refunds/review.html", payment=payment, quote=quote, form=entered, key=key)


@guard("finance")
def confirm(payment_id: str) -> Answer:
    """Make the refund, once per form however often it is sent, and show it on the payment's page."""
    key, sent = request.form.get("key", ""), RefundForm.of(request.form)
    account = current_account()
    if not is_key(key, account.id, payment_id):
        return _expired(payment_id)
    try:
        order = sent.order(payment_id, account.email)
        made = services.refunds_from_dashboard.refund(order, account=account.id, key=key)
    except NotFound:
        raise
    except PaydeskError as error:
        return _problem(payment_id, key, sent, error)
    _announce(made)
    return redirect(url_for("dashboards.payment", payment_id=payment_id), HTTPStatus.SEE_OTHER)


def _quote(payment_id: str, sent: RefundForm) -> Quote:
    order = sent.order(payment_id, current_account().email)
    return services.refunds_from_dashboard.quote(order)


def _new_form(payment_id: str, chosen: RefundForm | None = None) -> Response:
    """A form with a new key; ``chosen`` are the entries that it opens with."""
    key = new_key(current_account().id, payment_id)
    reason = chosen.stripe_reason or None if chosen else None
    address = url_for("dashboards.refund", payment_id=payment_id, key=key, stripe_reason=reason)
    return redirect(address, HTTPStatus.SEE_OTHER)


def _expired(payment_id: str) -> Response:
    flash("This refund form has expired or belongs to another user. Nothing was refunded; this is a new form.", "error")
    return _new_form(payment_id)


def _form(payment: Payment, key: str, sent: RefundForm, error: PaydeskError | None = None) -> Answer:
    errors = error.errors if error else {}
    if isinstance(error, AmountExceedsRefundable):
        errors = {"amount": [error.message]}
    page = render_template(
        "refunds/form.html",
        payment=payment,
        key=key,
        form=sent,
        error=error,
        errors=errors,
        advice=None if error is None or errors else advice_on(error),
        suggestions=SUGGESTIONS,
        stripe_reasons=options(STRIPE_REASON),
        example=example_of(payment.currency),
    )
    return (page, error.http_status) if error else page


def _already_made(payment: Payment, key: str) -> Answer | None:
    """What to show instead of a form that has made its refund; None as long as it has not."""
    try:
        refund = services.refunds_from_dashboard.made_with(current_account().id, key)
    except DatabaseUnavailable:
        raise
    except PaydeskError:
        # The key ended in a final error and made no refund, so a new form cannot make a second one.
        return _new_form(payment.id)
    if refund is None:
        return None
    return render_template("refunds/made.html", payment=payment, refund=refund)


def _problem(
    payment_id: str, key: str, sent: RefundForm, error: PaydeskError, *, can_start_again: bool = True
) -> Answer:
    page = render_template(
        "refunds/problem.html",
        payment_id=payment_id,
        key=key,
        form=sent,
        error=error,
        advice=advice_on(error),
        can_start_again=can_start_again,
    )
    return page, error.http_status


def _announce(made: RefundResult) -> None:
    refund = made.refund
    money = amount(refund.amount, refund.currency)
    if made.repeated:
        flash(f"This form was already sent. It made one refund of {money} and no second one.", "note")
        return
    status = label_of(REFUND, refund.status)
    category = "error" if refund.status.returned else "success"
    flash(f"Refund of {money}: {status.word.lower()}. {status.meaning}".rstrip(), category)
