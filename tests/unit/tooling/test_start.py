"""A setting that cannot work ends every way of starting with one sentence."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config import Settings

ROOT = Path(__file__).parents[3]
STARTS = {
    "gunicorn": ["-m", "gunicorn", "wsgi:app", "--bind", "127.0.0.1:0"],
    "another server": ["-c", "import wsgi"],
    "a command": ["-m", "flask", "--app", "wsgi", "db", "indexes"],
}


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_a_bad_setting_is_told_without_a_traceback(start: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *start],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PORT": "many"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Paydesk cannot start. PORT must be a whole number, not 'many'" in done.stderr
    assert "Traceback" not in done.stderr


def test_workers_do_not_look_through_what_stays_for_garbage() -> None:
    namespace: dict[str, Any] = {}
    exec((ROOT / "gunicorn.conf.py").read_text("utf-8"), namespace)  # noqa: S102 - gunicorn does the same
    before = gc.get_freeze_count()
    try:
        namespace["post_worker_init"](None)
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()


def test_a_hundred_requests_wait_for_stripe_and_webhooks_have_threads_left() -> None:
    """DESIGN: two workers hold 100 create-intents in flight while webhooks go on."""
    namespace: dict[str, object] = {}
    exec((ROOT / "gunicorn.conf.py").read_text("utf-8"), namespace)  # noqa: S102 - gunicorn does the same
    threads = namespace["threads"]
    assert isinstance(threads, int)
    assert threads * Settings().web_concurrency >= 150
