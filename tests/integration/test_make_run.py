"""`make run` on a machine without Node.js, and flask commands in a second terminal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from config import Settings
from tests.support.child import Child, checkout
from tests.support.server import environment
from tooling.process import free_port

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]
NO_DEMO = "No demo shop at /demo: Node.js 20 or newer is not installed (apt-get install nodejs npm)"
RUNNING = "Using the Paydesk that `make run` started (http://127.0.0.1:{port}).\n"


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
        assert [line for line in run.output().splitlines() if "demo" in line.lower()] == [NO_DEMO]
        base = f"http://127.0.0.1:{port}"
        assert requests.get(f"{base}/readyz", timeout=30).status_code == 200
        assert requests.get(f"{base}/demo/", timeout=30).status_code == 404
    finally:
        exit_code = run.stop(signal.SIGINT, seconds=60)
    assert exit_code == 0, run.tail()
    assert "Stopped." in run.output()


def flask(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A command in a second terminal, where only ``environ`` is configured."""
    return subprocess.run(
        [sys.executable, "-m", "flask", *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def show_what_the_readme_shows(run: Child, port: int) -> None:
    """Run the README's two sessions as they are printed, and look at what became of each order."""
    text = (ROOT / "README.md").read_text("utf-8").replace("http://127.0.0.1:8003", f"http://127.0.0.1:{port}")
    sandbox = next(line for line in run.output().split() if line.endswith("/_sandbox/"))
    token = next(line for line in run.output().splitlines() if "export TOKEN=" in line).partition("=")[2].strip()
    session = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    session = session.replace("http://127.0.0.1:12111/_sandbox", sandbox.rstrip("/")).replace("export TOKEN=…", "")
    done = subprocess.run(
        ["bash", "-euc", session],
        env={**os.environ, "TOKEN": token},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr

    def order(order_id: str) -> Any:
        query = {"order_id": order_id}
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.get(f"http://127.0.0.1:{port}/api/v1/payments", query, headers=headers, timeout=30)
        return answer.json()["data"]

    run.wait_until(lambda: order("sepa-1")[0]["status"] == "failed" and order("hold-1")[0]["fraud_warning"], seconds=30)
    (card,), (hold,), (debit,), (voucher,) = (order(name) for name in ("order-1", "hold-1", "sepa-1", "oxxo-1"))
    assert (card["status"], card["amount_refunded"]) == ("completed", 20)
    assert (hold["status"], hold["amount_captured"], hold["amount_released"]) == ("completed", 60, 40)
    assert (hold["refund_status"], hold["fraud_warning"]["actionable"]) == ("none", True)
    assert (debit["payment_method"]["type"], debit["failure"]["group"]) == ("sepa_debit", "funds")
    assert (voucher["status"], voucher["waiting_for"]) == ("requires_action", "voucher")
    assert order("1001") == [], "another application's order"


def test_commands_talk_to_what_make_run_started(tmp_path: Path) -> None:
    """A new developer's run: its own MongoDB, sandbox and secrets."""
    folder = checkout(tmp_path / "checkout")
    (tmp_path / "bin").mkdir()
    port = free_port()
    run_env = folder / ".data" / "run.env"
    run = Child(
        "make run",
        [sys.executable, "-m", "tooling.run"],
        tmp_path / "run.log",
        {"PORT": str(port), "PATH": str(tmp_path / "bin"), "STRIPE_PAYMENT_METHODS": "automatic"},
        folder=folder,
    )
    try:
        run.wait_until(lambda: "Paydesk is running." in run.output(), seconds=120)
        assert run_env.stat().st_mode & 0o777 == 0o600

        issued = flask(folder, "tokens", "issue", "--subject", "shop", "--scope", "payments:read")
        assert (issued.returncode, issued.stderr) == (0, RUNNING.format(port=port))
        answer = requests.get(
            f"http://127.0.0.1:{port}/api/v1/payments",
            headers={"Authorization": f"Bearer {issued.stdout.strip()}"},
            timeout=30,
        )
        assert answer.status_code == 200
        assert answer.json()["data"], "the sample payments"

        show_what_the_readme_shows(run, port)

        created = flask(folder, "users", "create", "new@example.com", "--role", "viewer")
        assert (created.returncode, created.stderr.startswith(RUNNING.format(port=port))) == (0, True)
        accounts = flask(folder, "users", "list").stdout
        assert {"new@example.com", "finance@example.com"} <= set(accounts.split())

        reconciled = flask(folder, "stripe", "reconcile", "--since", "1d")
        assert reconciled.returncode == 0, reconciled.stderr

        # .env wins. It names another database, which does not exist.
        (folder / ".env").write_text("MONGODB_URI=mongodb://127.0.0.1:1/paydesk?serverSelectionTimeoutMS=100\n")
        elsewhere = flask(folder, "users", "list")
        assert elsewhere.returncode == 1
        assert RUNNING.format(port=port) not in elsewhere.stderr
        (folder / ".env").unlink()
    finally:
        exit_code = run.stop(signal.SIGINT, seconds=60)
    assert exit_code == 0, run.tail()
    assert not run_env.exists()
