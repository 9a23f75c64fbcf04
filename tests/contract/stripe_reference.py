"""Stripe's own documents, as validators. Everything here skips where the reference folder is absent."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.contract.test_reference_tables import REFERENCE

VERSION = "2023-10-16"
NEWEST = "2026-10-28.endive"
VERSIONS = (VERSION, NEWEST)
Json = dict[str, Any]


@functools.cache
def openapi(version: str = VERSION) -> Json:
    """Stripe's OpenAPI document of a version, or a skip."""
    document: Json = json.loads(read(f"openapi-{version.split('.', maxsplit=1)[0]}.json"))
    return document


def read(name: str) -> str:
    """A file of the reference folder, or a skip."""
    path = REFERENCE / name
    if not path.exists():
        pytest.skip("the Stripe reference folder ../shared/stripe is not beside this repository")
    return path.read_text("utf-8")


def problems(answer: Json, version: str = VERSION) -> list[str]:
    """What is wrong with an object, a list of objects, an event with its snapshot, or an error body.

    Events are judged by their own version, everything else by ``version``.
    """
    if "error" in answer:
        return [*_errors("error", answer, version), *_nested(answer["error"], version)]
    kind = answer["object"]
    if kind in ("list", "search_result"):
        return [problem for item in answer["data"] for problem in problems(item, version)]
    if kind == "event":
        return [*_errors(kind, answer, answer["api_version"]), *_event(answer)]
    if answer.get("deleted"):
        kind = f"deleted_{kind}"
    return _errors(kind, answer, version)


def _nested(error: Json, version: str) -> Iterator[str]:
    for name in ("payment_intent", "payment_method"):
        if name in error:
            yield from problems(error[name], version)


def _event(event: Json) -> Iterator[str]:
    snapshot = event["data"]["object"]
    yield from problems(snapshot, event["api_version"])
    for name in event["data"].get("previous_attributes", {}):
        if name not in snapshot:
            yield f"previous_attributes.{name} is not a field of a {snapshot['object']}"


def _errors(kind: str, instance: Json, version: str) -> list[str]:
    return [
        f"{kind}{error.json_path.removeprefix('$')}: {error.message[:300]}"
        for error in _validator(kind, version).iter_errors(instance)
    ]


@functools.cache
def _validator(kind: str, version: str) -> Draft202012Validator:
    components = {"schemas": _schemas(version)}
    return Draft202012Validator({"$ref": f"#/components/schemas/{kind}", "components": components})


@functools.cache
def _schemas(version: str) -> Json:
    schemas = openapi(version)["components"]["schemas"]
    return {name: _json_schema(schema) for name, schema in schemas.items()}


def _json_schema(node: Any) -> Any:
    """OpenAPI 3.0's dialect as JSON Schema, and closed: a field that Stripe does not have is an error too."""
    if isinstance(node, list):
        return [_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {name: _json_schema(value) for name, value in node.items()}
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        # A field named "type" or "nullable" is inside "properties", so only real schemas come here.
        schema.setdefault("additionalProperties", False)
    if node.get("nullable") is True:
        return {"anyOf": [schema, {"type": "null"}]}
    return schema
