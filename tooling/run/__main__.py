"""`make run`: everything that Paydesk needs, on this machine, until Ctrl-C."""

from __future__ import annotations

import fcntl
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from config import SettingsError
from tooling.mongo.errors import MongoUnavailable
from tooling.run.stack import DATA, Stack, report
from tooling.run.supervisor import PartFailed, Supervisor


class Stopped(Exception):
    """The developer asked to stop."""


def main() -> int:
    """Run until Ctrl-C or SIGTERM; the exit code is 1 when a part failed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)
    try:
        with _only_one():
            _run_until_stopped()
    except (PartFailed, MongoUnavailable, SettingsError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    report("Stopped. The data stays in .data; `make run` continues with it.")
    return 0


def _run_until_stopped() -> None:
    supervisor = Supervisor()
    stack = Stack(supervisor)
    try:
        stack.up()
        supervisor.watch()
    except Stopped:
        pass
    finally:
        # A second Ctrl-C must not leave a process behind. Each part has a limited time to stop anyway.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        stack.down()


@contextmanager
def _only_one() -> Iterator[None]:
    DATA.mkdir(exist_ok=True)
    with (DATA / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise PartFailed("`make run` is already running in this folder. Stop that one first.") from error
        yield


def _on_signal(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Stopped


if __name__ == "__main__":
    sys.exit(main())
