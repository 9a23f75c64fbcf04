"""Processes that an earlier run started, and ports that are free.

The system reuses process ids, so a number in a file proves nothing. Together with the start time of its process it is
unique, and a leftover of an earlier run can be ended without the risk of ending an unrelated process.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path


def started_at(pid: int) -> str | None:
    """When the process started, by the kernel's clock; None when it has ended or is a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The second field is the command in brackets, which may contain spaces. The fields after it contain none.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else fields[19]


def record(path: Path, pid: int) -> None:
    """Record in ``path`` that we started ``pid``."""
    path.write_text(f"{pid} {started_at(pid) or ''}")


def survivor(path: Path) -> int | None:
    """The recorded process, while it still runs."""
    try:
        pid, _, start = path.read_text().strip().partition(" ")
    except OSError:
        return None
    return int(pid) if start and started_at(int(pid)) == start else None


def end(path: Path, seconds: float) -> None:
    """End the recorded process if it still runs: SIGTERM first, after ``seconds`` SIGKILL."""
    pid = survivor(path)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while survivor(path) is not None and time.monotonic() < deadline:
            time.sleep(0.05)
        if survivor(path) is not None:
            os.kill(pid, signal.SIGKILL)
            while survivor(path) is not None:
                time.sleep(0.05)
    path.unlink(missing_ok=True)


def stop(child: subprocess.Popen[bytes], seconds: float, first: signal.Signals = signal.SIGTERM) -> None:
    """Stop our own child with the signal ``first``; after ``seconds`` with SIGKILL."""
    child.send_signal(first)
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def free_port() -> int:
    """A free port of loopback, below the range that the system uses for outgoing connections.

    So it stays free until the server listens, and while a killed server starts again.
    """
    for _ in range(200):
        port = secrets.choice(range(20_000, 32_000))
        if port_is_free(port):
            return port
    raise OSError("no port between 20000 and 32000 is free")


def port_is_free(port: int) -> bool:
    """True when a server could listen on ``port`` of loopback."""
    with socket.socket() as probe:
        # As servers do, so that a connection in TIME_WAIT does not count as using the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
