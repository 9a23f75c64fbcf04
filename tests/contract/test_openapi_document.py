"""The OpenAPI document: valid, complete, and readable for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from app.errors import PaydeskError, every_error
from app.factory import create_app
from config import Settings

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    settings = Settings(
        secret_key="a secret key of the test",
        auth_jwt_secret="a secret of the test that has thirty-two bytes",
        log_level="CRITICAL",
    )
    return create_app(settings).test_client()


@pytest.fixture(scope="module")
def document(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/openapi.json")
    assert answer.mimetype == "application/json"
    # Numbers as the standard library reads them, because the validator knows no decimals.
    found: dict[str, Any] = json.loads(answer.data)
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS & set(item):
            yield f"{method.upper()} {path}", item[method]


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_every_error_word_is_in_the_catalogue(document: dict[str, Any]) -> None:
    introduction = document["info"]["description"]
    words = {kind.error for kind in every_error().values()} | {PaydeskError.error}
    assert not [word for word in words if f"`{word}`" not in introduction]


def test_every_operation_is_described_and_says_who_may_call_it(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["tags"], name
        assert "security" in operation, name
        if operation["security"]:
            assert {"401", "403", "503"} <= set(operation["responses"]), name
            assert operation["x-required-scope"], name


def test_every_field_and_parameter_is_described(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        if name == "PaginationMetadata":
            continue  # flask-smorest's own, unused
        for field, definition in schema["properties"].items():
            assert definition.get("description"), f"{name}.{field}"
    for name, operation in operations(document):
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), f"{name} {parameter['name']}"


def test_every_error_has_the_one_shape(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            if status >= "4" and name != "GET /readyz":
                schema = response["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Error"}, f"{name} {status}"


def test_posts_accept_an_idempotency_key(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        names = {parameter["name"] for parameter in operation.get("parameters", [])}
        if name.startswith("POST") and not name.endswith("/webhook"):
            assert "Idempotency-Key" in names, name


def test_swagger_ui_needs_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/api/docs")
    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "http" not in page.text.replace("https://www.w3.org", "")
    assert "<script>" not in page.text
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "initializer.js"):
        with client.get(f"/api/docs/{name}") as found:
            assert found.status_code == 200, name
            assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/api/docs/index.html").status_code == 404
    assert client.get("/api/docs/..%2f__init__.py").status_code == 404
