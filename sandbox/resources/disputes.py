"""/v1/disputes. Source: docs.stripe.com/api/disputes; facts §7, §14."""

from __future__ import annotations

from functools import partial

from sandbox.behaviour import dispute_rendering, disputes, files
from sandbox.core import metadata
from sandbox.core.call import Call
from sandbox.core.errors import StripeError, invalid
from sandbox.core.lists import list_page
from sandbox.core.records import Json

# docs.stripe.com/api/disputes/update: all text of the evidence together.
_MAX_EVIDENCE = 150_000


def retrieve(call: Call) -> Json:
    dispute = call.store.disputes.require(call.object_id, param="dispute")
    return dispute_rendering.dispute(dispute, call.store)


def list_disputes(call: Call) -> Json:
    """GET /v1/disputes, all or of one charge or intent."""
    render = partial(dispute_rendering.dispute, store=call.store)
    return list_page(call, "/v1/disputes", call.store.disputes, render, "payment_intent", "charge")


def update(call: Call) -> Json:
    """POST /v1/disputes/{id}: evidence, which goes to the bank at once unless ``submit`` is false."""
    store, params = call.store, call.params
    dispute = store.disputes.require(call.object_id, param="dispute")
    before = dispute_rendering.dispute(dispute, store)
    if "evidence" in params:
        if dispute.status not in disputes.OPEN:
            raise StripeError(400, f"This dispute is {dispute.status}; its evidence cannot be changed.")
        files.check_evidence(store, params["evidence"])
        evidence = {**dispute.evidence, **params["evidence"]}
        evidence = {name: text for name, text in evidence.items() if text is not None}
        if sum(map(len, evidence.values())) > _MAX_EVIDENCE:
            raise invalid(f"Evidence can have at most {_MAX_EVIDENCE} characters.", param="evidence")
        dispute.evidence = evidence
    if "metadata" in params:
        dispute.metadata = metadata.merged(dispute.metadata, params["metadata"])
    if dispute.evidence and dispute.status in disputes.OPEN and params.get("submit", True):
        disputes.submit(call.sandbox, dispute)
    store.save(dispute)
    after = dispute_rendering.dispute(dispute, store)
    previous = {name: value for name, value in before.items() if after[name] != value}
    if previous:
        call.sandbox.events.emit_record("charge.dispute.updated", dispute, call.origin, previous)
    disputes.decide(call.sandbox, dispute)
    return dispute_rendering.dispute(dispute, store)


def close(call: Call) -> Json:
    """POST /v1/disputes/{id}/close: gives up, so that the dispute is lost for good."""
    dispute = call.store.disputes.require(call.object_id, param="dispute")
    if dispute.status != "needs_response":
        raise StripeError(400, f"This dispute is {dispute.status}; only one that needs a response can be closed.")
    disputes.close_dispute(call.sandbox, dispute, "lost")
    return dispute_rendering.dispute(dispute, call.store)
