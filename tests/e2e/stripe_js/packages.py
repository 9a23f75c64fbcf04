"""Stripe's browser packages, or the sentence that says why they are missing."""

from __future__ import annotations

import fcntl
import shutil
import subprocess

from tests.e2e.stripe_js.page_server import FOLDER

_LOCK = FOLDER / "package-lock.json"
_INSTALLED = FOLDER / "node_modules" / ".package-lock.json"


def install() -> str | None:
    """Install what package-lock.json names, unless it is there already. What is missing, where it cannot be done."""
    if shutil.which("npm") is None:
        return "npm is not installed: apt-get install npm"
    with _LOCK.open() as held:
        # Test processes that run at the same time install once.
        fcntl.flock(held, fcntl.LOCK_EX)
        if _INSTALLED.exists() and _INSTALLED.stat().st_mtime >= _LOCK.stat().st_mtime:
            return None
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            # A test's own limit must not be what ends it.
            done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False, timeout=90)
        except subprocess.TimeoutExpired:
            return "npm ci could not install Stripe's packages within 90 seconds"
    return f"npm ci could not install Stripe's packages: {done.stderr[-300:]}" if done.returncode else None
