"""Backfill of an empty database from an account with many payments: speed, and memory at two sizes."""

from __future__ import annotations

import os
import re
import subprocess
import time

import requests

from tooling.bench import stack
from tooling.bench.report import Table
from tooling.mongo.embedded import EmbeddedMongo

MEMORY_TARGET_MB = 300
# What the sandbox's bulk control creates for a payment: an intent, and charges, refunds and disputes.
OBJECTS_PER_PAYMENT = 2.07


def measure(mongo: EmbeddedMongo, count: int) -> list[Table]:
    """A quarter of ``count`` objects, then all of them, each into an empty database."""
    table = Table(
        "Reconciliation: backfill of an empty database, then a second run",
        ["", "objects", "payments", "backfill s", "objects/s", "MB", "no drift s", "objects/s", "MB"],
    )
    peaks = []
    for name, objects in (("a quarter", count // 4), ("all", count)):
        with stack.sandbox() as sandbox:
            bulk = {"payments": int(objects / OBJECTS_PER_PAYMENT), "days": 90}
            requests.post(f"{sandbox}/_sandbox/bulk", json=bulk, timeout=3600).raise_for_status()
            env = stack.environment(mongo.uri_for(f"bench_reconciliation_{objects}"), sandbox)
            stack.flask(env, "db", "indexes")
            first, second = _reconcile(env), _reconcile(env)
        peaks.append(first.megabytes)
        table.row(
            name, str(first.objects), str(first.payments), first.seconds, first.objects / first.seconds,
            first.megabytes, second.seconds, second.objects / second.seconds, second.megabytes,
        )  # fmt: skip
    table.note(
        f"memory grows by {peaks[1] - peaks[0]:.0f} MB for four times the objects "
        f"(target: flat, < {MEMORY_TARGET_MB} MB)"
    )
    return [table]


class _Run:
    """One run of the command in its own process: time, peak memory and objects read."""

    def __init__(self, seconds: float, megabytes: float, output: str) -> None:
        self.seconds = seconds
        self.megabytes = megabytes
        (read,) = re.findall(r"^Read at Stripe: (.*)$", output, re.MULTILINE)
        self.objects = sum(int(number) for number in re.findall(r"\d+", read))
        self.payments = int(re.findall(r"^(\d+) payments compared", output, re.MULTILINE)[0])


def _reconcile(env: dict[str, str]) -> _Run:
    started = time.perf_counter()
    command = [*stack.FLASK, "stripe", "reconcile", "--since", "120d", "--repair"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    output = process.stdout.read() if process.stdout else ""
    # Only wait4 gives the memory of this one child.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"The reconciliation ended with {process.returncode}:\n{output}")
    return _Run(time.perf_counter() - started, usage.ru_maxrss / 1024, output)
