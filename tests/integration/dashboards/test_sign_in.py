from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database
from werkzeug.test import TestResponse

from app.domain.permissions import Role
from app.factory import create_app
from app.models import connection
from app.models.accounts import users
from app.models.audit import entries as audit_entries
from app.services import accounts, audit
from app.services.accounts import MOST_FAILURES
from app.services.audit import Action
from config import Settings
from dashboards import CONTENT_SECURITY_POLICY
from dashboards.web.sign_in import safe_path
from tests.support.passwords import PASSWORD, cheap_hash
from tests.support.prometheus import samples

EMAIL = "ada@example.com"


@pytest.fixture(autouse=True)
def ada(app: Flask) -> None:
    with app.app_context():
        users.insert(EMAIL, cheap_hash(PASSWORD), Role.VIEWER, now=datetime.now(UTC))
        audit.append(Action.USER_CREATED, actor="test", target=EMAIL)


def csrf_token(page: str) -> str:
    match = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert match, page
    return match[1]


def sign_in(client: FlaskClient, password: str = PASSWORD, **more: str) -> TestResponse:
    form = {"email": EMAIL, "password": password, "csrf_token": csrf_token(client.get("/login").text)}
    return client.post("/login", data=form | more)


def sign_out(client: FlaskClient) -> TestResponse:
    return client.post("/logout", data={"csrf_token": csrf_token(client.get("/", follow_redirects=True).text)})


def test_the_start_page_shows_visitors_addresses_and_no_payments(client: FlaskClient) -> None:
    page = client.get("/", follow_redirects=True)
    assert page.status_code == 200
    for address in ("/api/docs", "/api/openapi.json", "/healthz", "/readyz", "/_sandbox/"):
        assert address in page.text
    assert "Latest payments" not in page.text


def test_signing_in_and_out(client: FlaskClient) -> None:
    answer = sign_in(client, email="ADA@example.com ")
    assert (answer.status_code, answer.location) == (303, "/")
    page = client.get("/", follow_redirects=True)
    assert EMAIL in page.text
    assert "No payments yet" in page.text
    assert client.get("/login").status_code == 302
    assert sign_out(client).status_code == 303
    assert EMAIL not in client.get("/", follow_redirects=True).text
    assert [entry["action"] for entry in audit_entries.walk()] == ["user.created", "login.succeeded", "logout"]


def test_signing_out_ends_the_session_for_copies_of_its_cookie(app: Flask, client: FlaskClient) -> None:
    elsewhere, thief = app.test_client(), app.test_client()
    sign_in(elsewhere)
    copied = sign_in(client).headers["Set-Cookie"].partition(";")[0].partition("=")[2]
    thief.set_cookie("paydesk_session", copied)
    assert thief.get("/dashboard/payments").status_code == 200
    sign_out(client)
    assert thief.get("/dashboard/payments").status_code == 302
    # Another browser of the same person goes on.
    assert elsewhere.get("/dashboard/payments").status_code == 200


@pytest.mark.parametrize(("email", "password"), [(EMAIL, "guessed"), ("nobody@example.com", PASSWORD), ("", "")])
def test_a_failed_sign_in_never_says_what_was_incorrect(client: FlaskClient, email: str, password: str) -> None:
    answer = sign_in(client, password, email=email)
    assert answer.status_code == 401
    assert "Incorrect e-mail or password." in answer.text
    assert password == "" or password not in answer.text


def test_ten_wrong_passwords_lock_the_account(client: FlaskClient) -> None:
    for _ in range(MOST_FAILURES):
        assert sign_in(client, "wrong").status_code == 401
    assert sign_in(client).status_code == 401
    account = accounts.every()[0]
    assert account.locked_until is not None
    assert timedelta(minutes=14) < account.locked_until - datetime.now(UTC) <= timedelta(minutes=15)


@pytest.mark.parametrize("token", [None, "", "forged"])
@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_a_form_without_csrf_token_does_nothing(client: FlaskClient, path: str, token: str | None) -> None:
    sign_in(client)
    form = {"email": EMAIL, "password": PASSWORD} | ({} if token is None else {"csrf_token": token})
    answer = client.post(path, data=form)
    assert answer.status_code == 400
    assert "form has expired" in answer.text
    assert EMAIL in client.get("/", follow_redirects=True).text


def test_a_csrf_token_of_another_session_is_rejected(app: Flask, client: FlaskClient) -> None:
    foreign = csrf_token(app.test_client().get("/login").text)
    client.get("/login")
    form = {"email": EMAIL, "password": PASSWORD, "csrf_token": foreign}
    assert client.post("/login", data=form).status_code == 400


def test_signing_in_continues_to_the_requested_page(client: FlaskClient) -> None:
    page = client.get("/login?next=/payments%3Fstatus%3Dfailed")
    assert 'name="next" value="/payments?status=failed"' in page.text
    assert sign_in(client, next="/payments?status=failed").location == "/payments?status=failed"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "evil.example",
        " //evil.example",
        "/\0//evil.example",
        "",
    ],
)
def test_signing_in_never_continues_to_another_site(client: FlaskClient, target: str) -> None:
    assert safe_path(target) == "/"
    assert "evil" not in client.get(f"/login?next={quote(target)}").text
    assert sign_in(client, next=target).location == "/"


def test_the_session_cookie_is_http_only_and_same_site(client: FlaskClient) -> None:
    cookie = sign_in(client).headers["Set-Cookie"]
    assert cookie.startswith("paydesk_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie  # plain http on loopback


@pytest.mark.parametrize("origin", ["https://paydesk.example", "http://paydesk.example", "https://localhost"])
def test_the_cookie_needs_https_except_on_loopback(client: FlaskClient, origin: str) -> None:
    assert "Secure" in client.get("/login", base_url=origin).headers["Set-Cookie"]


def test_a_session_ends_after_twelve_hours_even_when_it_is_used(client: FlaskClient) -> None:
    started = datetime.now(UTC)
    with time_machine.travel(started) as clock:
        sign_in(client)
        clock.shift(timedelta(hours=11, minutes=59))
        assert EMAIL in client.get("/", follow_redirects=True).text
        clock.shift(timedelta(minutes=2))
        assert EMAIL not in client.get("/", follow_redirects=True).text


def test_disabling_an_account_ends_its_session(client: FlaskClient) -> None:
    sign_in(client)
    assert EMAIL in client.get("/", follow_redirects=True).text
    accounts.set_active(EMAIL, False, actor="test")
    assert EMAIL not in client.get("/", follow_redirects=True).text


def test_signing_in_starts_a_new_session(client: FlaskClient) -> None:
    with client.session_transaction() as planted:
        planted["planted"] = "before"
    sign_in(client)
    with client.session_transaction() as session:
        assert "planted" not in session


@pytest.mark.parametrize("path", ["/", "/login", "/assets/paydesk.css"])
def test_every_response_has_a_content_security_policy(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", answer.text)
    answer.close()


def test_pages_are_not_cached(client: FlaskClient) -> None:
    assert client.get("/", follow_redirects=True).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["../layout.html", "%2e%2e/session.py", "nothing.css"])
def test_only_static_files_are_served(client: FlaskClient, name: str) -> None:
    assert client.get(f"/assets/{name}").status_code == 404


def test_a_missing_secret_key_is_named_on_the_page(settings: Settings) -> None:
    client = create_app(replace(settings, secret_key="")).test_client()
    assert client.get("/", follow_redirects=True).status_code == 200
    for answer in (client.get("/login"), client.post("/login", data={"email": EMAIL})):
        assert answer.status_code == 503
        assert "SECRET_KEY" in answer.text


def test_attempts_of_one_address_are_limited(
    app: Flask, client: FlaskClient, database: Database[dict[str, Any]]
) -> None:
    """Each with its own address, so that no account is locked; counted in MongoDB, so for all processes."""
    token = csrf_token(client.get("/login").text)
    form = {"password": "guessed", "csrf_token": token}
    for number in range(20):
        assert client.post("/login", data=form | {"email": f"u{number}@example.com"}).status_code == 401
    another_process = create_app(app.extensions["paydesk_settings"]).test_client()
    for refused in (sign_in(client), sign_in(another_process)):
        assert refused.status_code == 429
        assert 0 < int(refused.headers["Retry-After"]) <= 60
        assert "Too many sign-in attempts" in refused.text
        assert refused.mimetype == "text/html"
    assert client.get("/login").status_code == 200
    metrics = client.get("/metrics", headers={"Authorization": "Bearer test-metrics-token"}).text
    assert samples(metrics)["logins_total{outcome=limited}"] >= 2
    # MongoDB counts by its own clock, so the windows are moved and not the time.
    for window in database["rate_limit_windows"].find():
        passed = {"expireAt": window["expireAt"] - timedelta(hours=3)}
        database["rate_limit_windows"].update_one({"_id": window["_id"]}, {"$set": passed})
    assert sign_in(client).status_code == 303


def test_signing_in_works_during_a_redis_outage(settings: Settings) -> None:
    """Each process then counts by itself, and in the shared storage again when it is back."""
    client = create_app(replace(settings, redis_url="redis://127.0.0.1:1/0")).test_client()
    form = {"email": "nobody@example.com", "password": "guessed"}
    form["csrf_token"] = csrf_token(client.get("/login").text)
    answers = {client.post("/login", data=form).status_code for _ in range(3)}
    assert answers == {401}
    assert sign_in(client).status_code == 303
    assert sign_in(create_app(settings).test_client()).status_code == 303


def test_a_database_outage_shows_a_page(settings: Settings, client: FlaskClient) -> None:
    sign_in(client)
    connection.connect("mongodb://127.0.0.1:1/paydesk")
    try:
        answer = client.get("/", follow_redirects=True)
    finally:
        connection.connect(settings.mongodb_uri)
    assert answer.status_code == 503
    assert "database cannot be reached" in answer.text
    assert answer.mimetype == "text/html"
