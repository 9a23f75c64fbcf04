"""The React package in ``frontend/``: installed, checked and built where Node.js is there, and only when it changed.

``python -m tooling.frontend check`` is the part of `make check` about it.
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
_MADE = {"node_modules", "dist"}


class FrontendFailed(Exception):
    """A step of the frontend failed; the message is what it said."""


def missing() -> str | None:
    """What must be installed first, or None when the frontend can be worked with."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return f"Node.js {OLDEST_NODE} or newer is not installed (apt-get install nodejs npm)"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    found = re.match(r"v(\d+)", version)
    if found is None or int(found[1]) < OLDEST_NODE:
        return f"Node.js {version} is too old; the frontend needs {OLDEST_NODE} or newer"
    return None


def install() -> None:
    """Install what package-lock.json names, unless it is there. Raises FrontendFailed, such as without internet."""
    lock = FRONTEND / "package-lock.json"
    with lock.open() as held:
        # Test processes that run at the same time install once.
        fcntl.flock(held, fcntl.LOCK_EX)
        if _INSTALLED.exists() and _INSTALLED.read_bytes() == lock.read_bytes():
            return
        npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
        _INSTALLED.write_bytes(lock.read_bytes())


def npm(*words: str) -> str:
    """Run npm in the frontend's folder and return what it said. Raises FrontendFailed."""
    done = subprocess.run(
        ["npm", *words], cwd=FRONTEND, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    if done.returncode != 0:
        raise FrontendFailed(f"`npm {' '.join(words)}` failed (exit code {done.returncode}):\n{said}")
    return said


def build_demo() -> None:
    """Build the demo page, unless it is built from these very sources. Raises FrontendFailed."""
    install()
    wanted = fingerprint()
    if _BUILT.exists() and _BUILT.read_text() == wanted:
        return
    npm("run", "build:demo")
    _BUILT.write_text(wanted)


def check() -> str:
    """Types and lint, unless these very sources passed. Returns what was done. Raises FrontendFailed."""
    if why := missing():
        return f"frontend: not checked, because {why}."
    install()
    wanted = fingerprint()
    if _CHECKED.exists() and _CHECKED.read_text() == wanted:
        return "frontend: unchanged since its types and lint were checked."
    npm("run", "typecheck")
    npm("run", "lint")
    _CHECKED.parent.mkdir(exist_ok=True)
    _CHECKED.write_text(wanted)
    return "frontend: types and lint are fine."


def fingerprint() -> str:
    """Changes with every source file: by content, because a fresh clone gives all files the same time."""
    digest = hashlib.sha256()
    for path in sorted(FRONTEND.rglob("*")):
        inside = path.relative_to(FRONTEND)
        if path.is_file() and not _MADE.intersection(inside.parts):
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
