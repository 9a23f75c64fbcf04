"""The demo shop's server: what it refuses, what its tokens may do, and that production does not have it."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.e2e.frontend.conftest import Shop

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"product": "boat", "pieces": 1},
        {"product": ["chair"], "pieces": 1},
        {"product": "chair", "pieces": 0},
    ],
)
def test_invalid_cursor_positions_are_refused(shop: Shop, body: Any) -> None:
    assert shop.server.request("POST", "/demo/shop/orders", json=body).status_code == 422


def test_an_unknown_order_is_not_found(shop: Shop) -> None:
    assert shop.server.request("GET", "/demo/shop/orders/SO-1").status_code == 404


def test_the_token_is_bound_to_its_customer(shop: Shop) -> None:
    token = shop.server.request("POST", "/demo/shop/token").json()["token"]
    body = {"order_id": "order-1", "customer_id": "somebody-else", "amount": 5}
    answer = shop.server.request(
        "POST",
        "/api/v1/payments/stripe/create-intent",
        json=body,
        headers={"Authorization": f"Bearer {token}"},
    )
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def test_scripts_come_from_the_shop_and_the_sandbox_only(shop: Shop) -> None:
    policy = shop.server.request("GET", "/demo/shop/products").headers["Content-Security-Policy"]
    assert f"script-src 'self' {shop.settings.stripe_api_base};" in policy


def test_production_has_no_shop(client: FlaskClient) -> None:
    assert client.get("/demo/").status_code == 404
    assert client.post("/demo/shop/token").status_code == 404
