"""/v1/radar/early_fraud_warnings. Source: docs.stripe.com/api/radar/early_fraud_warnings; facts §15."""

from __future__ import annotations

from sandbox.behaviour import radar_rendering
from sandbox.core.call import Call
from sandbox.core.lists import list_page
from sandbox.core.records import Json

_URL = "/v1/radar/early_fraud_warnings"


def retrieve(call: Call) -> Json:
    warning = call.store.fraud_warnings.require(call.object_id, param="early_fraud_warning")
    return radar_rendering.early_fraud_warning(warning)


def list_warnings(call: Call) -> Json:
    """GET /v1/radar/early_fraud_warnings, all or of one charge or intent."""
    render = radar_rendering.early_fraud_warning
    return list_page(call, _URL, call.store.fraud_warnings, render, "payment_intent", "charge")
