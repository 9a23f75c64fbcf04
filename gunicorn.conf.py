"""How gunicorn serves ``wsgi:app``. PORT and WEB_CONCURRENCY come from the environment or ``.env``."""

from __future__ import annotations

import atexit
import fcntl
import gc
import json
import logging
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config import Settings, SettingsError

try:
    _settings = Settings.from_env()
except SettingsError as error:
    # Before any worker starts: one sentence instead of a traceback from each of them.
    sys.exit(f"Paydesk cannot start. {error}")

bind = f"0.0.0.0:{_settings.port}"
workers = _settings.web_concurrency
worker_class = "gthread"
# A request waits for Stripe most of its time (400 ms is usual), and a thread that waits costs little. Two workers must
# hold 100 create-intents in flight, even if they all meet one of them, and still have threads free for webhooks, which
# Stripe expects to be fast; app/api/bulkhead.py keeps the difference free.
threads = 128
# A deploy should cut no request short. A call of Stripe is tried twice (app/gateway/client.py), each time with three
# seconds to connect; ten seconds are for the pause between and for MongoDB. What takes longer still, because it calls
# Stripe more than once, is cut short as by a crash, and a retry or the worker completes it. Whoever stops gunicorn must
# wait longer than this (docs/deploy.md).
graceful_timeout = 2 * (3 + _settings.stripe_timeout) + 10
# gthread beats from its main loop, so this ends a worker that hangs as a whole and not a slow request.
timeout = 30
# Longer than the idle time of the usual load balancers, so that none of them reuses a connection that we just closed.
keepalive = 75
# The longest that gunicorn allows: filters of the payment list are long. Header fields are few and tokens are short.
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190
# Heartbeats go to a file; on a slow disk a worker would look dead.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes a private file in it
# The application writes one JSON line for each request, without query string and address. A second line would only
# repeat it, and gunicorn's own would hold what must not be logged.
accesslog = None
# gunicorn would listen for commands on a socket in the home directory, which every server of a user shares.
control_socket_disable = True
errorlog = "-"
loglevel = "info"
# Who may say that a client came by https is for PROXY_HOPS to decide, and not for gunicorn, which believes everything
# that comes from this machine.
forwarded_allow_ips = ""
proc_name = "paydesk"


def _places(error: BaseException | None) -> Iterator[str]:
    """An exception and its causes as app/logging.py shows them; it cannot be asked before there is a folder."""
    for _ in range(10):
        if error is None:
            return
        yield f"Traceback of {type(error).__name__}:"
        for frame in traceback.extract_tb(error.__traceback__):
            yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


class _JsonLines(logging.Formatter):
    """What the master says, of processes and signals, as the application's lines look (app/logging.py).

    A worker's lines go through the application, which keeps out what clients sent.
    """

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        line = {"event": record.getMessage(), "logger": record.name, "level": record.levelname.lower()}
        if record.exc_info and record.exc_info[1]:
            line["error"] = type(record.exc_info[1]).__name__
            line["exception"] = "\n".join(_places(record.exc_info[1]))
        return json.dumps({**line, "timestamp": at})


if not sys.stderr.isatty():
    _to_stderr = {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}
    logconfig_dict = {
        "formatters": {"json": {"()": _JsonLines}},
        "handlers": {"stderr": _to_stderr},
        "loggers": {"gunicorn.error": {"handlers": ["stderr"], "propagate": False}},
        "root": {"level": "INFO", "handlers": []},
    }

# The workers count into files of this folder, so that any of them answers /metrics for all (app/metrics). It is one
# for each server, so that two servers of a machine do not add up, unless the environment names another.
_OURS = "paydesk-metrics-"
_SHARED = "PROMETHEUS_MULTIPROC_DIR"
_given = Path(os.environ.get(_SHARED, ""))
# A reload reads this file again, and must find its folder again. A new master that takes over (SIGUSR2) inherits the
# name of a folder that the old one still uses.
_is_ours = _given.name.startswith(f"{_OURS}{os.getpid()}-")


def _remove(folder: Path, master: int) -> None:
    """Leave nothing behind; workers, which are copies of their master, end earlier than it does."""
    if os.getpid() == master:
        shutil.rmtree(folder, ignore_errors=True)


def _lock(folder: Path) -> int:
    """Lock a folder until this process and its workers have ended, and return what to close. OSError where it is."""
    held = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise
    return held


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True


def _sweep(home: Path) -> None:
    """Remove the folders of masters that were killed and could not.

    The number of a process says little by itself: another container that shares the place counts anew, and may have
    the same. So the lock has the last word, which every living master holds.
    """
    for left in home.glob(f"{_OURS}*-*"):
        # What is locked, of another user or gone meanwhile is left alone.
        with suppress(OSError, ValueError):
            pid = int(left.name.removeprefix(_OURS).partition("-")[0])
            if pid == os.getpid() or not _is_alive(pid):
                held = _lock(left)
                shutil.rmtree(left, ignore_errors=True)
                os.close(held)


if _SHARED not in os.environ or (_given.name.startswith(_OURS) and not _is_ours):
    _sweep(Path(worker_tmp_dir or tempfile.gettempdir()))
    _given = Path(tempfile.mkdtemp(prefix=f"{_OURS}{os.getpid()}-", dir=worker_tmp_dir))
    _lock(_given)
    os.environ[_SHARED] = str(_given)
    atexit.register(_remove, _given, os.getpid())


def on_starting(_: Any) -> None:
    """Begin with an empty folder: what a server counted before it ended is gone, as with any process."""
    _given.mkdir(parents=True, exist_ok=True)
    for left in _given.glob("*.db"):
        left.unlink()


def post_worker_init(_: Any) -> None:
    """Have Python no longer look through what lives as long as the worker for garbage.

    It did so every few thousand new objects, and each time whoever was being answered waited for some 40 ms.
    """
    gc.collect()
    gc.freeze()


def child_exit(_: Any, worker: Any) -> None:
    """Take out the gauges of a worker that is gone; what it counted stays."""
    # Not above: it looks whether there is a folder when it is first imported, and workers inherit what it found.
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
