"""A process that a test starts: its output goes to a file, and it is ended by its own process id."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Child:
    """A running command whose log is kept."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, env: Mapping[str, str], folder: Path = ROOT
    ) -> None:
        self.name = name
        self.log = log
        # Only what is named here and what programs need: a developer's own settings must not reach a test.
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env={**kept, "PYTHONUNBUFFERED": "1", **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_until(self, ready: Callable[[], bool], seconds: float = 30) -> None:
        """Wait until ``ready()``; fails with the log when the process ends or the time is over."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name} was not ready within {seconds} s:\n{self.tail()}")
            time.sleep(0.05)

    def output(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def tail(self, lines: int = 60, since: int = 0) -> str:
        """The end of the log, for people, without its first ``since`` characters."""
        return "\n".join(self.output()[since:].splitlines()[-lines:])

    def crash(self) -> None:
        """Kill the process and all that it started, at one moment and without a word, as a power cut would."""
        if self.process.poll() is None:
            # It leads a session of its own, so its group is it and its children and nobody else.
            os.killpg(self.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self, how: signal.Signals = signal.SIGTERM, seconds: float = 20) -> int:
        """End the process and return its exit code; what does not end in time is killed."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


def checkout(folder: Path) -> Path:
    """The repository in another folder, so that a developer's own .data and .env stay out of it."""
    folder.mkdir()
    for entry in ROOT.iterdir():
        if not entry.name.startswith("."):
            (folder / entry.name).symlink_to(entry)
    return folder
