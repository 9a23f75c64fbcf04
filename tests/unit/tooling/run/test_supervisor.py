from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tooling.run.supervisor import PartFailed, Service, Supervisor, end_leftovers

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]


def test_a_part_that_exits_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor()
    supervisor.add(Service("good", SLEEP, os.environ, tmp_path))
    command = [sys.executable, "-c", "print('the reason'); raise SystemExit(3)"]
    supervisor.add(Service("bad", command, os.environ, tmp_path))
    with pytest.raises(PartFailed, match=r"bad exited by itself \(exit code 3\)(?s:.*)the reason"):
        supervisor.wait_until(lambda: False, "The end", seconds=10)
    messages: list[str] = []
    supervisor.stop(messages.append)
    assert messages == ["Stopping bad …", "Stopping good …"]
    assert not list((tmp_path / "logs").glob("*.pid"))


def test_waiting_ends_when_the_time_is_up(tmp_path: Path) -> None:
    supervisor = Supervisor()
    with pytest.raises(PartFailed, match="The start did not happen"):
        supervisor.wait_until(lambda: False, "The start", seconds=0.1)


def test_services_that_a_killed_run_left_behind_are_stopped(tmp_path: Path) -> None:
    leftover = Service("web", SLEEP, os.environ, tmp_path)
    end_leftovers(tmp_path)
    assert "exit code -15" in (leftover.failure() or "")
    assert not list((tmp_path / "logs").glob("*.pid"))
