from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

from tooling import process


def test_a_recorded_process_is_ended(tmp_path: Path) -> None:
    record = tmp_path / "pid"
    child = subprocess.Popen(["sleep", "60"])
    process.record(record, child.pid)
    assert process.survivor(record) == child.pid
    process.end(record, seconds=10)
    assert child.wait(10) != 0
    assert not record.exists()


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    record = tmp_path / "pid"
    child = subprocess.Popen(["sh", "-c", "trap '' TERM; echo; while :; do sleep 1; done"], stdout=subprocess.PIPE)
    assert child.stdout is not None
    with child.stdout:
        child.stdout.readline()  # the trap is set
        process.record(record, child.pid)
        process.end(record, seconds=0.2)
        assert child.wait(10) == -9


def test_a_reused_process_id_is_left_alone(tmp_path: Path) -> None:
    record = tmp_path / "pid"
    record.write_text(f"{os.getpid()} 1")
    assert process.survivor(record) is None
    process.end(record, seconds=1)
    assert not record.exists()


def test_without_a_record_there_is_no_survivor(tmp_path: Path) -> None:
    assert process.survivor(tmp_path / "pid") is None
    (tmp_path / "empty").touch()
    assert process.survivor(tmp_path / "empty") is None


def test_ports() -> None:
    port = process.free_port()
    assert process.port_is_free(port)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert not process.port_is_free(port)
