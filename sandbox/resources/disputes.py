"""/v1/disputes. Source: docs.stripe.com/api/disputes; facts §7."""

from __future__ import annotations

from functools import partial

from sandbox.behaviour import dispute_rendering
from sandbox.core.call import Call
from sandbox.core.lists import list_page
from sandbox.core.records import Json


def retrieve(call: Call) -> Json:
    dispute = call.store.disputes.require(call.object_id, param="dispute")
    return dispute_rendering.dispute(dispute, call.store)


def list_disputes(call: Call) -> Json:
    """GET /v1/disputes, all or of one charge or intent."""
    render = partial(dispute_rendering.dispute, store=call.store)
    return list_page(call, "/v1/disputes", call.store.disputes, render, "payment_intent", "charge")
