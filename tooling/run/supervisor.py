"""Starts processes in order, notices when one exits, and stops them in the opposite order."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, Protocol

from tooling import process
from tooling.mongo.embedded import EmbeddedMongo


class PartFailed(Exception):
    """A required part does not run; the message says which, why, and where to look."""


class Part(Protocol):
    """A part of the stack that runs until it is stopped."""

    name: str

    def failure(self) -> str | None:
        """Why it exited by itself, or None while it runs."""

    def stop(self) -> None:
        """Stop it and wait until it has exited."""


class Service:
    """A child process with its output in a log file."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str], data: Path) -> None:
        self.name = name
        self.log = data / "logs" / f"{name}.log"
        self._pid_path = data / "logs" / f"{name}.pid"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C in a terminal must reach only the supervisor, which stops its parts in order.
                start_new_session=True,
            )
        process.record(self._pid_path, self._process.pid)

    def failure(self) -> str | None:
        code = self._process.poll()
        if code is None:
            return None
        return f"{self.name} exited by itself (exit code {code}). The end of {self.log}:\n{tail(self.log)}"

    def stop(self) -> None:
        # Longer than gunicorn waits for running requests.
        process.stop(self._process, 35)
        self._pid_path.unlink(missing_ok=True)


class MongoPart:
    """The embedded MongoDB as a part."""

    name = "mongod"

    def __init__(self, mongo: EmbeddedMongo) -> None:
        self._mongo = mongo

    def failure(self) -> str | None:
        for node in self._mongo.nodes:
            if (failure := node.failure()) is not None:
                return f"{failure}\nThe end of {node.log_path}:\n{tail(node.log_path, 5)}"
        return None

    def stop(self) -> None:
        self._mongo.stop()


class Supervisor:
    """The running parts, in the order of their start."""

    def __init__(self) -> None:
        self._parts: list[Part] = []

    def add(self, part: Part) -> None:
        self._parts.append(part)

    def check(self) -> None:
        """Raise PartFailed if a part has exited."""
        for part in self._parts:
            if (failure := part.failure()) is not None:
                raise PartFailed(failure)

    def wait_until(self, ready: Callable[[], bool], event: str, seconds: float) -> None:
        """Wait until ``ready()``. Raises PartFailed when a part exits or the time is up."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise PartFailed(f"{event} did not happen within {seconds:.0f} s.")
            time.sleep(0.1)

    def watch(self) -> NoReturn:
        """Wait until a part exits, then raise PartFailed."""
        while True:
            self.check()
            time.sleep(0.5)

    def stop(self, report: Callable[[str], None]) -> None:
        """Stop every part, the last one first, and report each."""
        while self._parts:
            part = self._parts.pop()
            report(f"Stopping {part.name} …")
            part.stop()


def end_leftovers(data: Path) -> None:
    """Stop the services that a killed run left behind; they would still use the ports."""
    for recorded in sorted((data / "logs").glob("*.pid")):
        process.end(recorded, seconds=35)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a file, indented."""
    try:
        end = log.read_text("utf-8", "replace").splitlines()[-lines:]
    except OSError:
        end = []
    return "\n".join(f"    {line}" for line in end) or "    (it is empty)"
