"""/v1/refunds. Sources: docs.stripe.com/api/refunds; facts §6.

A charge's ``amount_refunded`` counts pending refunds and goes back down when one fails.
"""

from __future__ import annotations

from sandbox.api.params import merged_metadata
from sandbox.behaviour import rendering
from sandbox.behaviour.cards import BY_NUMBER
from sandbox.core import money
from sandbox.core.errors import StripeError, invalid, missing
from sandbox.core.lists import page
from sandbox.core.records import BalanceTransaction, Charge, Json, Refund
from sandbox.core.sandbox import Call, Origin, Sandbox
from sandbox.core.store import Store
from sandbox.resources import disputes
from sandbox.webhooks import rendering as envelopes


def create(call: Call) -> Json:
    """POST /v1/refunds by ``payment_intent`` or ``charge``; without ``amount`` all that is left."""
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
        raise StripeError(
            400, f"Charge {charge.id} has already been refunded.", code="charge_already_refunded"
        )
    amount = money.check_positive(params.get("amount", left), "amount")
    if amount > left:
        raise StripeError(
            400,
            f"Refund amount ({money.shown(amount, charge.currency)}) is greater than unrefunded amount on charge "
            f"({money.shown(left, charge.currency)})",
            param="amount",
        )
    money.check_granularity(amount, charge.currency)
    behaviour = BY_NUMBER[call.store.payment_methods.by_id[charge.payment_method].number].refund
    refund = _add(
        call.sandbox,
        Refund(
            id=call.store.new_id("re"),
            created=call.store.now(),
            seq=call.store.next_seq(),
            amount=amount,
            currency=charge.currency,
            charge=charge.id,
            payment_intent=charge.payment_intent,
            status="pending" if behaviour == "pending" else "succeeded",
            reason=params.get("reason"),
            later={"pending": "succeeded", "fails": "failed"}.get(behaviour or ""),
            metadata=merged_metadata({}, params.get("metadata", {})),
        ),
        charge,
        call.origin,
    )
    if refund.reason == "fraudulent":
        charge.fraud_report = "fraudulent"
        call.store.save(charge)
    after = call.sandbox.settings.settle_refunds_after_ms
    if refund.later and after is not None:
        call.sandbox.later(after / 1000, lambda: settle_as_destined(call.sandbox, refund))
    return rendering.refund(refund)


def release(sandbox: Sandbox, charge: Charge, amount: int, origin: Origin) -> None:
    """Let go of a hold, or of the part that was not captured: a Refund object before 2025-03-31.basil (facts §4)."""
    if not sandbox.settings.releases_make_refunds:
        return
    store = sandbox.store
    refund = Refund(
        id=store.new_id("re"),
        created=store.now(),
        seq=store.next_seq(),
        amount=amount,
        currency=charge.currency,
        charge=charge.id,
        payment_intent=charge.payment_intent,
        release=True,
    )
    _add(sandbox, refund, charge, origin)


def settle(sandbox: Sandbox, refund: Refund, status: str, failure_reason: str = "unknown") -> None:
    """A refund's later outcome: pending to succeeded, or pending or succeeded to failed."""
    store = sandbox.store
    previous = {"status": refund.status}
    refund.status = status
    refund.later = None
    if status == "failed":
        refund.failure_reason = failure_reason
        refund.failure_balance_transaction = _move(store, refund, refund.amount, "refund_failure")
        charge = store.charges.by_id[refund.charge]
        charge.amount_refunded -= refund.amount
        store.save(charge)
    store.save(refund)
    sandbox.events.about("refund.updated", refund, previous=previous)
    sandbox.events.about("charge.refund.updated", refund, previous=previous)
    if status == "failed":
        sandbox.events.about("refund.failed", refund)


def settle_as_destined(sandbox: Sandbox, refund: Refund) -> None:
    """Let a refund end as its card decides, unless it already has."""
    if refund.later:
        settle(sandbox, refund, refund.later)


def find(store: Store, refund_id: str) -> Refund:
    """The refund of an id in the path. Raises 404 resource_missing."""
    refund = store.refunds.get(refund_id)
    if refund is None:
        raise missing("refund", refund_id, param="refund")
    return refund


def retrieve(call: Call) -> Json:
    """GET /v1/refunds/{id}."""
    return rendering.refund(find(call.store, call.object_id))


def update(call: Call) -> Json:
    """POST /v1/refunds/{id}: metadata only."""
    refund = find(call.store, call.object_id)
    if "metadata" in call.params:
        before = rendering.refund(refund)["metadata"]
        refund.metadata = merged_metadata(refund.metadata, call.params["metadata"])
        call.store.save(refund)
        previous = {"metadata": before}
        call.sandbox.events.about("refund.updated", refund, call.origin, previous)
        call.sandbox.events.about("charge.refund.updated", refund, call.origin, previous)
    return rendering.refund(refund)


def cancel(call: Call) -> Json:
    """POST /v1/refunds/{id}/cancel: always refused, since only refunds in requires_action (not cards) can be."""
    refund = find(call.store, call.object_id)
    raise StripeError(
        400,
        f"Refund {refund.id} cannot be canceled because it has a status of {refund.status}. Only a refund with the "
        "status requires_action can be canceled.",
    )


def list_refunds(call: Call) -> Json:
    """GET /v1/refunds, all or of one charge or intent."""
    store, params = call.store, call.params
    order = store.refunds.all
    for name, collection in (("payment_intent", store.intents), ("charge", store.charges)):
        if name in params:
            if collection.get(params[name]) is None:
                raise missing(collection.noun, params[name], param=name)
            order = store.refunds.where(name, params[name])
    found = page(store.refunds, [order], params)
    data = [rendering.refund(refund) for refund in found.records]
    return envelopes.listed("/v1/refunds", data, found.has_more)


def _charge_to_refund(call: Call) -> Charge:
    store, params = call.store, call.params
    if "charge" in params:
        charge = store.charges.get(params["charge"])
        if charge is None:
            raise missing("charge", params["charge"], param="charge")
        return charge
    if "payment_intent" not in params:
        raise invalid(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    intent = store.intents.get(params["payment_intent"])
    if intent is None:
        raise missing("payment_intent", params["payment_intent"], param="payment_intent")
    charge = store.charges.get(intent.latest_charge)
    if charge is None or charge.status != "succeeded":
        raise StripeError(
            400,
            f"This PaymentIntent ({intent.id}) does not have a successful charge to refund.",
            param="payment_intent",
        )
    return charge


def _add(sandbox: Sandbox, refund: Refund, charge: Charge, origin: Origin) -> Refund:
    store = sandbox.store
    previous: Json = {"amount_refunded": charge.amount_refunded}
    was_refunded = charge.refunded
    charge.amount_refunded += refund.amount
    if charge.refunded != was_refunded:
        previous["refunded"] = was_refunded
    if charge.captured:
        refund.balance_transaction = _move(store, refund, -refund.amount, "refund")
    store.refunds.add(refund)
    store.save(refund)
    store.save(charge)
    sandbox.events.about("refund.created", refund, origin)
    sandbox.events.about("charge.refunded", charge, origin, previous)
    return refund


def _move(store: Store, refund: Refund, amount: int, kind: str) -> str:
    transaction = BalanceTransaction(
        id=store.new_id("txn"),
        created=store.now(),
        seq=store.next_seq(),
        amount=amount,
        currency=refund.currency,
        type=kind,
        reporting_category=kind,
        source=refund.id,
    )
    store.balance_transactions.add(transaction)
    store.save(transaction)
    return transaction.id
