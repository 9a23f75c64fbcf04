"""The API in front of a real MongoDB and a Stripe that does as the test says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.api.caller import Caller, new_order, settings_for
from tests.integration.api.stripe_double import StripeDouble, stripe_double
from tests.support.applications import Applications


@pytest.fixture(scope="session")
def stripe_server() -> Iterator[StripeDouble]:
    with stripe_double() as double:
        yield double


@pytest.fixture
def stripe(stripe_server: StripeDouble) -> Iterator[StripeDouble]:
    yield stripe_server
    stripe_server.forget()


@pytest.fixture
def erp(indexed_uri: str, stripe: StripeDouble, applications: Applications) -> Caller:
    """The ERP, which may do everything."""
    return Caller(applications.on(settings_for(indexed_uri, stripe.url)))


@pytest.fixture
def paid(erp: Caller, stripe: StripeDouble) -> dict[str, Any]:
    """A completed payment of 99.99 USD."""
    order = new_order()
    intent_id = erp.create(order_id=order).json["payment_intent_id"]
    stripe.pay(intent_id)
    answer = erp.confirm(intent_id, order)
    assert answer.status_code == 200, answer.json
    found: dict[str, Any] = answer.json
    return found
