"""The production checklist on a good set-up and on a bad one, and each check that asks somebody, by what they say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from mongoengine.connection import get_db

from app.factory import create_app
from app.gateway.webhooks import APPLIED_TYPES
from app.models import connection
from app.models.worker import heartbeats
from app.services.preflight import serving
from app.services.preflight.runner import State
from config import Settings
from tests.integration.services.preflight.conftest import served
from tests.support import load
from tests.support.sandbox import SandboxProcess
from tests.support.verdicts import OTHER, RANDOM
from tests.support.webhooks import WEBHOOK_PATH, signed

# The sandbox is not Stripe, and the MongoDB of the tests has one member and no passwords.
OF_THE_TESTS = {"stripe_address", "mongodb_replica_set", "mongodb_auth", "backups"}


@pytest.fixture
def good(settings: Settings) -> Settings:
    return replace(
        settings, secret_key=RANDOM, auth_jwt_secret=OTHER, dashboard_timezone="Europe/Berlin", log_level="CRITICAL"
    )


def asked(app: Flask, *options: str) -> tuple[Result, dict[str, dict[str, Any]]]:
    """What ``flask preflight --json`` says, by check."""
    result = app.test_cli_runner().invoke(args=["preflight", "--json", *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result, {row["name"]: row for row in json.loads(result.stdout)["checks"]}


def state_of(app: Flask, name: str, *options: str) -> tuple[str, str]:
    row = asked(app, "--test-mode", *options)[1][name]
    return row["state"], row["message"]


def register(
    sandbox: SandboxProcess, url: str, *, events: list[str] | None = None, version: str | None = "2023-10-16"
) -> None:
    # Stripe has no refund.failed in that version.
    params: dict[str, Any] = {
        "url": url + WEBHOOK_PATH,
        "enabled_events[]": events or sorted(APPLIED_TYPES - {"refund.failed"}),
    }
    if version:
        params["api_version"] = version
    sandbox.stripe("POST", "/v1/webhook_endpoints", params)


@contextmanager
def a_life_before(app: Flask, sandbox: SandboxProcess) -> Iterator[None]:
    """A payment with a receipt that was refunded, its event, and a worker."""
    sandbox.hold_webhooks()
    intent_id = load.new_intent(sandbox, "preflight-1")
    sandbox.stripe("POST", f"/v1/payment_intents/{intent_id}", {"receipt_email": "jo@example.com"})
    sandbox.pay(intent_id)
    load.refund(sandbox, intent_id, 1_000)
    event = sandbox.stripe("GET", "/v1/events", {"type": "payment_intent.succeeded"})["data"][0]
    body, headers = signed(event, app.extensions["paydesk_settings"].stripe_webhook_secret[0])
    assert app.test_client().post(WEBHOOK_PATH, data=body, headers=headers).status_code == 200
    heartbeats.record("worker-1", datetime.now(UTC))
    yield


def test_a_good_set_up_is_ready(
    good: Settings, sandbox: SandboxProcess, certificate: Path, prometheus: Callable[..., str]
) -> None:
    app = create_app(good)
    with served(app, certificate) as url, a_life_before(app, sandbox):
        register(sandbox, url)
        options = ["--test-mode", "--url", url, "--prometheus", prometheus()]
        result, found = asked(app, *options)
        assert {name for name, row in found.items() if row["state"] != "ok"} == OF_THE_TESTS, found
        assert result.exit_code == 0
        assert json.loads(result.stdout)["ready"] is True
        assert asked(app, *options, "--strict")[0].exit_code == 1
        accepted = [word for name in OF_THE_TESTS for word in ("--accept", name)]
        strict, rows = asked(app, *options, "--strict", *accepted)
        assert strict.exit_code == 0
        assert {name for name, row in rows.items() if row["accepted"]} == OF_THE_TESTS


def test_a_bad_set_up_is_not_ready_and_says_what_to_do(good: Settings, sandbox: SandboxProcess) -> None:
    bad = replace(
        good,
        stripe_publishable_key="pk_live_x",
        stripe_webhook_secret=(),
        secret_key="short",
        auth_jwt_secret="",
        cors_origins=("http://erp.example.com",),
    )
    sandbox.put("webhooks", {"enabled_events": ["payment_intent.succeeded"]})
    app = create_app(bad)
    result, found = asked(app)
    assert result.exit_code == 1
    failed = {name for name, row in found.items() if row["state"] == "fail"}
    assert failed == {
        *("stripe_keys", "stripe_address", "webhook_secret", "secret_key", "tokens", "cors"),
        *("worker", "webhook_endpoint", "refunds"),
    }
    assert all(row["advice"] for row in found.values() if row["state"] != "ok")
    shown = app.test_cli_runner().invoke(args=["preflight", "--accept", "worker"])
    assert shown.exit_code == 1, "a failure cannot be accepted"
    assert "Not ready." in shown.output
    assert "→ Make one: python -c" in shown.output
    for secret in (good.stripe_secret_key, "pk_live_x", good.metrics_token):
        assert secret not in shown.output
    sandbox.put("webhooks", {"enabled_events": ["*"]})


def test_an_unknown_check_name_is_reported(good: Settings) -> None:
    result = create_app(good).test_cli_runner().invoke(args=["preflight", "--accept", "backup"])
    assert result.exit_code == 2
    assert "There is no check backup. There are: stripe_keys," in result.output


def test_a_key_that_stripe_refuses(good: Settings, sandbox: SandboxProcess) -> None:
    sandbox.fault(effect="401", match={"path": "^/v1/account$"}, times=None)
    state, message = state_of(create_app(good), "stripe_account")
    assert (state, "key" in message) == ("fail", True)


def test_an_endpoint_that_is_missing_disabled_or_incomplete(good: Settings, sandbox: SandboxProcess) -> None:
    app = create_app(good)
    elsewhere = ["--url", "https://pay.example.com"]
    assert state_of(app, "webhook_endpoint", *elsewhere)[0] == "fail"
    register(sandbox, "https://pay.example.com", events=["charge.succeeded", "refund.updated"])
    state, message = state_of(app, "webhook_endpoint", *elsewhere)
    assert (state, "charge.dispute.created" in message, "refund.failed" in message) == ("fail", True, False)
    register(sandbox, "https://two.example.com", version=None)
    state, message = state_of(app, "webhook_endpoint", "--url", "https://two.example.com")
    assert (state, "no version of its own" in message) == ("warn", True)
    register(sandbox, "https://two.example.com")
    assert state_of(app, "webhook_endpoint", "--url", "https://two.example.com")[0] == "warn"


def test_an_api_version_unlike_the_endpoints(good: Settings, sandbox: SandboxProcess) -> None:
    register(sandbox, "https://pay.example.com", version="2023-10-16")
    newer = create_app(replace(good, stripe_api_version="2026-10-28.endive"))
    assert state_of(newer, "webhook_endpoint", "--url", "https://pay.example.com")[0] == "ok", "both are proven"
    register(sandbox, "https://new.example.com", version="2024-06-20")
    state, message = state_of(newer, "webhook_endpoint", "--url", "https://new.example.com")
    assert (state, "2024-06-20" in message) == ("warn", True)


def test_an_api_version_in_which_nothing_is_tested(good: Settings) -> None:
    between = create_app(replace(good, stripe_api_version="2024-06-20"))
    state, message = state_of(between, "stripe_api_version")
    assert (state, "not tested" in message) == ("warn", True)


def test_indexes_that_are_missing(good: Settings) -> None:
    app = create_app(good)
    index = "retention"
    found = get_db()["worker_heartbeats"].index_information()[index]
    get_db()["worker_heartbeats"].drop_index(index)
    try:
        state, message = state_of(app, "mongodb_indexes")
        assert (state, "worker_heartbeats.retention" in message) == ("fail", True)
    finally:
        get_db()["worker_heartbeats"].create_index(
            found["key"], name=index, expireAfterSeconds=found["expireAfterSeconds"]
        )


def test_a_worker_without_heartbeats(good: Settings) -> None:
    app = create_app(good)
    heartbeats.record("worker-1", datetime.now(UTC) - timedelta(minutes=2))
    assert state_of(app, "worker")[0] == "fail"
    heartbeats.record("worker-2", datetime.now(UTC))
    assert state_of(app, "worker")[0] == "ok"


def test_no_webhook_delivery_yet(good: Settings) -> None:
    state, message = state_of(create_app(good), "webhook_deliveries")
    assert (state, "No test event" in message) == ("warn", True)


def test_deliveries_of_the_other_mode_do_not_count_as_working(good: Settings, sandbox: SandboxProcess) -> None:
    with a_life_before(create_app(good), sandbox):
        live = replace(good, stripe_secret_key="sk_live_" + "a" * 24)
        state, message = state_of(create_app(live), "webhook_deliveries")
    assert (state, "No live event" in message) == ("warn", True)


@pytest.mark.parametrize(("days", "state", "told"), [(6, "ok", "arrived at"), (7, "warn", "7 days ago")])
def test_deliveries_that_stopped(good: Settings, sandbox: SandboxProcess, days: int, state: str, told: str) -> None:
    app = create_app(good)
    with a_life_before(app, sandbox):
        long_ago = {"last_delivery_at": datetime.now(UTC) - timedelta(days=days, minutes=1)}
        assert get_db()["webhook_events"].update_many({}, {"$set": long_ago}).modified_count == 1
        found = state_of(app, "webhook_deliveries")
    assert (found[0], told in found[1]) == (state, True), found


def test_mongodb_that_is_away(good: Settings) -> None:
    away = replace(good, mongodb_uri="mongodb://127.0.0.1:1/paydesk?serverSelectionTimeoutMS=200")
    found = asked(create_app(away), "--test-mode")[1]
    names = {name for name, row in found.items() if "cannot be reached" in row["message"]}
    assert names >= {"mongodb_replica_set", "mongodb_indexes", "worker", "rate_limits"}


@pytest.mark.parametrize(
    ("options", "name", "state", "told"),
    [
        ("w=1&journal=false", "mongodb_write_concern", "warn", "w and journal, which is not followed"),
        ("wTimeoutMS=500", "mongodb_write_concern", "warn", "500 ms"),
        ("readPreference=secondaryPreferred", "mongodb_reads", "fail", "secondary"),
    ],
)
def test_an_address_that_asks_for_less(good: Settings, options: str, name: str, state: str, told: str) -> None:
    asks = replace(good, mongodb_uri=f"{good.mongodb_uri}&{options}")
    found = state_of(create_app(asks), name)
    connection.connect(good.mongodb_uri)  # the tests that follow have one connection with this one
    assert (found[0], told in found[1]) == (state, True), found


def test_redis_that_is_away(good: Settings) -> None:
    away = replace(good, redis_url="redis://127.0.0.1:1/0")
    state, message = state_of(create_app(away), "rate_limits")
    assert (state, "Redis cannot be reached" in message) == ("fail", True)


def test_https_that_the_service_does_not_see(good: Settings, certificate: Path) -> None:
    """A proxy that ends TLS and says so, but is not believed; the header that it adds for browsers proves nothing."""
    app = create_app(replace(good, proxy_hops=0))

    def plain(environ: dict[str, Any], start: Any) -> Any:
        def added(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start(status, [*headers, ("Strict-Transport-Security", "max-age=31536000")], *rest)

        return app.wsgi_app({**environ, "wsgi.url_scheme": "http", "HTTP_X_FORWARDED_PROTO": "https"}, added)

    with served(plain, certificate) as url:
        found = serving.https(url)
    assert (found.state, "PROXY_HOPS" in str(found.advice)) == (State.FAIL, True)


def test_https_with_an_untrusted_certificate(
    good: Settings, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(create_app(good), certificate) as url:
        monkeypatch.delenv("SSL_CERT_FILE")
        found = serving.https(url)
    assert (found.state, "cannot be reached" in found.message) == (State.FAIL, True)
