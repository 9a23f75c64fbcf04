"""kill -9 in mid-load: of gunicorn, of mongod, of a replica set's primary. Nothing lost, nothing counted twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.storm import Storm, wait_until
from tooling.mongo.embedded import EmbeddedMongo

EVENTS = 5_000
CRASHES = 6


@pytest.mark.timeout(300)
def test_gunicorn_is_killed_twice(storm: Callable[..., Storm], mongo_uri: str) -> None:
    """The storm below in short; what so few crashes hit is left to chance."""
    _kill_gunicorn(storm(mongo_uri), events=500, crashes=2)


@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_gunicorn_is_killed_again_and_again(storm: Callable[..., Storm], mongo_uri: str) -> None:
    """5,000 events, every fifth twice, shuffled; master and workers die at random moments, or one worker alone."""
    unfinished = _kill_gunicorn(storm(mongo_uri), EVENTS, CRASHES)
    assert any(unfinished), "no crash hit an event between storing and applying; the test proved nothing"


def _kill_gunicorn(run: Storm, events: int, crashes: int) -> list[int]:
    """How many events were stored and not yet applied at each crash of the whole server."""
    run.make_events(events)
    run.serve()
    unfinished: list[int] = []

    def strike(number: int) -> None:
        if number % 4 == 3:
            os.kill(run.chance.choice(_children(run)), signal.SIGKILL)
            return
        run.crash_server()
        unfinished.append(sum(row["state"] == "received" for row in run.rows().values()))
        run.serve()

    run.release(duplicate=1.2)
    assert run.released > events * 1.15
    with run.ordering() as acknowledged:
        run.each_time(crashes, strike)
        # A short storm may be over before the ERP's first refund.
        wait_until(lambda: bool(acknowledged.refunds))
    run.calm_down()
    swept = run.sweep()
    rows = run.rows()
    print(f"stored and unapplied at the crashes: {unfinished}, swept: {swept}")
    assert swept == 0, "every unanswered event was delivered again, so nothing was left to sweep"
    assert len(rows) >= events
    assert acknowledged.intents and acknowledged.refunds and acknowledged.failures
    assert run.problems(acknowledged, rows)[:20] == []
    return unfinished


@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_mongod_is_killed_again_and_again(storm: Callable[..., Storm], tmp_path: Path) -> None:
    with EmbeddedMongo(tmp_path / "mongo", database="storm") as mongo:
        run = storm(mongo.uri, seed=2)
        run.make_events(1_500)
        run.serve()

        def strike(_: int) -> None:
            mongo.kill()
            mongo.start()

        run.release(duplicate=1.2)
        with run.ordering() as acknowledged:
            run.each_time(3, strike)
        run.calm_down()
        # The note that an event was applied may be lost with the mongod; its effects may not.
        print(f"swept: {run.sweep()}")
        assert acknowledged.intents and acknowledged.refunds
        assert run.problems(acknowledged, run.rows())[:20] == []


@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_the_primary_of_a_replica_set_is_killed(storm: Callable[..., Storm], tmp_path: Path) -> None:
    """Each event is sent once only, so one that was acknowledged and then lost would not come again."""
    with EmbeddedMongo(tmp_path / "mongo", nodes=3, database="storm") as mongo:
        run = storm(mongo.uri, seed=3)
        run.make_events(1_000)
        run.serve()

        def strike(_: int) -> None:
            primary = mongo.wait_for_primary()
            primary.stop(signal.SIGKILL)
            mongo.wait_for_primary()
            # It takes up what it missed, and takes back what only it had.
            primary.start()

        run.release(duplicate=1.0)
        with run.ordering() as acknowledged:
            run.each_time(2, strike)
        run.calm_down()
        print(f"swept: {run.sweep()}")
        assert acknowledged.intents and acknowledged.refunds
        assert run.problems(acknowledged, run.rows())[:20] == []


def _children(run: Storm) -> list[int]:
    """The workers of gunicorn."""
    assert run.server is not None
    children = Path(f"/proc/{run.server.pid}/task/{run.server.pid}/children")
    wait_until(lambda: len(children.read_text().split()) == 2)
    return [int(word) for word in children.read_text().split()]
