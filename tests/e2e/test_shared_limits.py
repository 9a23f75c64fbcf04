"""Rate limits of two servers that count in one Redis."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from config import Settings
from tests.support.child import Child
from tests.support.server import LiveServer
from tooling.process import free_port

REDIS = shutil.which("redis-server")
LIMIT = 20
SIGN_INS = 20


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[str, Child]]:
    """A real Redis in memory, and its address."""
    if REDIS is None:
        pytest.skip("redis-server is not installed (Debian and Ubuntu: apt install redis-server)")
    port = free_port()
    command = [REDIS, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    server = Child("redis-server", command, tmp_path / "redis.log", {})
    server.wait_until(lambda: "Ready to accept connections" in server.output())
    yield f"redis://127.0.0.1:{port}/0", server
    server.stop()


@pytest.fixture
def servers(redis: tuple[str, Child], settings: Settings, start_server: Callable[..., LiveServer]) -> list[LiveServer]:
    """Two gunicorns, as on two machines."""
    shared = replace(settings, redis_url=redis[0], rate_limit_reads=LIMIT)
    return [start_server(workers=1, settings=replace(shared, port=free_port())) for _ in range(2)]


def ask(server: LiveServer, bearer: dict[str, str]) -> requests.Response:
    return server.request("GET", "/api/v1/payments", headers=bearer)


def test_two_servers_count_together(servers: list[LiveServer], bearer: dict[str, str]) -> None:
    answers = [ask(servers[number % 2], bearer).status_code for number in range(LIMIT)]
    assert answers == [200] * LIMIT
    for server in servers:
        refused = ask(server, bearer)
        assert (refused.status_code, refused.json()["error"]) == (429, "rate_limited")
        assert 0 < int(refused.headers["Retry-After"]) <= 60


def sign_in(server: LiveServer) -> requests.Response:
    """A wrong password, each time for an account that there is not, so that no account is locked."""
    shown = server.request("GET", "/login")
    found = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
    assert found
    form = {"email": f"{secrets.token_hex(4)}@example.com", "password": "wrong", "csrf_token": found[1]}
    return server.request("POST", "/login", data=form)


def test_two_servers_count_sign_ins_together(servers: list[LiveServer]) -> None:
    answers = [sign_in(servers[number % 2]).status_code for number in range(SIGN_INS)]
    assert answers == [401] * SIGN_INS
    for server in servers:
        # The window slides, so on a slow machine one more may have been let in meanwhile.
        refused = [sign_in(server) for _ in range(3)][-1]
        assert refused.status_code == 429
        assert 0 < int(refused.headers["Retry-After"]) <= 60


def test_without_redis_each_server_goes_on_counting_by_itself(
    redis: tuple[str, Child], servers: list[LiveServer], bearer: dict[str, str]
) -> None:
    assert ask(servers[0], bearer).status_code == 200
    redis[1].crash()
    for server in servers:
        answers = [ask(server, bearer).status_code for _ in range(LIMIT + 1)]
        assert answers == [200] * LIMIT + [429]
