"""Unlikely requests, generated from the OpenAPI document: no internal error, no undocumented answer.

Schemathesis is driven by hand: its pytest plugin does not work with the pytest that we use.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.factory import create_app
from app.models.indexes import create_indexes
from tests.integration.api.caller import Caller, settings_for
from tests.integration.api.stripe_double import StripeDouble, stripe_double
from tests.support.profiles import examples

CHECKS = [status_code_conformance, content_type_conformance, response_headers_conformance, response_schema_conformance]
EXAMPLES = 60


@pytest.fixture(scope="module")
def stripe() -> Iterator[StripeDouble]:
    with stripe_double() as double:
        yield double


@pytest.fixture(scope="module")
def served(mongo_uri: str, stripe: StripeDouble) -> Caller:
    """The app in front of a Stripe that works."""
    app = create_app(settings_for(mongo_uri, stripe.url))
    create_indexes()
    return Caller(app)


@pytest.mark.parametrize("mode", GenerationMode)
def test_every_answer_is_documented(served: Caller, mode: GenerationMode, subtests: pytest.Subtests) -> None:
    document = schemathesis.openapi.from_wsgi("/api/openapi.json", served.app)
    token = {"Authorization": f"Bearer {served.token()}"}
    for found in document.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if mode == GenerationMode.NEGATIVE and not (list(operation.iter_parameters()) or operation.body):
            continue  # it takes nothing, so nothing can be wrong with it

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=examples(EXAMPLES),
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        )
        def answers_as_documented(case: Any) -> None:
            answer = case.call(headers=token)
            # 503 says that Stripe's stand-in or MongoDB is away; its shape is checked like that of the others.
            faults = [] if answer.status_code == 503 else [not_a_server_error]
            case.validate_response(answer, checks=[*CHECKS, *faults])

        with subtests.test(operation=operation.label):
            answers_as_documented()


def test_answers_about_a_real_payment_are_documented(served: Caller, stripe: StripeDouble) -> None:
    document = schemathesis.openapi.from_wsgi("/api/openapi.json", served.app)
    token = {"Authorization": f"Bearer {served.token()}"}

    def ask(method: str, path: str, **parts: Any) -> Any:
        case = document[f"/api/v1/payments{path}"][method].Case(**parts)
        answer = case.call(headers=token)
        case.validate_response(answer, checks=[*CHECKS, not_a_server_error])
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    json = {"media_type": "application/json"}
    order = {"order_id": "order-1", "customer_id": "customer-1", "amount": 99.99}
    opened = ask("POST", "/stripe/create-intent", body=order, **json)
    stripe.pay(opened["payment_intent_id"])
    body = {"payment_intent_id": opened["payment_intent_id"], "order_id": "order-1"}
    paid = ask("POST", "/stripe/confirm", body=body, **json)
    ids = {"path_parameters": {"payment_id": paid["id"]}}
    ask("POST", "/stripe/refund/{payment_id}", body={"amount": 5, "notes": "two\nlines"}, **json, **ids)
    assert ask("GET", "/{payment_id}", **ids)["refund_status"] == "partial"
    assert ask("GET", "", query={"status": ["completed"]})["data"]
