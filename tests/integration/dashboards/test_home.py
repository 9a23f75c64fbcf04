from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.money import Money
from app.domain.permissions import Role
from app.extensions import services
from app.services import accounts
from app.services.payments import NewPayment
from dashboards.session import begin, guard
from tests.integration.dashboards.test_sign_in import EMAIL, PASSWORD, sign_in

AMOUNTS = {
    "usd": (123450, "1,234.50 USD"),
    "jpy": (12000, "12,000 JPY"),
    "kwd": (1230, "1.230 KWD"),
}


@pytest.fixture
def viewer(app: Flask, client: FlaskClient) -> FlaskClient:
    with app.app_context():
        accounts.create(EMAIL, PASSWORD, Role.VIEWER, actor="test")
    sign_in(client)
    return client


def test_the_latest_payments_are_shown_with_their_amounts(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        for number in range(7):
            for currency, (minor, _) in AMOUNTS.items():
                order = f"order-{currency}-{number}"
                wanted = NewPayment(order_id=order, customer_id="c", money=Money(minor, currency))
                services.payments.open(wanted, caller="test", key=None)
    page = viewer.get("/").text
    assert page.count("<tr>") == 1 + 20
    assert "The newest 20 are shown." in page
    for _, shown in AMOUNTS.values():
        assert shown in page
    assert "Pending" in page
    assert "UTC</time>" in page


def test_markup_in_an_order_is_text(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        order = "<b>order</b>"
        wanted = NewPayment(order_id=order, customer_id="c", money=Money(1000, "usd"))
        services.payments.open(wanted, caller="test", key=None)
    page = viewer.get("/").text
    assert "&lt;b&gt;order" in page
    assert "<b>order" not in page


def test_a_guard_lets_in_only_its_role_and_the_ones_above(app: Flask) -> None:
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


def test_a_guard_must_say_something() -> None:
    with pytest.raises(TypeError):
        guard()
    with pytest.raises(TypeError):
        guard("viewer", public="both")
    with pytest.raises(ValueError, match="owner"):
        guard("owner")
