"""Every flow in both proven API versions: calls by what the service is set to, events by what its endpoint is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from config import Settings
from tests.integration.flows.erp import Erp
from tests.support.sandbox import SandboxProcess
from tests.support.server import LiveServer, SharedServer

EVERYTHING = "payments:read payments:write payments:refund"
OLD, NEW = "2023-10-16", "2026-10-28.endive"


@dataclass(frozen=True)
class Versions:
    """The version of our calls, and that of the events which come back."""

    calls: str
    events: str


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(Versions(OLD, OLD), id="2023"),
        pytest.param(Versions(NEW, NEW), id="2026"),
        pytest.param(Versions(OLD, NEW), id="2023, events 2026", marks=pytest.mark.thorough),
        pytest.param(Versions(NEW, OLD), id="2026, events 2023", marks=pytest.mark.thorough),
    ],
)
def versions(request: pytest.FixtureRequest) -> Versions:
    found: Versions = request.param
    return found


@pytest.fixture(scope="module")
def newer_server(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedServer]:
    """gunicorn that calls Stripe in the newer version; it and the older one take turns at one port."""
    log = tmp_path_factory.mktemp("newer_server") / "gunicorn.log"
    server = SharedServer(replace(settings, stripe_api_version=NEW), log)
    yield server
    server.stop()


@pytest.fixture
def shared_server(
    shared_server: SharedServer, newer_server: SharedServer, versions: Versions, sandbox: SandboxProcess
) -> Iterator[SharedServer]:
    """The server of this version, whose endpoint at Stripe has the version of the events."""
    mine, other = (shared_server, newer_server) if versions.calls == OLD else (newer_server, shared_server)
    other.stop()
    sandbox.put("webhooks", {"api_version": versions.events})
    yield mine
    sandbox.put("webhooks", {"api_version": None})


@pytest.fixture
def erp(live_server: LiveServer, token: Callable[..., str]) -> Erp:
    """The ERP in front of two gunicorn workers, with webhooks coming in from the sandbox."""
    return Erp(live_server.base_url, token(scope=EVERYTHING))
