"""The worker as a process, and the means to leave things open for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pymongo.database import Database

from app.extensions import services
from app.gateway.redaction import strip_event
from app.models.webhooks.events import receive
from app.services import Services
from app.services.webhooks.inbox import _row
from config import Settings
from tests.support.child import Child
from tests.support.ownership import our_metadata
from tests.support.sandbox import SandboxProcess
from tests.support.server import environment

Mongo = Database[dict[str, Any]]
StartWorker = Callable[..., "WorkerProcess"]


class WorkerProcess(Child):
    """``flask worker run``."""

    def __init__(self, settings: Settings, log: Path) -> None:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker", "run"]
        super().__init__("worker", command, log, environment(settings))

    def said(self, *words: str) -> bool:
        """Whether a line of the log has all of these."""
        return any(all(word in line for word in words) for line in self.output().splitlines())


@pytest.fixture
def start_worker(settings: Settings, tmp_path: Path) -> Iterator[StartWorker]:
    """``start_worker(**settings)``: a worker that does not compare with Stripe unless it is told to."""
    workers: list[WorkerProcess] = []

    def start(**changes: Any) -> WorkerProcess:
        chosen = replace(settings, **{"reconcile_interval_minutes": 0, **changes})
        worker = WorkerProcess(chosen, tmp_path / f"worker-{len(workers)}.log")
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.stop()
        print(worker.tail())


@pytest.fixture
def uses(app: Flask, sandbox: SandboxProcess) -> Iterator[Services]:
    """The use cases, in front of a sandbox that delivers nothing: there is no server."""
    sandbox.hold_webhooks()
    with app.app_context():
        yield services


def paid_at_stripe(sandbox: SandboxProcess, order: str, card: str = "4242424242424242") -> str:
    """An intent that carries our metadata, made and paid without us; its id."""
    params = {"amount": 1999, "currency": "usd", **our_metadata(order, "c1")}
    intent = sandbox.stripe("POST", "/v1/payment_intents", params)
    sandbox.pay(intent["id"], card)
    return str(intent["id"])


def events_of(sandbox: SandboxProcess, type_: str) -> list[dict[str, Any]]:
    """Every event of a type, oldest first."""
    page = sandbox.stripe("GET", "/v1/events", {"type": type_, "limit": 100})
    return list(reversed(page["data"]))


def leave_unapplied(event: dict[str, Any], age: timedelta = timedelta(minutes=2)) -> None:
    """As if the process that received the event had died before it applied it."""
    kept = strip_event(event)
    receive(kept["id"], _row(kept), now=datetime.now(UTC) - age)
