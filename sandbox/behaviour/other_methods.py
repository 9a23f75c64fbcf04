"""Attempts with payment methods other than cards: redirects, bank debits, vouchers and bank transfers.

Sources: docs.stripe.com/payments/payment-methods, /payments/vouchers, /payments/bank-transfers; facts §17.
"""

from __future__ import annotations

from sandbox.behaviour import attempts, method_types
from sandbox.behaviour.attempts import ConfirmOptions
from sandbox.behaviour.method_types import TYPES, MethodType
from sandbox.core.errors import StripeError
from sandbox.core.origin import AUTOMATIC, Origin
from sandbox.core.records import Intent, PaymentMethod
from sandbox.core.sandbox import Sandbox

_EXPIRED = ("invalid_request_error", "payment_intent_payment_attempt_expired", "The payment attempt has expired.")
_REFUSED = ("invalid_request_error", "payment_intent_authentication_failure", attempts.AUTHENTICATION_FAILED)
_UNVERIFIED = ("invalid_request_error", "payment_method_microdeposit_failed", "Microdeposit transfers failed.")
_DECLINED = "The payment was refused by the customer's bank or payment provider."


def begin(
    sandbox: Sandbox,
    intent: Intent,
    method: PaymentMethod,
    options: ConfirmOptions,
    origin: Origin,
    *,
    microdeposits: bool = False,
) -> None:
    """Start the payment; ``microdeposits`` has the bank account verified before it is debited."""
    kind = TYPES[method.type]
    intent.payment_method = method.id
    intent.last_payment_error = None
    intent.next_action = None
    if kind.flow == "immediate":
        attempts.pay(sandbox, intent, method, origin)
    elif kind.flow == "delayed" and not microdeposits:
        attempts.begin_processing(sandbox, intent, method, origin)
    else:
        _ask(sandbox, intent, kind, options)
        sandbox.events.emit_record("payment_intent.requires_action", intent, origin)


def finish(sandbox: Sandbox, intent: Intent, outcome: str) -> None:
    """The customer, the bank or time: ``succeeded``, ``failed``, ``expired``, or ``processing`` (paid, not settled).

    A failure is written on the intent and raises nothing. Raises a 409 where this method cannot come to the outcome.
    """
    store = sandbox.store
    if intent.status == "processing":
        attempts.finish_processing(sandbox, intent, succeeded=outcome == "succeeded", refusal=_failure(sandbox, intent))
        return
    method = store.payment_methods.by_id[intent.payment_method or ""]
    kind = TYPES.get(method.type)
    if kind is None:
        raise StripeError(409, "the payment intent waits for 3-D Secure of a card: use three_d_secure")
    if outcome == "expired" or (outcome == "failed" and kind.flow in ("voucher", "transfer")):
        attempts.fail(sandbox, intent, attempts.error_of(*_EXPIRED, method), AUTOMATIC)
    elif outcome == "failed":
        refused = _UNVERIFIED if kind.flow == "delayed" else _REFUSED
        attempts.fail(sandbox, intent, attempts.error_of(*refused, method), AUTOMATIC)
    elif outcome == "processing" or kind.flow == "delayed":
        attempts.begin_processing(sandbox, intent, method, AUTOMATIC)
    else:
        intent.next_action = None
        attempts.pay(sandbox, intent, method, AUTOMATIC)


def _failure(sandbox: Sandbox, intent: Intent) -> tuple[str, str] | None:
    """Code and message of a charge that failed; None for cards, which have their own."""
    charge = sandbox.store.charges.by_id[intent.latest_charge or ""]
    kind = TYPES.get(sandbox.store.payment_methods.by_id[charge.payment_method].type)
    return (kind.failure, _DECLINED) if kind else None


def _ask(sandbox: Sandbox, intent: Intent, kind: MethodType, options: ConfirmOptions) -> None:
    intent.status = "requires_action"
    intent.next_action = method_types.next_action(
        kind, options.challenge_url, options.return_url, intent.amount, intent.currency, sandbox.store.now()
    )
    sandbox.store.save(intent)
