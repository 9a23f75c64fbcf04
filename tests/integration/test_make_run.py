"""`make run` on a machine without Node.js: it says so in one line, and everything but the demo shop is there."""

from __future__ import annotations

import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from config import Settings
from tests.support.child import ROOT, Child
from tests.support.server import environment
from tooling.process import free_port

pytestmark = pytest.mark.timeout(300)

TOLD = "No demo shop at /demo: Node.js 20 or newer is not installed (apt-get install nodejs npm)"


def checkout(folder: Path) -> Path:
    """The repository in another folder, so that a developer's own .data and .env stay out of it."""
    folder.mkdir()
    for entry in ROOT.iterdir():
        if not entry.name.startswith("."):
            (folder / entry.name).symlink_to(entry)
    return folder


def test_without_node_everything_but_the_demo_shop_is_served(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    port = free_port()
    run = Child(
        "make run",
        [sys.executable, "-m", "tooling.run"],
        tmp_path / "run.log",
        {**environment(replace(settings, port=port)), "PATH": str(tmp_path / "bin")},
        folder=checkout(tmp_path / "checkout"),
    )
    try:
        run.wait_until(lambda: "Paydesk is running." in run.output(), seconds=120)
        assert [line for line in run.output().splitlines() if "demo" in line.lower()] == [TOLD]
        base = f"http://127.0.0.1:{port}"
        assert requests.get(f"{base}/readyz", timeout=30).status_code == 200
        assert requests.get(f"{base}/demo/", timeout=30).status_code == 404
    finally:
        exit_code = run.stop(signal.SIGINT, seconds=60)
    assert exit_code == 0, run.tail()
    assert "Stopped." in run.output()
