from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.permissions import Role
from app.factory import create_app
from app.services import accounts
from config import Settings
from dashboards.web.auth import begin, guard
from tests.integration.dashboards.test_sign_in import EMAIL, sign_in
from tests.support.passwords import PASSWORD


@pytest.fixture
def viewer(app: Flask, client: FlaskClient) -> FlaskClient:
    with app.app_context():
        accounts.create(EMAIL, PASSWORD, Role.VIEWER, actor="test")
    sign_in(client)
    return client


def test_a_signed_in_user_is_redirected_to_the_overview(viewer: FlaskClient) -> None:
    answer = viewer.get("/")
    assert (answer.status_code, answer.location) == (302, "/dashboard")


def test_visitors_see_sign_in_and_addresses(client: FlaskClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    for address in ("/login", "/api/docs", "/api/openapi.json", "/healthz", "/readyz"):
        assert f'href="{address}"' in page.text


def test_a_guard_admits_only_its_role_and_those_above(settings: Settings) -> None:
    app = create_app(settings)

    @guard("finance")
    def page() -> str:
        return "figures"

    assert page.guard == "finance"  # type: ignore[attr-defined]
    app.add_url_rule("/figures", "figures", page)
    app.add_url_rule("/enter/<role>", "enter", _enter)
    with app.app_context():
        for role in Role:
            accounts.create(f"{role}@example.com", PASSWORD, role, actor="test")
    stranger = app.test_client().get("/figures?a=1")
    assert (stranger.status_code, stranger.location) == (302, "/login?next=/figures?a%3D1")
    for role, status in ((Role.VIEWER, 403), (Role.FINANCE, 200), (Role.ADMIN, 200)):
        client = app.test_client()
        client.get(f"/enter/{role}")
        assert client.get("/figures").status_code == status, role


def _enter(role: str) -> str:
    account = accounts.authenticate(f"{role}@example.com", PASSWORD)
    assert account is not None
    begin(account)
    return "entered"


def test_a_guard_needs_exactly_one_argument() -> None:
    with pytest.raises(TypeError):
        guard()
    with pytest.raises(TypeError):
        guard("viewer", public="both")
    with pytest.raises(ValueError, match="owner"):
        guard("owner")
