"""``flask metrics rebuild``: the same figures as were counted one by one, whoever counts meanwhile or did before."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database

from app.errors import FiguresNotReady
from app.extensions import services
from app.services.figures.keeper import FiguresKeeper
from tests.integration.cli.conftest import Run
from tests.support import stored
from tests.support.recount import comparable, recount

Mongo = Database[dict[str, Any]]
METRICS = "/api/v1/payments/metrics"
DAYS = {"from": "2026-03-01", "to": "2026-03-09"}
COUNTED = ("rollups", "payment_rows", "refund_rows", "dispute_rows")


@pytest.fixture
def payments(database: Mongo) -> list[dict[str, Any]]:
    made = stored.mixed(1_200)
    database.payments.insert_many(made)
    return made


def counted(database: Mongo) -> dict[str, dict[str, Any]]:
    """All that is kept of the figures; counters that came back to nothing are as if they had never been."""
    found = {name: {row["_id"]: row for row in database[name].find()} for name in COUNTED}
    found["rollups"] = {id_: cells for id_, row in found["rollups"].items() if (cells := _not_zero(row))}
    return found


def _not_zero(row: dict[str, Any]) -> dict[str, Any]:
    cells = {cell: {k: n for k, n in tally.items() if n} for cell, tally in row["cells"].items()}
    return {cell: tally for cell, tally in cells.items() if tally}


def figures_of(client: FlaskClient, bearer: dict[str, str]) -> dict[str, Any]:
    answer = client.get(METRICS, query_string=DAYS, headers=bearer)
    assert answer.status_code == 200, answer.text
    return comparable(answer.json)


def expected(payments: list[dict[str, Any]]) -> dict[str, Any]:
    return recount(payments, datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 10, tzinfo=UTC))


def change(database: Mongo, payments: list[dict[str, Any]], every: int, version: int) -> None:
    """Some of the payments become others, that were completed later than these were made."""
    others = stored.mixed(len(payments))
    for at in range(0, len(payments), every):
        other = others[min(at + version, len(payments) - 1)]
        kept = {name: payments[at][name] for name in ("_id", "payment_intent_id", "created_at")}
        payments[at] = {**other, **kept, "version": version, "uncounted": True}
        database.payments.replace_one({"_id": kept["_id"]}, payments[at])


def test_a_rebuild_equals_what_was_counted_one_by_one(
    app: Flask, run: Run, database: Mongo, payments: list[dict[str, Any]], bearer: dict[str, str]
) -> None:
    with app.app_context():
        services.figures.catch_up()
        change(database, payments, every=3, version=2)
        services.figures.catch_up()
        one_by_one = counted(database)
    first = run("metrics", "rebuild")
    assert first.exit_code == 0, first.output
    assert first.stdout.splitlines()[-1] == "1,200 payments counted. The figures are complete."
    assert counted(database) == one_by_one
    assert run("metrics", "rebuild").exit_code == 0
    assert counted(database) == one_by_one
    assert figures_of(app.test_client(), bearer) == expected(payments)


def test_a_build_of_no_payments_is_empty(run: Run, database: Mongo) -> None:
    result = run("metrics", "rebuild")
    assert (result.exit_code, result.stdout) == (0, "0 payments counted. The figures are complete.\n")


@pytest.mark.usefixtures("payments")
def test_a_build_that_was_interrupted_is_begun_again(
    app: Flask, run: Run, database: Mongo, bearer: dict[str, str]
) -> None:
    assert run("metrics", "rebuild").exit_code == 0
    whole = counted(database)
    with app.app_context():
        steps = services.figures.build()
        assert next(steps) == (1_000, 1_200)
        del steps  # as when the command is ended
    answer = app.test_client().get(METRICS, headers=bearer)
    assert (answer.status_code, answer.json["error"]) == (503, "figures_not_ready")
    assert "1,000 of about 1,200 payments are counted" in answer.json["message"]
    assert run("metrics", "rebuild").exit_code == 0
    assert counted(database) == whole


@pytest.mark.usefixtures("payments")
def test_one_process_builds_at_a_time(app: Flask, run: Run, database: Mongo) -> None:
    with app.app_context():
        steps = services.figures.build()
        next(steps)
        second = run("metrics", "rebuild")
        assert second.exit_code == 1
        assert "Another process is building the figures" in second.stderr
        assert "Traceback" not in second.output
        for _ in steps:
            pass
    assert database.payment_rows.count_documents({}) == 1_200
    assert run("metrics", "rebuild").exit_code == 0


def test_a_build_that_lost_its_turn_stops(app: Flask, database: Mongo) -> None:
    """As after a standstill of the process that was longer than the lease."""
    database.payments.insert_many(stored.mixed(1_200))
    with app.app_context():
        steps = services.figures.build()
        next(steps)
        database.worker_leases.update_one({"_id": "figures_build"}, {"$set": {"owner": "another"}})
        with pytest.raises(FiguresNotReady, match="taken over"):
            next(steps)


def test_many_payments_are_left_to_the_worker_and_few_are_counted_at_once(
    app: Flask, database: Mongo, bearer: dict[str, str]
) -> None:
    client = app.test_client()
    made = [stored.payment(n, payment_intent_id=None) for n in range(5_001)]
    database.payments.insert_many(made)
    answer = client.get(METRICS, headers=bearer)
    assert (answer.status_code, answer.json["error"]) == (503, "figures_not_ready")
    assert "flask metrics rebuild" in answer.json["message"] and answer.headers["Retry-After"] == "60"
    database.payments.delete_one({"_id": made[0]["_id"]})
    assert figures_of(client, bearer)["payments"]["completed"] == 5_000


def test_processes_that_count_the_same_payments_at_once_count_each_once(
    app: Flask, run: Run, database: Mongo, payments: list[dict[str, Any]], bearer: dict[str, str]
) -> None:
    """Keepers that share nothing, as those of processes."""
    with app.app_context():
        keepers = [FiguresKeeper(services.figures.zone) for _ in range(4)]
        keepers[0].catch_up()
    for version in (2, 3):
        change(database, payments, every=2, version=version)
        together = threading.Barrier(len(keepers))

        def count(keeper: FiguresKeeper, together: threading.Barrier = together) -> None:
            together.wait()
            keeper.catch_up()

        with ThreadPoolExecutor(len(keepers)) as pool:
            list(pool.map(count, keepers))
        assert database.payments.count_documents({"uncounted": True}) == 0
    at_once = counted(database)
    assert figures_of(app.test_client(), bearer) == expected(payments)
    assert run("metrics", "rebuild").exit_code == 0
    assert counted(database) == at_once


@pytest.mark.usefixtures("payments")
def test_a_build_that_starts_while_others_count_drops_their_counts(app: Flask, run: Run, database: Mongo) -> None:
    with app.app_context():
        keeper = FiguresKeeper(services.figures.zone)
        keeper.catch_up()
    over = threading.Event()

    def change_and_count() -> None:
        disputed = False
        while not over.is_set():
            disputed = not disputed
            changed = {"$set": {"uncounted": True, "disputed": disputed}, "$inc": {"version": 1}}
            database.payments.update_many({"customer_id": "customer-1"}, changed)
            with suppress(FiguresNotReady):
                keeper.catch_up()

    with ThreadPoolExecutor(1) as pool:
        counting = pool.submit(change_and_count)
        try:
            for _ in range(3):
                assert run("metrics", "rebuild").exit_code == 0
        finally:
            over.set()
        counting.result()
    keeper.catch_up()
    meanwhile = counted(database)
    assert run("metrics", "rebuild").exit_code == 0
    assert counted(database) == meanwhile
