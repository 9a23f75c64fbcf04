"""The stack of a benchmark: a real mongod, the sandbox, and gunicorn with the settings of production."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jwt

from tooling.process import free_port

WEBHOOK_SECRET = "whsec_bench"  # noqa: S105 (a fixed secret for loopback)
JWT_SECRET = "bench-secret-of-at-least-32-bytes!"  # noqa: S105
WORKERS = 2
FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]
_ROOT = Path(__file__).parents[2]
_START_SECONDS = 30


def environment(mongo_uri: str, stripe_base: str = "") -> dict[str, str]:
    """The settings of the measured service."""
    return {
        **os.environ,
        "MONGODB_URI": mongo_uri,
        "STRIPE_SECRET_KEY": "sk_test_bench",
        "STRIPE_PUBLISHABLE_KEY": "pk_test_bench",
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "STRIPE_API_BASE": stripe_base,
        "SECRET_KEY": "bench-secret-key-for-loopback-only",
        "AUTH_JWT_SECRET": JWT_SECRET,
        "LOG_LEVEL": "WARNING",
        "WEB_CONCURRENCY": str(WORKERS),
        # Requests are counted as always, but the benchmark as the only caller is never refused.
        "RATE_LIMIT_WRITES": "1000000",
        "RATE_LIMIT_READS": "1000000",
    }


def flask(env: dict[str, str], *words: str) -> None:
    """Run a flask command in silence. Raises CalledProcessError."""
    subprocess.run([*FLASK, *words], env=env, check=True, stdout=subprocess.DEVNULL)


def token(scope: str) -> str:
    """A bearer token for a day."""
    claims: dict[str, Any] = {"iss": "paydesk", "aud": "paydesk", "sub": "bench", "scope": scope}
    return jwt.encode({**claims, "exp": int(time.time()) + 86_400}, JWT_SECRET, algorithm="HS256")


@contextmanager
def gunicorn(target: str, env: dict[str, str], *, ready: str = "/healthz") -> Iterator[str]:
    """Run a WSGI application under our gunicorn settings; yields its base URL once ``ready`` answers at all."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", target, "-c", "gunicorn.conf.py", "--log-level", "error"]
    command += ["--bind", f"127.0.0.1:{port}", "--access-logfile", os.devnull]
    with _running(command, {**env, "PORT": str(port)}):
        base = f"http://127.0.0.1:{port}"
        _wait_for(base + ready)
        yield base


@contextmanager
def sandbox() -> Iterator[str]:
    """Run the Stripe sandbox, in memory; yields its base URL."""
    port = free_port()
    command = [sys.executable, "-m", "sandbox", "--port", str(port)]
    with _running(command, dict(os.environ)):
        base = f"http://127.0.0.1:{port}"
        _wait_for(base + "/_sandbox/health")
        yield base


@contextmanager
def _running(command: list[str], env: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, env=env, cwd=_ROOT, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return  # any answer will do
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
