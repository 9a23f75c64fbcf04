"""What gunicorn's own process does beside serving: it tidies up, and it says where it failed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from config import Settings
from tests.support.child import ROOT
from tests.support.server import LiveServer, environment
from tooling.process import free_port

HOMES = (Path("/dev/shm"), Path(tempfile.gettempdir()))
CANARY = "canary7canary8"


def folders_of(pid: int) -> list[Path]:
    return [found for home in HOMES for found in home.glob(f"paydesk-metrics-{pid}-*")]


def test_the_folder_of_a_master_that_was_killed_is_removed_and_that_of_a_living_one_is_not(
    start_server: Callable[..., LiveServer], settings: Settings
) -> None:
    living, killed = (start_server(workers=1, settings=replace(settings, port=free_port())) for _ in range(2))
    killed.crash()
    assert len(folders_of(killed.pid)) == 1, "it could not remove it itself"
    start_server(workers=1, settings=replace(settings, port=free_port()))
    assert folders_of(killed.pid) == []
    assert len(folders_of(living.pid)) == 1


def test_a_folder_that_is_locked_belongs_to_a_living_master_of_another_container(
    start_server: Callable[..., LiveServer], settings: Settings, request: pytest.FixtureRequest
) -> None:
    """Its process has a number of its own, which here is nobody's."""
    living = start_server(workers=1, settings=replace(settings, port=free_port()))
    (folder,) = folders_of(living.pid)
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    alias = folder.with_name(f"paydesk-metrics-{int(ended.stdout)}-elsewhere")
    folder.rename(alias)
    request.addfinalizer(lambda: alias.rename(folder))
    start_server(workers=1, settings=replace(settings, port=free_port()))
    assert alias.exists()


def test_failures_before_the_application_starts_are_logged_by_place(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(
        f"try:\n    {{}}['{CANARY}']\nexcept KeyError as error:\n    raise RuntimeError('{CANARY}') from error\n"
    )
    target = ["--pythonpath", str(tmp_path), "--bind", f"127.0.0.1:{free_port()}", "broken:app"]
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", *target],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment(settings)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    # gunicorn prints the message beside it; wsgi.py, whose messages could hold secrets, leaves it none.
    lines = [json.loads(text) for text in done.stderr.splitlines() if text.startswith("{")]
    (line, *_) = [found for found in lines if "error" in found]
    assert CANARY not in json.dumps(lines)
    assert line["error"] == "RuntimeError"
    assert f'File "{tmp_path}/broken.py", line 4' in line["exception"]
    assert "Traceback of KeyError" in line["exception"]
