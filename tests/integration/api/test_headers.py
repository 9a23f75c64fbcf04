"""Headers of answers for programs, and whose word about the client is taken."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, request

from app.factory import create_app
from config import Settings, SettingsError
from tests.integration.api.caller import Caller, settings_for
from tests.integration.api.stripe_double import StripeDouble

ORIGIN = "https://erp.example.com"
MACHINES = (
    *("/api/v1/payments", "/api/v1/payments/stripe/config", "/api/v1/nothing"),
    *("/api/openapi.json", "/healthz", "/readyz"),
)
PEER = "10.0.0.9"


@pytest.mark.parametrize("path", MACHINES)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_every_answer_is_guarded(erp: Caller, path: str, scheme: str) -> None:
    headers = erp.client.get(path, base_url=f"{scheme}://pay.example.com").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert headers.get("Strict-Transport-Security") == ("max-age=31536000" if scheme == "https" else None)


def test_the_page_of_the_documentation_keeps_its_own_policy(erp: Caller) -> None:
    assert "script-src" in erp.client.get("/api/docs").headers["Content-Security-Policy"]


def test_a_page_of_another_origin_may_read_and_send_what_it_needs_and_no_cookies(
    mongo_uri: str, stripe: StripeDouble
) -> None:
    erp = Caller(create_app(settings_for(mongo_uri, stripe.url, cors_origins=(ORIGIN, "https://shop.example.com"))))
    path = "/api/v1/payments/stripe/create-intent"
    allowed_headers = "authorization,content-type,idempotency-key,x-request-id"
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": allowed_headers}
    allowed = erp.client.options(path, headers={"Origin": ORIGIN, **asked}).headers
    assert set(allowed_headers.split(",")) <= set(allowed["Access-Control-Allow-Headers"].lower().split(", "))
    assert "POST" in allowed["Access-Control-Allow-Methods"]
    answer = erp.ask("GET", "", headers={"Origin": ORIGIN})
    assert answer.status_code == 200
    assert set(answer.headers["Access-Control-Expose-Headers"].split(", ")) == {"X-Request-ID", "Retry-After"}
    assert "Origin" in answer.headers["Vary"]
    # Bearer tokens only: with cookies, every page of the origin would act for whoever is signed in.
    assert "Access-Control-Allow-Credentials" not in {**allowed, **answer.headers}


def seen(hops: int, headers: dict[str, str]) -> dict[str, Any]:
    """The client as the service sees it behind ``hops`` proxies, when a request from PEER brings ``headers``."""
    app: Flask = create_app(Settings(proxy_hops=hops, log_level="CRITICAL"))
    with app.test_client() as client:
        client.get("/healthz", headers=headers, environ_base={"REMOTE_ADDR": PEER})
        return {"address": request.remote_addr, "secure": request.is_secure, "host": request.host}


FORGED = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example.com",
    "Forwarded": "for=6.6.6.6;proto=https;host=evil.example.com",
}


def test_without_a_proxy_nobodys_word_is_taken() -> None:
    assert seen(0, FORGED) == {"address": PEER, "secure": False, "host": "localhost"}


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        (2, "203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (2, "6.6.6.6, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
        # A request that did not come through both proxies.
        (2, "6.6.6.6", PEER),
    ],
)
def test_only_headers_of_our_proxies_are_trusted(hops: int, forwarded: str, address: str) -> None:
    found = seen(hops, {**FORGED, "X-Forwarded-For": forwarded})
    assert found == {"address": address, "secure": True, "host": "localhost"}


@pytest.mark.parametrize("value", ["-1", "11", "one"])
def test_a_number_of_proxies_that_cannot_be_is_refused_at_start(value: str) -> None:
    with pytest.raises(SettingsError, match="PROXY_HOPS"):
        Settings.from_env({"PROXY_HOPS": value})
