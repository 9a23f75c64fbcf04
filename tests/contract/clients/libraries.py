"""Stripe's libraries, each installed once by its own package manager into pytest's cache folder."""

from __future__ import annotations

import fcntl
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract.stripe_reference import NEWEST, VERSION
from tooling import frontend

HERE = Path(__file__).parent
# What pip and npm say where no registry can be reached.
_OFFLINE = re.compile(
    "NewConnectionError|NameResolutionError|ConnectTimeout|Failed to establish a new connection"
    "|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH"
)


@dataclass(frozen=True)
class Library:
    """A release of one of Stripe's libraries, and the API version that it sends where it is not given another."""

    kind: str
    release: str
    pins: str


# The newest release of each, and the last one whose version is 2023-10-16.
LIBRARIES = (
    Library("python", "8.11.1", VERSION),
    Library("python", "16.1.0", NEWEST),
    Library("node", "23.1.0", NEWEST),
)


def command(library: Library, cache: Path) -> list[str]:
    """The program of its journey, installed first if need be; skips the test where no registry can be reached."""
    if library.kind == "node" and (why := frontend.missing()):
        pytest.skip(why)
    folder = cache / f"{library.kind}-{library.release}"
    with (cache / f"{folder.name}.lock").open("w") as lock:
        # Test processes that run at the same time install once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        complete = folder / "complete"
        if not complete.exists():
            for step in _installation(library, folder):
                _run(step)
            complete.touch()
    if library.kind == "node":
        return ["node", str(HERE / "journey.mjs"), str(folder)]
    return [str(folder / "bin" / "python"), str(HERE / "journey.py")]


def _installation(library: Library, folder: Path) -> list[list[str]]:
    if library.kind == "node":
        return [["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", f"stripe@{library.release}"]]
    return [
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(folder / "bin" / "pip"), "install", "--quiet", "--retries", "1", f"stripe=={library.release}"],
    ]


def _run(step: list[str]) -> None:
    done = subprocess.run(step, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    if done.returncode and _OFFLINE.search(output):
        pytest.skip(f"{step[-1]} is not installed yet, and its registry cannot be reached")
    assert done.returncode == 0, output
