"""/v1/payouts. Sources: docs.stripe.com/api/payouts; facts §13."""

from __future__ import annotations

from sandbox.behaviour import balance, payouts
from sandbox.core import metadata, money
from sandbox.core.call import Call
from sandbox.core.errors import StripeError, invalid, missing
from sandbox.core.lists import in_range, page, rendered
from sandbox.core.records import Json, Payout

# docs.stripe.com/currencies, "special cases": two decimals in payments, none in payouts.
_WHOLE_IN_PAYOUTS = frozenset({"huf", "twd"})


def create(call: Call) -> Json:
    """POST /v1/payouts: a manual payout, of money that is available."""
    params = call.params
    currency = money.check_currency(params["currency"])
    amount = money.check_positive(params["amount"], "amount")
    money.check_granularity(amount, currency)
    if currency in _WHOLE_IN_PAYOUTS and amount % 100:
        raise invalid(f"Payouts in {currency.upper()} must be multiples of 100.", param="amount")
    if params.get("destination", payouts.BANK_ACCOUNT) != payouts.BANK_ACCOUNT:
        raise missing("external account", params["destination"], param="destination", status=400)
    if params.get("method") == "instant":
        raise StripeError(
            400, "This bank account is not eligible for instant payouts.", code="instant_payouts_unsupported"
        )
    available = balance.totals(call.store)[0].get(currency, 0) if params.get("source_type", "card") == "card" else 0
    if amount > available:
        raise StripeError(
            400,
            "You have insufficient funds in your Stripe account for this transfer. Your available balance is "
            f"{money.formatted(available, currency)}.",
            code="balance_insufficient",
        )
    payout = payouts.pay_out(
        call.sandbox,
        amount,
        currency,
        call.origin,
        description=params.get("description"),
        statement_descriptor=params.get("statement_descriptor"),
        metadata=metadata.merged({}, params.get("metadata", {})),
    )
    return payouts.payout(payout)


def retrieve(call: Call) -> Json:
    return payouts.payout(_find(call))


def update(call: Call) -> Json:
    """POST /v1/payouts/{id}: metadata only."""
    payout = _find(call)
    if "metadata" in call.params:
        previous = {"metadata": dict(payout.metadata)}
        payout.metadata = metadata.merged(payout.metadata, call.params["metadata"])
        call.store.save(payout)
        call.sandbox.events.emit_record("payout.updated", payout, call.origin, previous)
    return payouts.payout(payout)


def cancel(call: Call) -> Json:
    """POST /v1/payouts/{id}/cancel: only a pending one that is not automatic."""
    payout = _find(call)
    if payout.automatic:
        raise StripeError(400, f"Payout {payout.id} is automatic and cannot be canceled.")
    if payout.status != "pending":
        raise StripeError(400, f"Payout {payout.id} is {payout.status}; only a pending payout can be canceled.")
    payouts.cancel(call.sandbox, payout, call.origin)
    return payouts.payout(payout)


def reverse(call: Call) -> Json:
    """POST /v1/payouts/{id}/reverse: always refused, since only payouts of connected accounts can be reversed."""
    payout = _find(call)
    raise StripeError(400, f"Payout {payout.id} cannot be reversed: it does not belong to a connected account.")


def list_payouts(call: Call) -> Json:
    """GET /v1/payouts that match every filter."""
    params, store = call.params, call.store

    def keep(payout: Payout) -> bool:
        return (
            params.get("status") in (None, payout.status)
            and params.get("destination") in (None, payouts.BANK_ACCOUNT)
            and in_range(payout.arrival_date, params.get("arrival_date", {}))
        )

    return rendered("/v1/payouts", page(store.payouts, [store.payouts.all], params, keep), payouts.payout)


def _find(call: Call) -> Payout:
    return call.store.payouts.require(call.object_id, param="payout")
