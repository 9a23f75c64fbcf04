"""Installs, checks and builds the React package in ``frontend/``, where Node.js is installed and only when it changed.

``python -m tooling.frontend`` is its part of `make check`.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

FRONTEND = Path(__file__).parents[1] / "frontend"
DEMO = FRONTEND / "demo" / "dist"
OLDEST_NODE = 20
_INSTALLED = FRONTEND / "node_modules" / ".paydesk-lock"
_CHECKED = FRONTEND / "node_modules" / ".cache" / "paydesk-checked"
_BUILT = DEMO / ".built-from"
_GENERATED = {"node_modules", "dist"}


class FrontendFailed(Exception):
    """A step of the frontend failed; the message is its output."""


def missing() -> str | None:
    """What must be installed first, or None where Node.js is new enough."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return f"Node.js {OLDEST_NODE} or newer is not installed (apt-get install nodejs npm)"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    major = re.match(r"v(\d+)", version)
    if major is None or int(major[1]) < OLDEST_NODE:
        return f"Node.js {version} is too old; the frontend needs {OLDEST_NODE} or newer"
    return None


def install() -> None:
    """Install what package-lock.json names, unless it is installed. Raises FrontendFailed."""
    lock = FRONTEND / "package-lock.json"
    with lock.open() as file:
        # Test processes that run at the same time install once.
        fcntl.flock(file, fcntl.LOCK_EX)
        if _INSTALLED.exists() and _INSTALLED.read_bytes() == lock.read_bytes():
            return
        npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
        _INSTALLED.write_bytes(lock.read_bytes())


def npm(*words: str) -> str:
    """Run npm in the frontend's folder and return its output. Raises FrontendFailed."""
    done = subprocess.run(
        ["npm", *words], cwd=FRONTEND, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    output = done.stdout + done.stderr
    if done.returncode != 0:
        raise FrontendFailed(f"`npm {' '.join(words)}` failed (exit code {done.returncode}):\n{output}")
    return output


def build_demo() -> None:
    """Build the demo page, unless the build is of the same sources. Raises FrontendFailed."""
    install()
    current = fingerprint()
    if _BUILT.exists() and _BUILT.read_text() == current:
        return
    npm("run", "build:demo")
    _BUILT.write_text(current)


def check() -> str:
    """Check types and lint, unless the same sources passed before. Returns a sentence. Raises FrontendFailed."""
    if why := missing():
        return f"frontend: not checked, because {why}."
    install()
    current = fingerprint()
    if _CHECKED.exists() and _CHECKED.read_text() == current:
        return "frontend: unchanged since its types and lint passed."
    npm("run", "typecheck")
    npm("run", "lint")
    _CHECKED.parent.mkdir(exist_ok=True)
    _CHECKED.write_text(current)
    return "frontend: types and lint passed."


def fingerprint() -> str:
    """A digest of every source file: of its content, because a fresh clone gives all files the same time."""
    digest = hashlib.sha256()
    for path in sorted(FRONTEND.rglob("*")):
        inside = path.relative_to(FRONTEND)
        if path.is_file() and not _GENERATED.intersection(inside.parts):
            digest.update(f"{inside}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def main() -> int:
    """The part of `make check`."""
    try:
        print(check())
    except FrontendFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
