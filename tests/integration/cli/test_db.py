from __future__ import annotations

from dataclasses import replace
from typing import Any

import bson
from flask import Flask
from pymongo.database import Database

from app.factory import create_app
from app.models import connection
from app.models.indexes import RETIRED, create_indexes, document_classes, missing_indexes
from app.models.payments.document import PaymentDocument
from config import Settings
from tests.integration.cli.conftest import Run

Mongo = Database[dict[str, Any]]


def test_missing_indexes_are_made_once(app: Flask, run: Run, database: Mongo) -> None:
    database["users"].drop_index("email")
    database["payments"].drop_indexes()
    with app.app_context():
        missing = missing_indexes()
    assert "users.email" in missing
    assert "payments.intent" in missing
    first = run("db", "indexes")
    assert first.exit_code == 0, first.output
    assert [line for line in first.stdout.splitlines() if line.startswith("created ")] == [
        f"created {name}" for name in missing
    ]
    again = run("db", "indexes")
    assert again.stdout.strip() == "All indexes exist."
    with app.app_context():
        assert missing_indexes() == []


def test_indexes_of_earlier_releases_are_dropped_once_and_no_others(run: Run, database: Mongo) -> None:
    payments = database["payments"]
    for name in RETIRED["payments"]:
        payments.create_index([(name, 1)], name=name)
    payments.create_index("livemode", name="of_an_operator")
    first = run("db", "indexes")
    assert first.exit_code == 0, first.output
    assert [line for line in first.stdout.splitlines() if line.startswith("dropped ")] == [
        f"dropped payments.{name}" for name in RETIRED["payments"]
    ]
    declared = {spec["name"] for spec in PaymentDocument._meta["index_specs"]}
    assert set(payments.index_information()) == {"_id_", "of_an_operator", *declared}
    assert run("db", "indexes").stdout.strip() == "All indexes exist."
    payments.drop_index("of_an_operator")


def test_no_declared_index_is_retired() -> None:
    for kind in document_classes():
        declared = {spec["name"] for spec in kind._meta["index_specs"]}
        assert not declared & set(RETIRED.get(kind._get_collection_name(), ()))


def test_indexes_are_made_as_they_are_declared(app: Flask, database: Mongo) -> None:
    with app.app_context():
        create_indexes()
        for kind in document_classes():
            made = database[kind._get_collection_name()].index_information()
            for spec in kind._meta["index_specs"]:
                found = made[spec["name"]]
                assert [tuple(part) for part in found["key"]] == list(spec["fields"])
                assert found.get("unique", False) == spec.get("unique", False)
                # As they are stored, because the driver gives a declared time back without its zone.
                assert stored(found.get("partialFilterExpression")) == stored(spec.get("partialFilterExpression"))
                assert found.get("expireAfterSeconds") == spec.get("expireAfterSeconds")


def stored(value: Any) -> bytes:
    return bson.encode({"value": value})


def test_every_collection_that_is_written_is_declared(app: Flask) -> None:
    names = {kind._get_collection_name() for kind in document_classes()}
    assert {"payments", "webhook_events", "idempotency_records", "users", "audit_entries"} <= names


def test_data_that_an_index_forbids_is_named_not_lost(run: Run, database: Mongo) -> None:
    database["users"].drop_index("email")
    database["users"].insert_many([{"email": "ada@example.com"}, {"email": "ada@example.com"}])
    result = run("db", "indexes")
    assert result.exit_code == 1
    assert "users.email could not be created" in result.stderr
    assert "Traceback" not in result.output
    assert database["users"].count_documents({}) == 2
    database["users"].delete_many({})
    assert run("db", "indexes").exit_code == 0


def test_a_database_that_is_away_is_a_sentence(settings: Settings) -> None:
    away = replace(settings, mongodb_uri="mongodb://127.0.0.1:1/paydesk")
    try:
        result = create_app(away).test_cli_runner().invoke(args=["users", "list"])
    finally:
        connection.connect(settings.mongodb_uri)
    assert result.exit_code == 1
    assert "database cannot be reached" in result.stderr
    assert "Traceback" not in result.output
