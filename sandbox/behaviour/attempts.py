"""One attempt to charge a card for an intent: 3-D Secure, the charge, the decline, the follow-up events.

Sources: docs.stripe.com/payments/paymentintents/lifecycle, /testing; facts §4, §5, §11.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.behaviour import authentication, balance, disputes, radar, rendering
from sandbox.behaviour.cards import DECLINED, PARAMS, Card, card_of, decline_message
from sandbox.behaviour.disputes import NewDispute
from sandbox.core.errors import StripeError
from sandbox.core.origin import AUTOMATIC, Origin
from sandbox.core.records import Charge, Intent, Json, PaymentMethod
from sandbox.core.sandbox import Sandbox

AUTHENTICATION_FAILED = (
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new "
    "PaymentMethod to attempt to fulfill this PaymentIntent again."
)

# What Stripe.js calls the captcha that it shows where Radar takes a card for a tester's (undocumented content).
_CAPTCHA = "intent_confirmation_challenge"


# How long a bank holds the money of a charge that is not captured (facts §4).
HOLD_SECONDS = 7 * 86_400


@dataclass(frozen=True, slots=True)
class ConfirmOptions:
    """How to confirm an intent; ``challenge_url`` is the page where a browser completes 3-D Secure.

    With ``captcha``, Stripe.js first shows one, which is no 3-D Secure.
    """

    challenge_url: str
    return_url: str | None = None
    off_session: bool = False
    error_on_requires_action: bool = False
    captcha: bool = False


def confirm(sandbox: Sandbox, intent: Intent, method: PaymentMethod, options: ConfirmOptions, origin: Origin) -> None:
    """Attempt the payment. Raises a 402 StripeError for a decline; the intent then needs another method."""
    card = card_of(method.number)
    authenticated = intent.authenticated and intent.payment_method == method.id
    intent.payment_method = method.id
    intent.last_payment_error = None
    intent.next_action = None
    intent.authenticated = False
    if authenticated:
        charge_card(sandbox, intent, method, authentication.authenticated("challenge"), origin)
    elif options.captcha:
        _require_captcha(sandbox, intent, options, origin)
    elif not authentication.requires_challenge(card, intent, options.off_session):
        charge_card(sandbox, intent, method, authentication.without_challenge(card, intent), origin)
    elif options.off_session:
        code = ("authentication_required", "authentication_required")
        _decline(sandbox, intent, method, code, None, origin)
    elif options.error_on_requires_action:
        error = _error("card_error", "authentication_required", "authentication_required", method)
        raise fail(sandbox, intent, error, origin)
    else:
        _require_action(sandbox, intent, options, origin)


def complete_authentication(sandbox: Sandbox, intent: Intent, *, passed: bool) -> None:
    """The result of 3-D Secure. Raises a 402 StripeError when the card is declined afterwards.

    A failed authentication raises nothing: it creates no charge and writes the error on the intent.
    """
    method = sandbox.store.payment_methods.by_id[intent.payment_method or ""]
    was_captcha = (intent.next_action or {}).get("use_stripe_sdk", {}).get("type") == _CAPTCHA
    intent.next_action = None
    if passed and was_captcha:
        charge_card(sandbox, intent, method, None, AUTOMATIC)
    elif not passed:
        error = _error("invalid_request_error", "payment_intent_authentication_failure", None, method)
        fail(sandbox, intent, error, AUTOMATIC)
    elif intent.confirmation_method == "manual":
        intent.authenticated = True
        intent.status = "requires_confirmation"
        sandbox.store.save(intent)
    else:
        charge_card(sandbox, intent, method, authentication.authenticated("challenge"), AUTOMATIC)


def charge_card(
    sandbox: Sandbox, intent: Intent, method: PaymentMethod, three_d_secure: Json | None, origin: Origin
) -> None:
    """Charge the card now. Raises a 402 StripeError for a decline."""
    card = card_of(method.number)
    decline = card.decline
    if card.needs_cvc and not method.cvc_given:
        decline = None
    if card.three_d_secure == "lookup_fails":
        decline = DECLINED
    blocked = card.blocked or (card.risk == "highest" and sandbox.settings.block_highest_risk)
    if blocked:
        decline = ("card_declined", "fraudulent")
    if decline:
        _decline(sandbox, intent, method, decline, three_d_secure, origin, blocked=blocked)
        return
    charge = pay(sandbox, intent, method, origin, three_d_secure)
    _follow_up(sandbox, charge, card)


def pay(
    sandbox: Sandbox, intent: Intent, method: PaymentMethod, origin: Origin, three_d_secure: Json | None = None
) -> Charge:
    """A charge that succeeds, captured or, with a manual capture, held."""
    card = card_of(method.number)
    manual = intent.capture_method == "manual"
    charge = _new_charge(sandbox, intent, method, three_d_secure)
    charge.outcome = _approved(card)
    if manual:
        intent.status = "requires_capture"
        intent.amount_capturable = intent.amount
        charge.capture_before = charge.created + HOLD_SECONDS
    else:
        capture(sandbox, intent, charge, intent.amount)
    _add(sandbox, intent, charge)
    with _delayed_balance_transaction(sandbox, intent, charge):
        sandbox.events.emit_record("charge.succeeded", charge, origin)
        outcome = "payment_intent.amount_capturable_updated" if manual else "payment_intent.succeeded"
        sandbox.events.emit_record(outcome, intent, origin)
    return charge


@contextlib.contextmanager
def _delayed_balance_transaction(sandbox: Sandbox, intent: Intent, charge: Charge) -> Iterator[None]:
    """With automatic_async the first snapshots lack the balance transaction; charge.updated adds it (facts §4)."""
    if intent.capture_method != "automatic_async":
        yield
        return
    transaction, charge.balance_transaction = charge.balance_transaction, None
    yield
    charge.balance_transaction = transaction
    sandbox.store.save(charge)
    sandbox.events.emit_record("charge.updated", charge, previous={"balance_transaction": None})


def capture(sandbox: Sandbox, intent: Intent, charge: Charge, amount: int) -> None:
    """Book ``amount`` minor units of an authorized charge on our balance: the intent has succeeded."""
    store = sandbox.store
    charge.captured = True
    charge.amount_captured = amount
    charge.balance_transaction = balance.book(
        store,
        amount,
        fee=round(amount * 0.029) + 30,
        source=charge.id,
        currency=charge.currency,
        kind="charge",
        category="charge",
        available=card_of(store.payment_methods.by_id[charge.payment_method].number).bypass_pending,
    )
    intent.status = "succeeded"
    intent.amount_received = amount
    intent.amount_capturable = 0


def begin_processing(sandbox: Sandbox, intent: Intent, method: PaymentMethod, origin: Origin) -> None:
    """Leave the result open, as a bank debit does, until ``finish_processing``."""
    charge = _new_charge(sandbox, intent, method, None)
    charge.status = "pending"
    intent.payment_method = method.id
    intent.last_payment_error = None
    intent.next_action = None
    intent.status = "processing"
    _add(sandbox, intent, charge)
    sandbox.events.emit_record("charge.pending", charge, origin)
    sandbox.events.emit_record("payment_intent.processing", intent, origin)


def finish_processing(
    sandbox: Sandbox, intent: Intent, *, succeeded: bool, refusal: tuple[str, str] | None = None
) -> None:
    """Complete an intent in processing; a failure is written on the intent and raises nothing.

    ``refusal`` is the code and message of a method that is no card.
    """
    store = sandbox.store
    charge = store.charges.by_id[intent.latest_charge or ""]
    method = store.payment_methods.by_id[charge.payment_method]
    if succeeded:
        charge.status = "succeeded"
        charge.outcome = _approved(card_of(method.number))
        capture(sandbox, intent, charge, intent.amount)
        store.save(charge)
        store.save(intent)
        sandbox.events.emit_record("charge.succeeded", charge)
        sandbox.events.emit_record("payment_intent.succeeded", intent)
        return
    if refusal is None:
        _mark_failed(charge, card_of(method.number), DECLINED, blocked=False)
        error = _error("card_error", *DECLINED, method, charge.id)
    else:
        code, message = refusal
        charge.status, charge.failure_code, charge.failure_message = "failed", code, message
        error = error_of("card_error", code, message, method, charge.id)
    store.save(charge)
    sandbox.events.emit_record("charge.failed", charge)
    fail(sandbox, intent, error, AUTOMATIC)


def _require_action(sandbox: Sandbox, intent: Intent, options: ConfirmOptions, origin: Origin) -> None:
    intent.status = "requires_action"
    if options.return_url:
        redirect = {"return_url": options.return_url, "url": options.challenge_url}
        intent.next_action = {"type": "redirect_to_url", "redirect_to_url": redirect}
    else:
        challenge = {"type": "three_d_secure_redirect", "stripe_js": options.challenge_url}
        intent.next_action = {"type": "use_stripe_sdk", "use_stripe_sdk": challenge}
    sandbox.store.save(intent)
    sandbox.events.emit_record("payment_intent.requires_action", intent, origin)


def _require_captcha(sandbox: Sandbox, intent: Intent, options: ConfirmOptions, origin: Origin) -> None:
    intent.status = "requires_action"
    captcha = {"type": _CAPTCHA, "stripe_js": {"site_key": "sandbox", "verification_url": options.challenge_url}}
    intent.next_action = {"type": "use_stripe_sdk", "use_stripe_sdk": captcha}
    sandbox.store.save(intent)
    sandbox.events.emit_record("payment_intent.requires_action", intent, origin)


def _new_charge(sandbox: Sandbox, intent: Intent, method: PaymentMethod, three_d_secure: Json | None) -> Charge:
    """A new charge, with the current metadata and descriptions of the intent."""
    store = sandbox.store
    return Charge(
        **store.header("ch" if method.type == "card" else "py"),
        amount=intent.amount,
        currency=intent.currency,
        payment_intent=intent.id,
        payment_method=method.id,
        three_d_secure=three_d_secure,
        customer=intent.customer,
        description=intent.description,
        receipt_email=intent.receipt_email,
        shipping=intent.shipping,
        statement_descriptor_suffix=intent.statement_descriptor_suffix,
        transfer_group=intent.transfer_group,
        metadata=dict(intent.metadata),
    )


def _add(sandbox: Sandbox, intent: Intent, charge: Charge) -> None:
    sandbox.store.charges.add(charge)
    intent.latest_charge = charge.id
    sandbox.store.save(charge)
    sandbox.store.save(intent)


def _decline(
    sandbox: Sandbox,
    intent: Intent,
    method: PaymentMethod,
    code: tuple[str, str | None],
    three_d_secure: Json | None,
    origin: Origin,
    *,
    blocked: bool = False,
) -> None:
    charge = _new_charge(sandbox, intent, method, three_d_secure)
    _mark_failed(charge, card_of(method.number), code, blocked=blocked)
    _add(sandbox, intent, charge)
    sandbox.events.emit_record("charge.failed", charge, origin)
    raise fail(sandbox, intent, _error("card_error", *code, method, charge.id), origin)


def _mark_failed(charge: Charge, card: Card, code: tuple[str, str | None], *, blocked: bool) -> None:
    charge.status = "failed"
    charge.failure_code = code[0]
    charge.failure_message = decline_message(*code)
    if blocked:
        text = "Stripe blocked this payment as too risky."
        charge.outcome = _outcome(card, "blocked", "not_sent_to_network", "highest_risk_level", text)
    else:
        text = "The bank did not return any further details with this decline."
        charge.outcome = _outcome(card, "issuer_declined", "declined_by_network", code[1] or code[0], text)


def _approved(card: Card) -> Json:
    return _outcome(card, "authorized", "approved_by_network", None, "Payment complete.")


def _outcome(card: Card, kind: str, network: str, reason: str | None, message: str) -> Json:
    scores = {"normal": 22, "elevated": 68, "highest": 92}
    declined = kind == "issuer_declined"
    return {
        "advice_code": "try_again_later" if declined else None,
        "network_advice_code": None,
        "network_decline_code": "05" if declined else None,
        "network_status": network,
        "reason": reason,
        "risk_level": card.risk,
        **({"risk_score": scores[card.risk]} if card.risk in scores else {}),
        "seller_message": message,
        "type": kind,
    }


def _error(kind: str, code: str, decline_code: str | None, method: PaymentMethod, charge_id: str | None = None) -> Json:
    """A ``last_payment_error`` of a card."""
    failed_authentication = code == "payment_intent_authentication_failure"
    message = AUTHENTICATION_FAILED if failed_authentication else decline_message(code, decline_code)
    advice = "try_again_later" if charge_id else None
    codes = {"decline_code": decline_code, "advice_code": advice, "param": PARAMS.get(code)}
    return error_of(kind, code, message, method, charge_id, **codes)


def error_of(
    kind: str, code: str, message: str, method: PaymentMethod, charge_id: str | None = None, **more: str | None
) -> Json:
    """A ``last_payment_error`` with only the fields that apply."""
    error: dict[str, Any] = {
        "charge": charge_id,
        "code": code,
        "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}",
        "message": message,
        "payment_method": rendering.payment_method(method),
        "type": kind,
        **more,
    }
    return {name: value for name, value in error.items() if value is not None}


def fail(sandbox: Sandbox, intent: Intent, error: Json, origin: Origin) -> StripeError:
    """Write a failed attempt on the intent. Returns the error that a confirmation raises."""
    intent.status = "requires_payment_method"
    intent.payment_method = None
    intent.next_action = None
    intent.last_payment_error = error
    sandbox.store.save(intent)
    sandbox.events.emit_record("payment_intent.payment_failed", intent, origin)
    return StripeError(
        402,
        error["message"],
        kind=error["type"],
        code=error["code"],
        param=error.get("param"),
        advice_code=error.get("advice_code"),
        decline_code=error.get("decline_code"),
        charge=error.get("charge"),
        payment_intent=rendering.payment_intent(intent),
        payment_method=error["payment_method"],
    )


def _follow_up(sandbox: Sandbox, charge: Charge, card: Card) -> None:
    """The fraud warning and the disputes that follow a payment with some test cards."""
    if card.fraud_warning:
        radar.warn(sandbox, charge)
    left = charge.amount
    for number, dispute in enumerate(card.disputes, start=1):
        share = left if number == len(card.disputes) else left // 2
        left -= share
        kind = "inquiry" if dispute.inquiry else "chargeback"
        disputes.open_dispute(sandbox, charge, NewDispute(reason=dispute.reason, kind=kind, amount=share))
