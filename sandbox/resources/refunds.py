"""/v1/refunds. Sources: docs.stripe.com/api/refunds; facts §6."""

from __future__ import annotations

from sandbox.behaviour import disputes, rendering
from sandbox.behaviour.cards import card_of
from sandbox.behaviour.method_types import TYPES
from sandbox.behaviour.refunds import give_back, refund_charge, settle_by_card
from sandbox.core import metadata, money
from sandbox.core.call import Call
from sandbox.core.errors import StripeError, invalid
from sandbox.core.lists import list_page
from sandbox.core.records import Charge, Json, PaymentMethod


def create(call: Call) -> Json:
    """POST /v1/refunds by ``payment_intent`` or ``charge``; without ``amount``, the whole rest."""
    params = call.params
    charge = _charge_to_refund(call)
    left = charge.amount - charge.amount_refunded
    if charge.status != "succeeded" or not charge.captured:
        raise StripeError(
            400, f"Charge {charge.id} cannot be refunded: it was not captured.", code="charge_not_refundable"
        )
    if disputes.blocks_refunds(call.store, charge):
        raise StripeError(
            400, f"Charge {charge.id} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if left <= 0:
        raise StripeError(400, f"Charge {charge.id} has already been refunded.", code="charge_already_refunded")
    amount = money.check_positive(params.get("amount", left), "amount")
    if amount > left:
        raise StripeError(
            400,
            f"Refund amount ({money.formatted(amount, charge.currency)}) is greater than unrefunded amount on charge "
            f"({money.formatted(left, charge.currency)})",
            param="amount",
        )
    money.check_granularity(amount, charge.currency)
    method = call.store.payment_methods.by_id[charge.payment_method]
    outcome = card_of(method.number).refund
    refund = refund_charge(
        call.sandbox,
        charge,
        amount,
        call.origin,
        status=_first_status(method, outcome),
        reason=params.get("reason"),
        later={"pending": "succeeded", "fails": "failed"}.get(outcome or ""),
        metadata=metadata.merged({}, params.get("metadata", {})),
    )
    if refund.reason == "fraudulent":
        charge.fraud_report = "fraudulent"
        call.store.save(charge)
    after = call.sandbox.settings.settle_refunds_after_ms
    if refund.later and after is not None:
        call.sandbox.later(after / 1000, lambda: settle_by_card(call.sandbox, refund))
    return rendering.refund(refund)


def _first_status(method: PaymentMethod, outcome: str | None) -> str:
    """Where the customer has to name a bank account first, a refund begins with requires_action (facts §17)."""
    kind = TYPES.get(method.type)
    if kind is not None and kind.waits:
        return "requires_action"
    return "pending" if outcome == "pending" else "succeeded"


def retrieve(call: Call) -> Json:
    return rendering.refund(call.store.refunds.require(call.object_id, param="refund"))


def update(call: Call) -> Json:
    """POST /v1/refunds/{id}: metadata only."""
    refund = call.store.refunds.require(call.object_id, param="refund")
    if "metadata" in call.params:
        before = rendering.refund(refund)["metadata"]
        refund.metadata = metadata.merged(refund.metadata, call.params["metadata"])
        call.store.save(refund)
        previous = {"metadata": before}
        call.sandbox.events.emit_record("refund.updated", refund, call.origin, previous)
        call.sandbox.events.emit_record("charge.refund.updated", refund, call.origin, previous)
    return rendering.refund(refund)


def cancel(call: Call) -> Json:
    """POST /v1/refunds/{id}/cancel: only from requires_action, which refunds of cards never have."""
    refund = call.store.refunds.require(call.object_id, param="refund")
    if refund.status == "requires_action":
        give_back(call.sandbox, refund, "canceled", call.origin)
        return rendering.refund(refund)
    raise StripeError(
        400,
        f"Refund {refund.id} cannot be canceled because it has a status of {refund.status}. Only a refund with the "
        "status requires_action can be canceled.",
    )


def list_refunds(call: Call) -> Json:
    """GET /v1/refunds, all or of one charge or intent."""
    store, params = call.store, call.params
    for name, collection in (("payment_intent", store.intents), ("charge", store.charges)):
        if name in params:
            collection.require(params[name], param=name)
    return list_page(call, "/v1/refunds", store.refunds, rendering.refund, "payment_intent", "charge")


def _charge_to_refund(call: Call) -> Charge:
    store, params = call.store, call.params
    if "charge" in params:
        return store.charges.require(params["charge"], param="charge")
    if "payment_intent" not in params:
        raise invalid("One of the following params should be provided for this request: payment_intent or charge.")
    intent = store.intents.require(params["payment_intent"], param="payment_intent")
    charge = store.charges.get(intent.latest_charge)
    if charge is None or charge.status != "succeeded":
        raise StripeError(
            400,
            f"This PaymentIntent ({intent.id}) does not have a successful charge to refund.",
            param="payment_intent",
        )
    return charge
