"""Words that must not be logged are sent to every address, in every place of a request, and looked for in the log.

What is logged is an allow-list, so the canaries look like nothing in particular: a search for shapes of secrets would
let them pass. An order id is on the list, and so is a sane X-Request-ID; neither carries a canary here.
"""

from __future__ import annotations

import json
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from pymongo.database import Database

from app.domain.permissions import Role
from config import Settings
from tests.integration.dashboards.browsing import add, email_of
from tests.integration.services.worker.conftest import WorkerProcess, leave_unapplied, paid_at_stripe
from tests.support.child import ROOT
from tests.support.passwords import PASSWORD
from tests.support.sandbox import SandboxProcess
from tests.support.server import LiveServer, environment
from tests.support.webhooks import WEBHOOK_PATH, signed
from tooling.process import free_port

API = "/api/v1/payments"
# Where the walk would end its own session.
LAST = "/logout"
MALFORMED = (
    b"GET /{0}?{0}={0} NONSENSE/{0}\r\n\r\n",
    b"{0} / HTTP/1.1\r\nHost: {0}\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n{0}: {0}\r\nBad Header {0}: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"{0}" * 600 + b"\r\n\r\n",
    b"GET /" + b"{0}" * 600 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {0}\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {0}\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{0}\r\n{0}\r\n",
)


class Aviary:
    """Makes canaries, and says which of them are in a text."""

    def __init__(self) -> None:
        self.mark = f"q{secrets.token_hex(6)}q"

    def canary(self, place: str) -> str:
        return f"{self.mark}{place}"

    def found_in(self, lines: list[str]) -> list[str]:
        return [line for line in lines if self.mark in line]


@pytest.fixture
def aviary() -> Aviary:
    return Aviary()


@pytest.fixture
def faulty(settings: Settings, tmp_path: Path, app: Flask) -> Iterator[LiveServer]:
    """gunicorn with an application that can be made to fail, and that tells everything it would ever tell."""
    add(app, Role.ADMIN)
    log_lines = replace(settings, log_level="DEBUG", port=free_port())
    server = LiveServer(log_lines, tmp_path / "faulty.log", target="tests.e2e.faulty_app:app")
    server.wait()
    yield server
    server.stop()


def lines_of(server: LiveServer, aviary: Aviary, settings: Settings, *more: str) -> list[dict[str, Any]]:
    """The log, once the server has ended: every line is JSON, and none holds a canary or a secret.

    Those are the secrets of the settings, and ``more`` that were sent and were right.
    """
    server.stop()
    lines = server.output().splitlines()
    assert aviary.found_in(lines) == []
    kept = (
        *(settings.stripe_secret_key, *settings.stripe_webhook_secret, settings.secret_key),
        *(settings.auth_jwt_secret, settings.metrics_token, PASSWORD, *more),
    )
    assert all(kept), "an empty text is in every line"
    assert [line for line in lines for secret in kept if secret in line] == []
    return [json.loads(line) for line in lines]


def addresses(app: Flask, aviary: Aviary) -> Iterator[tuple[str, str]]:
    """Method and path of every route, with a canary wherever a path takes something."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:>]+:)?(\w+)>", lambda found: aviary.canary(f"path{found[1]}"), rule.rule)
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            if rule.rule != LAST:
                yield method, path


def dirty(aviary: Aviary) -> dict[str, Any]:
    """Query, headers and a body full of canaries."""
    fields = ("customer_id", "description", "receipt_email", "reason", "notes", "password", "email", "name")
    body = {name: aviary.canary(f"body{name}") for name in fields}
    names = ("User-Agent", "Referer", "Stripe-Signature", "Idempotency-Key", "X-Api-Key", "X-Forwarded-For")
    headers = {name: aviary.canary(f"header{name}") for name in names}
    return {
        "params": {name: aviary.canary(f"query{name}") for name in ("token", "customer_id", "next", "q")},
        "headers": {**headers, "X-Request-ID": f"not sane {aviary.canary('requestid')}"},
        "cookies": {"other": aviary.canary("cookie")},
        "json": {**body, "order_id": "order-1", "amount": 10, "payment_intent_id": "pi_1"},
    }


def sign_in(server: LiveServer) -> str:
    """Sign an admin in with the session of ``server``; the token for its forms."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', server.request("GET", "/login").text)
    assert found
    form = {"email": email_of(Role.ADMIN), "password": PASSWORD, "csrf_token": found[1]}
    server.request("POST", "/login", data=form)
    shown = server.request("GET", "/dashboard/audit")
    assert shown.status_code == 200, shown.text
    found = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
    assert found
    return found[1]


def test_no_endpoint_logs_its_input(
    faulty: LiveServer, aviary: Aviary, app: Flask, settings: Settings, bearer: dict[str, str]
) -> None:
    csrf = sign_in(faulty)
    cookies = [faulty.session.cookies["paydesk_session"]]
    asked = 0
    stranger = requests.Session()
    for method, path in addresses(app, aviary):
        url, sent = faulty.base_url + path, dirty(aviary)
        forged = {"Authorization": f"Bearer {aviary.canary('token')}", **sent["headers"]}
        stranger.request(method, url, **{**sent, "headers": forged}, allow_redirects=False, timeout=30)
        all_headers = {**sent["headers"], **bearer, "Idempotency-Key": f"k-{asked}", "X-CSRFToken": csrf}
        faulty.request(method, path, **{**sent, "headers": all_headers})
        body = {"data": {**sent.pop("json"), "csrf_token": csrf}} if method == "POST" else {}
        faulty.request(method, path, **{**sent, **body})
        asked += 3
    for path in (f"/{aviary.canary('nowhere')}", f"/api/{aviary.canary('nowhere')}"):
        faulty.request("GET", path)
        faulty.request(aviary.canary("method").upper(), path)
        asked += 2
    shown = requests.get(
        f"{faulty.base_url}/metrics", headers={"Authorization": f"Bearer {settings.metrics_token}"}, timeout=30
    )
    assert 'route="/login"' in shown.text, "the page counts what was asked"
    assert aviary.found_in(shown.text.splitlines()) == []
    cookies.append(faulty.session.cookies["paydesk_session"])
    token = bearer["Authorization"].partition(" ")[2]
    log_lines = lines_of(faulty, aviary, settings, *cookies, token, csrf)
    requested = [line for line in log_lines if line["event"] == "request"]
    assert len(requested) >= asked, "a request went unlogged, so this test saw nothing of it"
    routes = {line["route"] for line in requested}
    assert routes >= {rule.rule for rule in app.url_map.iter_rules()} - {LAST}
    assert {line["method"] for line in requested} >= {"GET", "POST", "other"}
    assert all(re.fullmatch(r"r[0-9a-f]{16}", line["request_id"]) for line in requested)


def test_a_refusal_of_stripe_is_logged_without_its_words(
    faulty: LiveServer, aviary: Aviary, sandbox: SandboxProcess, settings: Settings, bearer: dict[str, str]
) -> None:
    for number, effect in enumerate(("401", "402", "403", "409", "429", "500", "garbage", "answer_lost")):
        sandbox.fault(effect=effect, match={"path": "^/v1/payment_intents"}, times=3)
        body = {
            "order_id": f"order-{number}",
            "customer_id": aviary.canary("customer"),
            "amount": 10,
            "description": aviary.canary("description"),
            "receipt_email": f"{aviary.canary('receipt')}@example.com",
        }
        faulty.request("POST", f"{API}/stripe/create-intent", json=body, headers=bearer)
        confirm = {"payment_intent_id": f"pi_{aviary.canary('intent')}", "order_id": f"order-{number}"}
        faulty.request("POST", f"{API}/stripe/confirm", json=confirm, headers=bearer)
        sandbox.delete("faults")
    opened = faulty.request(
        "POST",
        f"{API}/stripe/create-intent",
        json={"order_id": "sk_live_" + "4" * 12, "customer_id": aviary.canary("customer"), "amount": 10},
        headers=bearer,
    ).json()
    log_lines = lines_of(faulty, aviary, settings)
    calls = [line for line in log_lines if line["event"] == "stripe_call"]
    assert {line["outcome"] for line in calls} >= {"ok", "AuthenticationError", "CardError", "RateLimitError"}
    (created,) = [line for line in calls if line["outcome"] == "ok" and line["operation"] == "create_intent"]
    assert created["stripe_request_id"].startswith("req_")
    assert created["payment_id"]
    assert created["order_id"] == "[redacted]", "the shape of a secret is cut out of what may be logged"
    assert opened["client_secret"] not in json.dumps(log_lines)


def test_unexpected_failures_name_the_place_and_not_the_values(
    faulty: LiveServer, aviary: Aviary, settings: Settings
) -> None:
    sent = dirty(aviary)
    path = aviary.canary("path")
    assert faulty.request("POST", f"/faulty/{path}", **sent).status_code == 500
    assert faulty.request("POST", f"/outside/{path}", **sent).status_code == 500
    for raw in MALFORMED:
        with socket.create_connection(("127.0.0.1", faulty.settings.port), timeout=10) as line:
            line.sendall(raw.replace(b"{0}", aviary.canary("raw").encode()))
            line.settimeout(2)
            with suppress(TimeoutError):
                line.recv(4096)
    log_lines = lines_of(faulty, aviary, settings)
    (failed,) = [line for line in log_lines if line["event"] == "unexpected_error"]
    assert failed["error"] == "RuntimeError"
    assert "werkzeug.exceptions.BadRequest" in failed["exception"]
    assert "faulty_app.py" in failed["exception"]
    assert failed["request_id"]
    (uncaught,) = [line for line in log_lines if line["event"] == "uncaught_error"]
    assert (uncaught["error"], "faulty_app.py" in uncaught["exception"]) == ("LookupError", True)
    library = [line["event"] for line in log_lines if line.get("logger") == "some.library"]
    assert library == ["cannot read [redacted] of 3 bytes", "library_message"]
    gunicorn = [line for line in log_lines if line.get("logger") == "gunicorn.error"]
    assert any(line["event"].startswith("Error handling request") for line in gunicorn)
    assert any(line["event"] == "Invalid request" for line in gunicorn)
    assert any(line["event"].startswith("Listening at") for line in gunicorn), "the master's lines are JSON too"


def test_deliveries_are_logged_by_event_and_payment(
    faulty: LiveServer, aviary: Aviary, sandbox: SandboxProcess, settings: Settings
) -> None:
    sandbox.hold_webhooks()
    intent_id = paid_at_stripe(sandbox, "order-1")
    event = sandbox.stripe("GET", "/v1/events", {"type": "payment_intent.succeeded"})["data"][0]
    event["data"]["object"]["description"] = aviary.canary("description")
    event["data"]["object"]["client_secret"] = aviary.canary("secret")
    body, headers = signed(event, settings.stripe_webhook_secret[0])
    assert faulty.request("POST", WEBHOOK_PATH, data=body, headers=headers).status_code == 200
    log_lines = lines_of(faulty, aviary, settings)
    (line,) = [line for line in log_lines if line["event"] == "request" and line["route"] == WEBHOOK_PATH]
    assert line["event_id"] == event["id"]
    assert line["event_type"] == "payment_intent.succeeded"
    assert re.fullmatch(r"[0-9a-f]{24}", line["payment_id"])
    assert line["order_id"] == "order-1"
    assert intent_id


def test_the_worker_logs_the_place_and_not_the_values(
    aviary: Aviary,
    app: Flask,
    sandbox: SandboxProcess,
    settings: Settings,
    database: Database[dict[str, Any]],
    tmp_path: Path,
) -> None:
    sandbox.hold_webhooks()
    paid_at_stripe(sandbox, "order-1")
    event = sandbox.stripe("GET", "/v1/events", {"type": "payment_intent.succeeded"})["data"][0]
    with app.app_context():
        leave_unapplied(event)
    harm = {"$set": {"payload.data.object.created": aviary.canary("created")}}
    assert database["webhook_events"].update_one({"_id": event["id"]}, harm).modified_count == 1
    log_lines = replace(settings, log_level="DEBUG", reconcile_interval_minutes=0)
    worker = WorkerProcess(log_lines, tmp_path / "worker.log")
    try:
        worker.wait_until(lambda: worker.said("webhook_failed"), 60)
    finally:
        worker.stop()
    lines = worker.output().splitlines()
    assert aviary.found_in(lines) == []
    (failed, *_) = [line for line in map(json.loads, lines) if line["event"] == "webhook_failed"]
    assert failed["event_id"] == event["id"]
    assert failed["error"]


def test_a_failing_command_logs_the_place_and_not_the_values(aviary: Aviary, settings: Settings) -> None:
    command = [sys.executable, "-m", "flask", "--app", "tests.e2e.faulty_app", "faulty", "fail"]
    ended = subprocess.run(
        [*command, aviary.canary("argument")],
        cwd=ROOT,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert aviary.found_in([ended.stdout, ended.stderr]) == []
    logged, sentence = ended.stderr.strip().splitlines()
    assert json.loads(logged)["error"] == "RuntimeError"
    assert "faulty_app.py" in json.loads(logged)["exception"]
    assert sentence == "Error: Something went wrong (RuntimeError). The log on standard error says where."
