"""The embedded MongoDB through crashes, lost processes and taken ports."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pymongo
import pytest

from tooling import process
from tooling.mongo.embedded import EmbeddedMongo
from tooling.mongo.errors import MongoUnavailable


@pytest.fixture
def mongo(tmp_path: Path) -> Iterator[EmbeddedMongo]:
    with EmbeddedMongo(tmp_path / "mongo") as started:
        yield started


def write(mongo: EmbeddedMongo, value: int) -> None:
    with pymongo.MongoClient[dict[str, Any]](mongo.uri, w="majority", journal=True) as client:
        client.get_default_database()["numbers"].insert_one({"value": value})


def read(mongo: EmbeddedMongo) -> list[int]:
    with pymongo.MongoClient[dict[str, Any]](mongo.uri) as client:
        return [row["value"] for row in client.get_default_database()["numbers"].find().sort("value")]


def test_an_acknowledged_write_survives_a_crash_at_the_same_address(mongo: EmbeddedMongo) -> None:
    write(mongo, 1)
    uri = mongo.uri
    mongo.kill()
    mongo.start()
    assert mongo.uri == uri
    assert read(mongo) == [1]


def test_data_stays_after_a_clean_stop(mongo: EmbeddedMongo) -> None:
    write(mongo, 1)
    mongo.stop()
    with EmbeddedMongo(mongo.dbpath) as again:
        write(again, 2)
        assert read(again) == [1, 2]


def test_a_data_folder_is_used_by_one_run_at_a_time(mongo: EmbeddedMongo) -> None:
    with pytest.raises(MongoUnavailable, match="in use by another run"):
        EmbeddedMongo(mongo.dbpath).start()
    write(mongo, 1)


def test_a_mongod_that_a_killed_run_left_behind_is_replaced(mongo: EmbeddedMongo) -> None:
    write(mongo, 1)
    (lost,) = mongo.pids
    mongo.nodes[0]._release_folder()  # as the system does when our process is killed
    with EmbeddedMongo(mongo.dbpath) as again:
        assert process.started_at(lost) is None
        assert read(again) == [1]


class HangUp(socketserver.BaseRequestHandler):
    """Another program, which accepts a connection and closes it."""


class OtherProgram(socketserver.TCPServer):
    allow_reuse_address = True


def test_a_port_that_another_program_took_is_replaced(mongo: EmbeddedMongo) -> None:
    write(mongo, 1)
    mongo.stop()
    with OtherProgram(("127.0.0.1", mongo.nodes[0].port), HangUp) as other:
        Thread(target=other.serve_forever, daemon=True).start()
        with EmbeddedMongo(mongo.dbpath) as again:
            assert again.uri != mongo.uri
            assert read(again) == [1]
        other.shutdown()


def test_temporary_data_is_removed() -> None:
    with EmbeddedMongo() as mongo:
        write(mongo, 1)
        assert mongo.dbpath.exists()
    assert not mongo.dbpath.exists()
    assert mongo.pids == []


def test_three_nodes_elect_another_primary(tmp_path: Path) -> None:
    with EmbeddedMongo(tmp_path / "set", nodes=3) as mongo:
        write(mongo, 1)
        primary = mongo.wait_for_primary()
        primary.stop()
        assert mongo.wait_for_primary() is not primary
        write(mongo, 2)
        assert read(mongo) == [1, 2]
