"""gunicorn and the application trust only our own proxies to name the client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pymongo.database import Database

from app.domain.permissions import Role
from app.factory import create_app
from config import Settings
from tests.integration.dashboards.browsing import add, email_of
from tests.support.server import LiveServer
from tooling.process import free_port

CLIENT = "203.0.113.7"
SAID = {"X-Forwarded-Proto": "https", "X-Forwarded-For": f"6.6.6.6, {CLIENT}", "X-Forwarded-Ssl": "on"}


@pytest.mark.parametrize(("hops", "secure", "address"), [(0, False, "127.0.0.1"), (1, True, CLIENT)])
def test_a_request_line_has_the_documented_fields(
    start_server: Callable[..., LiveServer],
    settings: Settings,
    database: Database[dict[str, Any]],
    hops: int,
    secure: bool,
    address: str,
) -> None:
    """gunicorn by itself would believe every request from this machine that it came by https."""
    add(create_app(settings), Role.VIEWER)
    server = start_server(workers=1, settings=replace(settings, proxy_hops=hops, port=free_port()))
    scheme = server.request("GET", "/healthz", headers=SAID).json()["scheme"]
    assert scheme == ("https" if secure else "http"), "what flask preflight goes by"
    answer = server.request("GET", "/login", headers=SAID)
    assert ("Strict-Transport-Security" in answer.headers) is secure
    assert ("; Secure" in answer.headers["Set-Cookie"]) is secure
    token = answer.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"email": email_of(Role.VIEWER), "password": "wrong password", "csrf_token": token}
    refused = server.request(
        "POST",
        "/login",
        data=form,
        # A browser behind such a proxy has a secure cookie and comes from a page of https.
        headers={
            **SAID,
            "Cookie": answer.headers["Set-Cookie"].partition(";")[0],
            "Referer": answer.url.replace("http://", "https://" if secure else "http://"),
        },
    )
    assert refused.status_code == 401, refused.text
    (entry,) = database["audit_entries"].find({"action": "login.failed"})
    assert entry["details"]["address"] == address
