"""Every route says where it is registered who may use it, and no route comes or goes unnoticed."""

from __future__ import annotations

import pytest
from flask import Flask

from app.domain.permissions import Scope
from app.factory import create_app
from config import Settings

# Method, path, guard. A change here is a change of the contract (DESIGN section 2), so it is made on purpose.
API_ROUTES = """
GET  /api/docs                                   public
GET  /api/docs/<name>                            public
GET  /api/openapi.json                           public
GET  /api/v1/payments                            bearer payments:read
GET  /api/v1/payments/<payment_id>               bearer payments:read
GET  /api/v1/payments/metrics                    bearer metrics:read
POST /api/v1/payments/stripe/cancel/<payment_id> bearer payments:write
POST /api/v1/payments/stripe/capture/<payment_id> bearer payments:write
POST /api/v1/payments/stripe/confirm             bearer payments:write
GET  /api/v1/payments/stripe/config              public
POST /api/v1/payments/stripe/create-intent       bearer payments:write
POST /api/v1/payments/stripe/refund/<payment_id> bearer payments:refund
POST /api/v1/payments/stripe/webhook             public
GET  /metrics                                    METRICS_TOKEN where it is set
GET  /healthz                                    public
GET  /readyz                                     public
"""


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app(Settings(secret_key="a secret key of the test", log_level="CRITICAL"))


def routes(app: Flask) -> dict[tuple[str, str], str]:
    """(method, path) to guard, with the reason of public ones left out."""
    found = {}
    for rule in app.url_map.iter_rules():
        guard = getattr(app.view_functions[rule.endpoint], "guard", "")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            found[method, rule.rule] = guard.split(":")[0] if guard.startswith("public:") else guard
    return found


def test_every_route_declares_its_guard(app: Flask) -> None:
    assert [route for route, guard in routes(app).items() if not guard] == []


def test_every_public_route_says_why(app: Flask) -> None:
    for name, view in app.view_functions.items():
        guard = getattr(view, "guard", "")
        if guard.startswith("public"):
            assert len(guard.removeprefix("public:").strip()) > 5, name


def test_routes_of_the_api_are_those_of_the_contract(app: Flask) -> None:
    expected = {}
    for line in API_ROUTES.strip().splitlines():
        method, path, guard = line.split(maxsplit=2)
        expected[method, path] = guard
    machines = ("/api/", "/healthz", "/readyz", "/metrics")
    assert {route: guard for route, guard in routes(app).items() if route[1].startswith(machines)} == expected


def test_bearer_guards_require_scopes_that_tokens_can_carry(app: Flask) -> None:
    asked = {guard.removeprefix("bearer ") for guard in routes(app).values() if guard.startswith("bearer ")}
    assert asked <= set(Scope)
