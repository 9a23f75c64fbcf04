"""A setting that cannot work ends every way of starting with one sentence."""

from __future__ import annotations

import gc
import json
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest
import stripe

from app.gateway import client
from config import Settings
from tests.support.child import checkout
from tooling.run.env_files import RunEnv

ROOT = Path(__file__).parents[2]
STARTS = {
    "gunicorn": ["-m", "gunicorn", "wsgi:app", "--bind", "127.0.0.1:0"],
    "another server": ["-c", "import wsgi"],
    "a command": ["-m", "flask", "--app", "wsgi", "db", "indexes"],
    "the worker": ["-m", "flask", "--app", "wsgi", "worker", "run"],
    "the checklist": ["-m", "flask", "--app", "wsgi", "preflight"],
    "the list of commands": ["-m", "flask", "--app", "wsgi", "--help"],
}
CANARY = "canary7canary8"


class Run(Protocol):
    def __call__(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]: ...


def python(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Python in ``folder`` with nothing but ``environ`` set."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Python in a checkout where neither `.env` nor `make run` can set more."""
    return partial(python, checkout(tmp_path_factory.mktemp("start") / "checkout"))


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", f"keydb://:{CANARY}@localhost"),
        pytest.param(*("MONGODB_URI", f"mongodb://paydesk:1/{CANARY}@localhost/paydesk"), marks=pytest.mark.thorough),
    ],
)
def test_a_bad_setting_is_one_sentence_without_its_value(run: Run, start: list[str], name: str, value: str) -> None:
    done = run(*start, **{name: value})
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(f"Paydesk cannot start. {name} ")
    assert CANARY not in done.stdout + sentence


def test_any_other_failed_start_names_the_place_and_quotes_no_value(run: Run) -> None:
    """Messages of libraries may quote their arguments."""
    faulty = f"def fail(_): raise RuntimeError('{CANARY}')"
    done = run("-c", f"import app.factory\n{faulty}\napp.factory.create_app = fail\nimport wsgi")
    assert done.returncode == 3
    line, sentence = done.stderr.splitlines()
    assert (json.loads(line)["error"], "wsgi.py" in json.loads(line)["exception"]) == ("RuntimeError", True)
    assert sentence == "Paydesk cannot start (RuntimeError). The line above says where."
    assert CANARY not in done.stdout + line


@pytest.mark.parametrize("start", [STARTS["gunicorn"], STARTS["the worker"]], ids=["gunicorn", "the worker"])
def test_a_value_that_only_a_library_refuses_ends_the_start_too(run: Run, start: list[str]) -> None:
    # One worker: where two fail in the same moment, gunicorn may end with a status of its own.
    done = run(*start, REDIS_URL=f"redis://:{CANARY}@localhost/0?db={CANARY}", WEB_CONCURRENCY="1")
    assert done.returncode == 3
    assert "Paydesk cannot start (ValueError)." in done.stderr
    assert CANARY not in done.stdout + done.stderr


def test_only_the_flask_command_line_reads_the_settings_of_make_run(tmp_path: Path) -> None:
    """The file holds a value that Paydesk refuses, so that a reader of the file fails."""
    folder = checkout(tmp_path / "checkout")
    run_env = RunEnv(folder / ".data" / "run.env")
    run_env.publish({"MONGODB_URI": "mongodb://127.0.0.1:1/paydesk", "REDIS_URL": "refused"})
    servers = ["-m", "gunicorn", "--check-config", "wsgi:app"], ["-c", "import wsgi"]
    for server in servers:
        done = python(folder, *server)
        assert (done.returncode, done.stderr) == (0, "")
    command = python(folder, "-m", "flask", "users", "list")
    assert command.returncode == 1
    assert command.stderr.splitlines()[1].startswith("Paydesk cannot start. REDIS_URL ")
    run_env.remove()


@pytest.mark.parametrize("timeout", [1, 10, 60])
def test_a_deploy_waits_for_the_longest_call_of_stripe(run: Run, timeout: int) -> None:
    printed = run("-m", "gunicorn", "--print-config", "wsgi:app", STRIPE_TIMEOUT=str(timeout)).stdout
    graceful = re.search(r"^graceful_timeout += (\d+)$", printed, re.MULTILINE)
    assert graceful, printed
    pauses = client.RETRIES * stripe.HTTPClient.MAX_DELAY
    assert int(graceful[1]) > (1 + client.RETRIES) * (client.CONNECT_SECONDS + timeout) + pauses


def test_workers_freeze_garbage_collection_after_their_start() -> None:
    namespace: dict[str, Any] = {}
    exec((ROOT / "gunicorn.conf.py").read_text("utf-8"), namespace)  # noqa: S102 - gunicorn does the same
    before = gc.get_freeze_count()
    try:
        namespace["post_worker_init"](None)
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()


def test_threads_are_left_for_webhooks_while_a_hundred_requests_wait_for_stripe() -> None:
    """DESIGN: two workers hold 100 create-intents in flight and still answer webhooks."""
    namespace: dict[str, object] = {}
    exec((ROOT / "gunicorn.conf.py").read_text("utf-8"), namespace)  # noqa: S102 - gunicorn does the same
    threads = namespace["threads"]
    assert isinstance(threads, int)
    assert threads * Settings().web_concurrency >= 150
