"""Workers as processes: several at once, one that dies, one that is told to end, and MongoDB or Stripe away."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pymongo
from mongoengine.connection import get_db

from app.models import connection
from app.models.indexes import create_indexes
from app.services import Services
from config import Settings
from tests.integration.services.worker.conftest import (
    Mongo,
    StartWorker,
    WorkerProcess,
    events_of,
    leave_unapplied,
    paid_at_stripe,
)
from tests.support.sandbox import SandboxProcess
from tooling.mongo.embedded import EmbeddedMongo


def applied(database: Mongo) -> int:
    return database["webhook_events"].count_documents({"state": "applied"})


def fetches(sandbox: SandboxProcess) -> list[str]:
    paths = [call["path"] for call in sandbox.requests(method="GET")]
    return [path for path in paths if path.startswith("/v1/payment_intents/")]


def holder(database: Mongo, job: str = "sweep") -> str:
    row = database["worker_leases"].find_one({"_id": job}) or {}
    return str(row.get("owner", ""))


def leave_charges(sandbox: SandboxProcess, count: int) -> None:
    """Events that each take one fetch from Stripe, so that its log tells how often they were applied."""
    for number in range(count):
        paid_at_stripe(sandbox, f"order-{number}")
    for event in events_of(sandbox, "charge.succeeded"):
        leave_unapplied(event)


def until(worker: WorkerProcess, what: Any, seconds: float = 30) -> None:
    worker.wait_until(lambda: bool(what()), seconds)


def test_two_workers_do_everything_once(
    uses: Services, database: Mongo, sandbox: SandboxProcess, start_worker: StartWorker
) -> None:
    leave_charges(sandbox, 30)
    sandbox.put("latency", {"ms": 50})
    first, second = start_worker(), start_worker()
    until(first, lambda: applied(database) == 30)
    until(second, lambda: database["worker_heartbeats"].count_documents({}) == 2)
    assert len(fetches(sandbox)) == len(set(fetches(sandbox))) == 30
    assert {payment["status"] for payment in database["payments"].find()} == {"completed"}
    for worker in (first, second):
        assert worker.stop() == 0
    assert database["worker_heartbeats"].count_documents({}) == 0


def test_another_worker_goes_on_where_one_died(
    uses: Services, database: Mongo, sandbox: SandboxProcess, start_worker: StartWorker
) -> None:
    leave_charges(sandbox, 20)
    sandbox.put("latency", {"ms": 150})
    first = start_worker()
    until(first, lambda: 2 <= applied(database) < 18)
    dead = holder(database)
    first.stop(signal.SIGKILL)
    sandbox.put("latency", {"ms": 0})
    second = start_worker()
    until(second, lambda: database["worker_heartbeats"].count_documents({}) == 2)
    time.sleep(1)
    assert holder(database) == dead, "its lease is still valid"
    assert applied(database) < 20
    # As if its minute were over.
    past = datetime.now(UTC) - timedelta(seconds=1)
    database["worker_leases"].update_many({}, {"$set": {"expires_at": past}})
    until(second, lambda: applied(database) == 20)
    assert {payment["status"] for payment in database["payments"].find()} == {"completed"}
    assert database["payments"].count_documents({}) == 20


def test_sigterm_ends_it_between_two_events(
    uses: Services, database: Mongo, sandbox: SandboxProcess, start_worker: StartWorker
) -> None:
    leave_charges(sandbox, 30)
    sandbox.put("latency", {"ms": 200})
    worker = start_worker()
    until(worker, lambda: applied(database) >= 2)
    began = time.monotonic()
    assert worker.stop() == 0
    assert time.monotonic() - began < 5
    assert worker.said("worker_stopped", "ended")
    assert "Traceback" not in worker.output()
    events = list(database["webhook_events"].find())
    assert 2 <= sum(event["state"] == "applied" for event in events) < 30
    assert {event["state"] for event in events} == {"applied", "received"}, "none was cut short"
    assert holder(database) == "", "its leases are free"


def test_sigterm_at_once_and_twice(start_worker: StartWorker, database: Mongo) -> None:
    worker = start_worker()
    until(worker, lambda: worker.said("worker_started"))
    worker.process.send_signal(signal.SIGTERM)
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(15) == 0
    assert "Traceback" not in worker.output()


def test_stripe_away_is_told_and_tried_again(
    uses: Services, database: Mongo, sandbox: SandboxProcess, start_worker: StartWorker
) -> None:
    leave_charges(sandbox, 1)
    sandbox.fault(effect="503", match={"method": "GET"}, times=None)
    worker = start_worker(reconcile_interval_minutes=60)
    until(worker, lambda: database["webhook_events"].count_documents({"state": "failed"}) == 1)
    until(worker, lambda: worker.said("worker_job_failed", "reconcile", "StripeUnavailable"))
    sandbox.delete("faults")
    past = datetime.now(UTC) - timedelta(seconds=1)
    database["webhook_events"].update_many({}, {"$set": {"due_at": past}})
    until(worker, lambda: applied(database) == 1)
    lease = database["worker_leases"].find_one({"_id": "reconcile"})
    assert lease["last_error"] == "StripeUnavailable"
    assert "covered_until" not in lease
    assert timedelta(minutes=3) < lease["not_before"] - datetime.now(UTC) <= timedelta(minutes=5)


def test_mongodb_away_at_start_in_between_and_back(
    settings: Settings, sandbox: SandboxProcess, start_worker: StartWorker
) -> None:
    sandbox.hold_webhooks()
    mongo = EmbeddedMongo().start()
    try:
        connection.connect(mongo.uri)
        create_indexes()
        leave_charges(sandbox, 2)
        stop(mongo)
        worker = start_worker(mongodb_uri=mongo.uri)
        until(worker, lambda: worker.said("worker_job_failed", "sweep", "DatabaseUnavailable"))
        mongo.start()
        until(worker, lambda: get_db()["webhook_events"].count_documents({"state": "applied"}) == 2)

        before = worker.output().count("DatabaseUnavailable")
        stop(mongo)
        until(worker, lambda: worker.output().count("DatabaseUnavailable") > before)
        mongo.start()
        beat = datetime.now(UTC)
        with pymongo.MongoClient[dict[str, Any]](mongo.uri, tz_aware=True) as client:
            beats = client.get_default_database()["worker_heartbeats"]
            until(worker, lambda: beats.count_documents({"beat_at": {"$gt": beat}}))
        assert worker.stop() == 0
    finally:
        mongo.stop()
        connection.connect(settings.mongodb_uri)


def stop(mongo: EmbeddedMongo) -> None:
    for node in mongo.nodes:
        node.stop()


def test_what_was_missed_is_compared_once_for_all_workers(
    uses: Services, database: Mongo, sandbox: SandboxProcess, start_worker: StartWorker
) -> None:
    intents = {paid_at_stripe(sandbox, f"order-{number}") for number in range(5)}
    workers = [start_worker(reconcile_interval_minutes=60) for _ in range(2)]
    until(workers[0], lambda: database["payments"].count_documents({"status": "completed"}) == 5)
    assert {payment["payment_intent_id"] for payment in database["payments"].find()} == intents

    def rests() -> bool:
        row = database["worker_leases"].find_one({"_id": "reconcile"}) or {}
        return "covered_until" in row and row["not_before"] - datetime.now(UTC) > timedelta(minutes=55)

    until(workers[0], rests)
    # One that is started now would begin at once, if nobody had done it.
    workers.append(start_worker(reconcile_interval_minutes=60))
    until(workers[2], lambda: database["worker_heartbeats"].count_documents({}) == 3)
    time.sleep(2)
    assert sum(worker.output().count("reconcile_started") for worker in workers) == 1


def test_the_setting_of_retention_is_put_into_force(uses: Services, database: Mongo, start_worker: StartWorker) -> None:
    def seconds() -> int:
        return int(database["webhook_events"].index_information()["retention"]["expireAfterSeconds"])

    for days in (30, 90):
        worker = start_worker(webhook_retention_days=days)
        database["worker_leases"].delete_many({})
        until(worker, lambda wanted=days: seconds() == wanted * 86_400)
        assert worker.stop() == 0
