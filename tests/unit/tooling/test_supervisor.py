from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tooling.page import Login, render
from tooling.supervisor import PartFailed, Service, Supervisor, end_leftovers

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]


def test_a_part_that_ends_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor()
    supervisor.add(Service("good", SLEEP, os.environ, tmp_path))
    command = [sys.executable, "-c", "print('the reason'); raise SystemExit(3)"]
    supervisor.add(Service("bad", command, os.environ, tmp_path))
    with pytest.raises(PartFailed, match=r"bad ended by itself \(exit code 3\)(?s:.*)the reason"):
        supervisor.wait_until(lambda: False, "The end", seconds=10)
    told: list[str] = []
    supervisor.stop(told.append)
    assert told == ["Stopping bad …", "Stopping good …"]
    assert not list((tmp_path / "logs").glob("*.pid"))


def test_waiting_ends_when_time_is_over(tmp_path: Path) -> None:
    supervisor = Supervisor()
    with pytest.raises(PartFailed, match="The start did not happen"):
        supervisor.wait_until(lambda: False, "The start", seconds=0.1)


def test_what_an_earlier_run_lost_is_ended(tmp_path: Path) -> None:
    lost = Service("web", SLEEP, os.environ, tmp_path)
    end_leftovers(tmp_path)
    assert "exit code -15" in (lost.failure() or "")
    assert not list((tmp_path / "logs").glob("*.pid"))


def test_the_page_shows_what_a_newcomer_needs() -> None:
    login = Login("finance@example.com", "finance", "the-password")
    page = render("http://127.0.0.1:8003", "http://127.0.0.1:12111", [login], "the.token")
    for expected in (
        "http://127.0.0.1:8003/api/docs",
        "http://127.0.0.1:8003/healthz",
        "http://127.0.0.1:12111/_sandbox/",
        "finance@example.com  the-password",
        "export TOKEN=the.token",
        "curl -s http://127.0.0.1:8003/api/v1/payments/stripe/create-intent",
    ):
        assert expected in page


def test_the_page_without_sandbox_logins_and_token() -> None:
    page = render("http://127.0.0.1:8003", None, [], None)
    assert "_sandbox" not in page
    assert "flask users create" in page
    assert "AUTH_JWKS_URL" in page
