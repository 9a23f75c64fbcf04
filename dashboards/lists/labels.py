"""One word for each state: filters, badges, chips and pages take it from these tables, keyed by the enums."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from app.domain.payments.methods import Card, PaymentMethod, Waiting
from app.domain.payments.payment import Attempt, Payment
from app.domain.payments.states import (
    AttemptStatus,
    AuthenticationOutcome,
    DisputeStatus,
    FraudSignal,
    PaymentStatus,
    RefundState,
    RefundStatus,
    StripeReason,
)
from app.domain.permissions import Role
from app.models.reconciliation.reports import RunState
from app.models.webhooks.events import EventState, IgnoredReason
from app.services.audit import Action
from app.services.reconciliation.compare import DriftKind


class Label(NamedTuple):
    """A state as people read it. ``tone`` is its badge's: good, bad, wait or note; ``meaning`` is a sentence."""

    word: str
    tone: str = "note"
    meaning: str = ""


Table = Mapping[Any, Label]

PAYMENT: Mapping[PaymentStatus, Label] = {
    PaymentStatus.PENDING: Label("Pending", "wait", "The customer has not tried to pay yet. It can still be paid."),
    PaymentStatus.REQUIRES_ACTION: Label(
        "Requires action", "wait", "The customer has something to do before the payment can complete."
    ),
    PaymentStatus.PROCESSING: Label(
        "Processing", "wait", "The bank is processing the payment. This can take several days."
    ),
    PaymentStatus.AUTHORIZED: Label(
        "Authorized", "wait", "The bank holds the money for us; it has not been captured yet."
    ),
    PaymentStatus.COMPLETED: Label("Completed", "good", "The money was captured. The customer has nothing left to do."),
    PaymentStatus.FAILED: Label(
        "Failed", "bad", "The last attempt failed. The customer can try again, so it can still be paid."
    ),
    PaymentStatus.CANCELED: Label(
        "Canceled", "note", "Canceled for good. It can no longer be paid; a new payment is needed."
    ),
}
# A payment that requires action, by what it waits for.
WAITING: Mapping[Waiting, Label] = {
    Waiting.AUTHENTICATION: Label(
        "Awaiting 3-D Secure", "wait", "The bank has asked the customer to confirm the payment (3-D Secure)."
    ),
    Waiting.CUSTOMER: Label(
        "Waiting for the customer", "wait", "The customer was sent to the bank or wallet and has not come back yet."
    ),
    Waiting.VOUCHER: Label(
        "Waiting for the voucher to be paid", "wait", "The customer pays it at a shop or a bank. It takes days."
    ),
    Waiting.BANK_TRANSFER: Label(
        "Waiting for the customer's bank transfer", "wait", "The customer has our bank details. A transfer takes days."
    ),
    Waiting.VERIFICATION: Label(
        "Waiting for the account to be verified", "wait", "The customer must confirm small deposits to the account."
    ),
}
REFUNDED: Mapping[RefundStatus, Label] = {
    RefundStatus.NONE: Label("Not refunded"),
    RefundStatus.PENDING: Label("Refund pending", "wait"),
    RefundStatus.PARTIAL: Label("Partially refunded"),
    RefundStatus.FULL: Label("Fully refunded"),
}
REFUND: Mapping[RefundState, Label] = {
    RefundState.PENDING: Label("Pending", "wait", "The money is on its way to the customer."),
    RefundState.REQUIRES_ACTION: Label(
        "Action required", "wait", "Stripe cannot pay the money back until an action is taken."
    ),
    RefundState.SUCCEEDED: Label("Succeeded", "good", "The customer got the money back."),
    RefundState.FAILED: Label("Failed", "bad", "The money stayed here."),
    RefundState.CANCELED: Label("Canceled", "note", "The money stayed here."),
}
STRIPE_REASON: Mapping[StripeReason, Label] = {
    StripeReason.REQUESTED_BY_CUSTOMER: Label("Requested by the customer"),
    StripeReason.DUPLICATE: Label("Duplicate"),
    StripeReason.FRAUDULENT: Label(
        "Fraudulent", "bad", "Stripe then blocks this card and e-mail address for future payments."
    ),
}
ATTEMPT: Mapping[AttemptStatus, Label] = {
    AttemptStatus.OPEN: Label("Requires action", "wait", "The customer has something to do."),
    AttemptStatus.PROCESSING: Label("Processing", "wait", "The bank is processing the attempt."),
    AttemptStatus.AUTHORIZED: Label("Authorized", "wait", "The bank holds the money; it is not captured yet."),
    AttemptStatus.SUCCEEDED: Label("Succeeded", "good"),
    AttemptStatus.FAILED: Label("Failed", "bad"),
    AttemptStatus.ABANDONED: Label("Abandoned", "note", "The customer never finished it."),
}
AUTHENTICATION: Mapping[AuthenticationOutcome, Label] = {
    AuthenticationOutcome.AUTHENTICATED: Label(
        "Authenticated", "good", "The bank confirmed that it was the cardholder."
    ),
    AuthenticationOutcome.FAILED: Label("Failed", "bad", "The bank could not confirm the cardholder."),
    AuthenticationOutcome.ABANDONED: Label(
        "Abandoned", "note", "The customer was asked to confirm and never answered."
    ),
    AuthenticationOutcome.OPEN: Label(
        "Open", "wait", "The customer has been asked to confirm and has not answered yet."
    ),
    AuthenticationOutcome.EXEMPTED: Label("Exempted", "note", "The bank granted an exemption that was requested."),
    AuthenticationOutcome.ATTEMPTED: Label(
        "Attempted", "note", "The bank did not take part; liability often shifts to the bank all the same."
    ),
}
FLOW: Mapping[str, Label] = {
    "challenge": Label("Challenge", "note", "The customer had to act (a code, an app, a fingerprint)."),
    "frictionless": Label("Frictionless", "note", "The bank decided in the background; the customer saw nothing."),
}
DISPUTE: Mapping[DisputeStatus, Label] = {
    DisputeStatus.NEEDS_RESPONSE: Label("Needs response", "bad", "Without evidence before the deadline, it is lost."),
    DisputeStatus.UNDER_REVIEW: Label("Under review", "wait", "The evidence was submitted; the bank decides."),
    DisputeStatus.WON: Label("Won", "good", "The money stays here."),
    DisputeStatus.LOST: Label("Lost", "bad", "The customer got the money back."),
    DisputeStatus.PREVENTED: Label("Prevented", "good", "Settled before it became a chargeback."),
    DisputeStatus.WARNING_NEEDS_RESPONSE: Label(
        "Inquiry: needs response", "wait", "A response may prevent a chargeback."
    ),
    DisputeStatus.WARNING_UNDER_REVIEW: Label("Inquiry: under review", "wait", "The response was submitted."),
    DisputeStatus.WARNING_CLOSED: Label("Inquiry: closed"),
    DisputeStatus.APPEAL_NEEDS_RESPONSE: Label(
        "Appeal: needs response", "bad", "The bank asks for evidence once more."
    ),
    DisputeStatus.APPEAL_UNDER_REVIEW: Label(
        "Appeal: under review", "wait", "The evidence was submitted; the bank decides."
    ),
}
SIGNAL: Mapping[FraudSignal, Label] = {
    FraudSignal.WARNING_OPEN: Label("Fraud warning: refund advised", "bad"),
    FraudSignal.WARNING: Label("Fraud warning", "note"),
    FraudSignal.REVIEW_OPEN: Label("Review open", "wait"),
    FraudSignal.HIGHEST_RISK: Label("Highest risk", "bad"),
    FraudSignal.ELEVATED_RISK: Label("Elevated risk", "wait"),
}
# ``outcome.risk_level`` of a charge.
RISK: Mapping[str, Label] = {
    "normal": Label("Normal", "good"),
    "elevated": Label("Elevated", "wait"),
    "highest": Label("Highest", "bad"),
    "not_assessed": Label("Not assessed"),
    "unknown": Label("Unknown"),
}
FRAUD_WARNING: Mapping[str, Label] = {
    "actionable": Label(
        "Refund advised",
        "bad",
        "The cardholder reported fraud to the bank. Most of these payments are disputed unless they are refunded.",
    ),
    "not actionable": Label("Settled", "note", "The payment was refunded or disputed, so nothing is left to do."),
}
REVIEW: Mapping[str, Label] = {
    "open": Label("Open", "wait", "Someone must decide in Radar. The money was taken nevertheless."),
    "closed": Label("Closed", "note"),
}
EVENT: Mapping[EventState, Label] = {
    EventState.RECEIVED: Label("Pending", "wait"),
    EventState.APPLIED: Label("Applied", "good"),
    EventState.IGNORED: Label("Ignored"),
    EventState.FAILED: Label("Failed", "bad"),
}
IGNORED: Mapping[IgnoredReason, str] = {
    IgnoredReason.WRONG_MODE: "Of the other mode (live or test) than our key",
    IgnoredReason.OTHER_ACCOUNT: "Of a connected account",
    IgnoredReason.FOREIGN: "Of another application's payment",
    IgnoredReason.NO_PAYMENT: "Names no payment of ours",
    IgnoredReason.NO_PERMISSION: "Our key may not read whose it is",
}
RUN: Mapping[RunState, Label] = {
    RunState.RUNNING: Label("Running", "wait"),
    RunState.FINISHED: Label("Finished", "good"),
    RunState.FAILED: Label("Interrupted", "bad"),
}
DRIFT: Mapping[DriftKind, Label] = {
    DriftKind.MISSING_HERE: Label(
        "Missing in Paydesk", "bad", "Stripe has this payment and Paydesk does not. A repair adds it."
    ),
    DriftKind.DIFFERENT: Label("Different", "bad", "Stripe and Paydesk disagree. A repair applies Stripe's values."),
    DriftKind.MISSING_THERE: Label(
        "Missing at Stripe",
        "bad",
        "Paydesk has this payment and Stripe does not. Investigate it; no repair can fix it.",
    ),
    DriftKind.DIFFERS_FROM_ORDER: Label(
        "Differs from the order",
        "bad",
        "Paydesk and Stripe agree, but the order asked something else. Shown here as asked and taken.",
    ),
}
DIFFERS = Label("Differs from the order", "bad", "Stripe took something else than the order asked.")
ROLE: Mapping[Role, Label] = {
    Role.VIEWER: Label("Viewer", meaning="sees figures and payments"),
    Role.FINANCE: Label("Finance", meaning="also refunds and exports"),
    Role.ADMIN: Label("Admin", meaning="also manages users, webhooks, reconciliation and the audit log"),
}
ACTIVE, LOCKED, DISABLED = Label("Active", "good"), Label("Locked", "wait"), Label("Disabled")
ACTION: Mapping[Action, Label] = {
    Action.SIGNED_IN: Label("Signed in"),
    Action.SIGN_IN_FAILED: Label("Sign-in failed"),
    Action.ACCOUNT_LOCKED: Label("Account locked"),
    Action.SIGNED_OUT: Label("Signed out"),
    Action.USER_CREATED: Label("User added"),
    Action.USER_DISABLED: Label("User disabled"),
    Action.USER_ENABLED: Label("User enabled"),
    Action.ROLE_CHANGED: Label("Role changed"),
    Action.PASSWORD_CHANGED: Label("Password changed"),
    Action.EVENTS_REPLAYED: Label("Webhooks replayed"),
    Action.CAPTURE_REQUESTED: Label("Capture requested"),
    Action.CAPTURE_ANSWERED: Label("Capture answered by Stripe"),
    Action.CANCEL_REQUESTED: Label("Cancellation requested"),
    Action.CANCEL_ANSWERED: Label("Cancellation answered by Stripe"),
    Action.REFUND_REQUESTED: Label("Refund requested"),
    Action.REFUND_ANSWERED: Label("Refund answered by Stripe"),
    Action.REFUND_SETTLED: Label("Refunded outside Stripe"),
    Action.EXPORT_STARTED: Label("Export started"),
    Action.EXPORTED: Label("Export finished"),
    Action.PAYMENT_REPAIRED: Label("Payment repaired"),
}
# Where a change of a payment came from; the history stores these names.
SOURCE: Mapping[str, Label] = {
    "webhook": Label("Webhook from Stripe"),
    "confirm": Label("Payment confirmed by the shop"),
    "refund": Label("Refund requested"),
    "capture": Label("Captured on request"),
    "cancel": Label("Canceled on request"),
    "create-intent": Label("Payment opened by the shop"),
    "settle": Label("Refunded outside Stripe"),
    "reconcile": Label("Reconciled with Stripe"),
    "worker": Label("Checked with Stripe by the worker"),
    "upgrade": Label("Read again after an upgrade"),
}
# The second entry of one request is Stripe's answer to the first.
ANSWER: Mapping[str, Label] = {
    "create-intent": Label("Stripe created the payment intent"),
    "refund": Label("Stripe answered the refund request"),
}
# Codes that would not read well with spaces alone.
_CODES = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "diners": "Diners Club",
    "eftpos_au": "eftpos Australia",
    "jcb": "JCB",
    "unionpay": "UnionPay",
    "apple_pay": "Apple Pay",
    "google_pay": "Google Pay",
    "samsung_pay": "Samsung Pay",
    "sepa_debit": "SEPA debit",
    "us_bank_account": "US bank account (ACH)",
    "acss_debit": "Canadian bank debit",
    "au_becs_debit": "BECS debit",
    "bacs_debit": "Bacs debit",
    "ideal": "iDEAL",
    "eps": "EPS",
    "fpx": "FPX",
    "p24": "Przelewy24",
    "blik": "BLIK",
    "oxxo": "OXXO",
    "wechat_pay": "WeChat Pay",
    "cashapp": "Cash App Pay",
    "customer_balance": "Bank transfer",
    "paypal": "PayPal",
    "payment_method_provider_decline": "Refused by the bank or provider",
    "payment_intent_payment_attempt_expired": "Expired unpaid",
    "approve_with_id": "Not approved as sent",
    "authentication_required": "3-D Secure required",
    "authentication_not_handled": "3-D Secure required but not completed",
    "payment_intent_authentication_failure": "3-D Secure failed",
    "do_not_honor": "Declined by the bank",
    "generic_decline": "Declined without a reason",
    "incorrect_cvc": "Incorrect security code (CVC)",
    "invalid_cvc": "Invalid security code (CVC)",
    "incorrect_pin": "Incorrect PIN",
    "invalid_pin": "Invalid PIN",
    "offline_pin_required": "PIN required",
    "online_or_offline_pin_required": "PIN required",
    "pin_try_exceeded": "Too many incorrect PINs",
    "incorrect_zip": "Incorrect postal code",
    "never_reached_stripe": "Never reached Stripe",
}


def label_of(table: Table, state: Any) -> Label:
    """The label of a state; a state that Stripe adds later is shown by its name."""
    return table.get(state) or Label(humanize(state), "wait")


def options(table: Table) -> list[tuple[str, str]]:
    """The choices of a filter: each state and its word."""
    return [(str(state), entry.word) for state, entry in table.items()]


def source(name: Any, *, is_answer: bool = False) -> str:
    """What caused an entry of a payment's history."""
    return label_of({**SOURCE, **ANSWER} if is_answer else SOURCE, name).word


def humanize(code: Any) -> str:
    """A code of Stripe's as words: ``insufficient_funds`` is "Insufficient funds", and ``jcb`` is "JCB"."""
    return _CODES.get(str(code)) or str(code).replace("_", " ").capitalize()


def payment_state(payment: Payment) -> Label:
    """The label of a payment's status, which says what it waits for."""
    waiting = payment.waiting_for
    return label_of(WAITING, waiting) if waiting else label_of(PAYMENT, payment.status)


def attempt_state(attempt: Attempt) -> Label:
    """The label of an attempt's status, which says what it waits for."""
    waiting = attempt.waiting_for
    return label_of(WAITING, waiting) if waiting else label_of(ATTEMPT, attempt.status)


def card(details: Card | None) -> str:
    """A card as it is printed on receipts: "Visa •••• 4242"."""
    if not details or not details.last4:
        return "No card"
    return f"{humanize(details.brand or 'Card')} •••• {details.last4}"


def payment_method(method: PaymentMethod | None) -> str:
    """A payment method in short: "Visa •••• 4242 (Apple Pay)", "SEPA debit •••• 3000", "iDEAL"."""
    if method is None:
        return "No payment method"
    wallet = f" ({humanize(method.wallet)})" if method.wallet else ""
    name = humanize(method.brand or method.type) if method.type == "card" else humanize(method.type)
    return f"{name} •••• {method.last4}{wallet}" if method.last4 else f"{name}{wallet}"
