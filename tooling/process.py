"""Which processes are ours: a process id is only trusted together with the time its process started.

Process ids are used again by the system, so a number in a file proves nothing by itself. With the start time it names
one process for good, and an orphan of an earlier run can be ended without any danger for a stranger.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import time
from pathlib import Path


def started_at(pid: int) -> str | None:
    """When the process started, in the kernel's own clock; None when it has ended or is only a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The second field is the command in brackets and may hold spaces; the fields after it are plain.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else fields[19]


def record(path: Path, pid: int) -> None:
    """Write down that ``pid`` is ours."""
    path.write_text(f"{pid} {started_at(pid) or ''}")


def survivor(path: Path) -> int | None:
    """The process that ``record`` wrote down, while it still runs."""
    try:
        pid, _, start = path.read_text().strip().partition(" ")
    except OSError:
        return None
    return int(pid) if start and started_at(int(pid)) == start else None


def end(path: Path, seconds: float) -> None:
    """Stop the recorded process, when it still runs: politely first, then for certain."""
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


def free_port() -> int:
    """A port of loopback that nothing listens on just now, below those that the system gives to outgoing connections.

    So it stays free until the server listens, and while a server that was killed starts again.
    """
    for _ in range(200):
        port = secrets.choice(range(20_000, 32_000))
        if port_is_free(port):
            return port
    raise OSError("no free port between 20000 and 32000 was found")


def port_is_free(port: int) -> bool:
    """True when a server could listen on ``port`` of loopback."""
    with socket.socket() as probe:
        # As servers do: a connection that lingers in TIME_WAIT does not occupy the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
