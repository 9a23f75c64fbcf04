"""Every route of the dashboard with each role and with none: the guard that it states, and what this table expects."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.permissions import Role
from tests.integration.dashboards.browsing import add, csrf_token, email_of
from tests.support.signed_in import signed_in

PUBLIC, VIEWER, FINANCE, ADMIN = "public", "viewer", "finance", "admin"
# Written by hand from the issue and DESIGN section 1, so that a wrong guard in the code is seen. A new route needs a
# line here: "METHOD path": the least role that may use it.
EXPECTED = {
    "GET /": PUBLIC,
    "GET /assets/<path:name>": PUBLIC,
    "GET /bootstrap/assets/<path:filename>": PUBLIC,
    "GET /login": PUBLIC,
    "POST /login": PUBLIC,
    "POST /logout": PUBLIC,
    # Everybody's own account.
    "GET /dashboard/account/password": VIEWER,
    "POST /dashboard/account/password": VIEWER,
    # Users.
    "GET /dashboard/users": ADMIN,
    "POST /dashboard/users": ADMIN,
    "GET /dashboard/users/<account_id>": ADMIN,
    "POST /dashboard/users/<account_id>/role": ADMIN,
    "POST /dashboard/users/<account_id>/enable": ADMIN,
    "GET /dashboard/users/<account_id>/disable": ADMIN,
    "POST /dashboard/users/<account_id>/disable": ADMIN,
    "GET /dashboard/users/<account_id>/password": ADMIN,
    "POST /dashboard/users/<account_id>/password": ADMIN,
    # Audit log.
    "GET /dashboard/audit": ADMIN,
    "POST /dashboard/audit/verify": ADMIN,
    # Payments and refunds.
    "GET /dashboard/payments": VIEWER,
    "GET /dashboard/payments/<payment_id>": VIEWER,
    "GET /dashboard/payments/<payment_id>/capture": FINANCE,
    "GET /dashboard/payments/<payment_id>/capture/confirm": FINANCE,
    "POST /dashboard/payments/<payment_id>/capture/confirm": FINANCE,
    "GET /dashboard/payments/<payment_id>/cancel": FINANCE,
    "POST /dashboard/payments/<payment_id>/cancel": FINANCE,
    "GET /dashboard/payments/<payment_id>/refund": FINANCE,
    "POST /dashboard/payments/<payment_id>/refund": FINANCE,
    "GET /dashboard/payments/<payment_id>/refund/confirm": FINANCE,
    "POST /dashboard/payments/<payment_id>/refund/confirm": FINANCE,
    "POST /dashboard/payments/<payment_id>/refunds/<refund_id>/settle": FINANCE,
    # Lists and files.
    "GET /dashboard": VIEWER,
    "GET /dashboard/refunds": VIEWER,
    "GET /dashboard/disputes": VIEWER,
    "GET /dashboard/payments.csv": FINANCE,
    "GET /dashboard/payments.xlsx": FINANCE,
    "GET /dashboard/refunds.csv": FINANCE,
    "GET /dashboard/refunds.xlsx": FINANCE,
    "GET /dashboard/disputes.csv": FINANCE,
    "GET /dashboard/disputes.xlsx": FINANCE,
    "GET /dashboard/figures.csv": FINANCE,
    "GET /dashboard/figures.xlsx": FINANCE,
    "GET /dashboard/volume.csv": FINANCE,
    "GET /dashboard/reasons.csv": FINANCE,
    "GET /dashboard/three_d_secure.csv": FINANCE,
    "GET /dashboard/times.csv": FINANCE,
    "GET /dashboard/hours.csv": FINANCE,
    # Webhooks.
    "GET /dashboard/webhooks": ADMIN,
    "GET /dashboard/webhooks/<event_id>": ADMIN,
    "POST /dashboard/webhooks/<event_id>/replay": ADMIN,
    "GET /dashboard/webhooks/replay-failed": ADMIN,
    "POST /dashboard/webhooks/replay-failed": ADMIN,
    # Reconciliation.
    "GET /dashboard/reconciliation": ADMIN,
    "GET /dashboard/reconciliation/<report_id>": ADMIN,
    "POST /dashboard/reconciliation/check": ADMIN,
    "POST /dashboard/reconciliation/repair": ADMIN,
}
MACHINES = ("/api/", "/healthz", "/readyz", "/metrics")


def routes(app: Flask) -> dict[str, str]:
    """ "METHOD path" of every page to the guard that it states."""
    guards = {}
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(MACHINES):
            continue
        guard = getattr(app.view_functions[rule.endpoint], "guard", "nothing")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            guards[f"{method} {rule.rule}"] = guard.partition(":")[0]
    return guards


def test_every_route_is_in_the_table_with_its_guard(app: Flask) -> None:
    stated = routes(app)
    missing = {route: guard for route, guard in stated.items() if route not in EXPECTED}
    assert missing == {}, "add these routes to EXPECTED, with the least role that should be allowed"
    gone = set(EXPECTED) - set(stated)
    assert gone == set(), "these routes are in EXPECTED but not in the application"
    assert {route: guard for route, guard in stated.items() if guard != EXPECTED[route]} == {}


@pytest.fixture
def browsers(app: Flask) -> dict[Role, FlaskClient]:
    add(app, *Role)
    return {role: signed_in(app, email_of(role)) for role in Role}


def address(route: str) -> tuple[str, str]:
    """Method and an address that leads to the route, of something that does not exist where it names something."""
    method, _, rule = route.partition(" ")
    parts = ["0" * 24 if part.startswith("<") else part for part in rule.split("/")]
    return method, "/".join(parts)


def test_visitors_are_redirected_to_sign_in(app: Flask) -> None:
    client = app.test_client()
    token = csrf_token(client, "/login")
    for route, least in EXPECTED.items():
        method, path = address(route)
        if least != PUBLIC:
            answer = client.open(path, method=method, data={"csrf_token": token})
            assert (answer.status_code, answer.location.partition("?")[0]) == (302, "/login"), route


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_use_exactly_its_routes(browsers: dict[Role, FlaskClient], role: Role) -> None:
    client = browsers[role]
    token = csrf_token(client, "/dashboard/account/password")
    for route, least in EXPECTED.items():
        if least == PUBLIC:
            continue
        method, path = address(route)
        answer = client.open(path, method=method, data={"csrf_token": token})
        if role.covers(Role(least)):
            # The route is reached; that what it names does not exist is its own answer.
            assert answer.status_code != HTTPStatus.FORBIDDEN, route
            assert answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, (route, answer.text)
            assert not (answer.location or "").startswith("/login"), route
        else:
            assert answer.status_code == HTTPStatus.FORBIDDEN, route
            assert f"requires the role {least}" in answer.text, route
        answer.close()


@pytest.mark.parametrize("role", list(Role))
def test_a_form_without_csrf_token_changes_nothing(browsers: dict[Role, FlaskClient], role: Role) -> None:
    for route in EXPECTED:
        method, path = address(route)
        if method == "POST":
            assert browsers[role].post(path).status_code == HTTPStatus.BAD_REQUEST, route
