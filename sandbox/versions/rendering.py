"""An object in the shape of an older version: the changes after that version are undone, newest first."""

from __future__ import annotations

from typing import Any

from sandbox.core.records import Json
from sandbox.versions.changes import CHANGES, Undo
from sandbox.versions.names import NEWEST, SERVED

_UNDO: dict[tuple[str, str], tuple[Undo, ...]] = {
    (kind, version): tuple(change.undo for change in CHANGES if kind in change.kinds and change.version > version)
    for version in SERVED
    for kind in {kind for change in CHANGES for kind in change.kinds}
}


def render(value: Json, version: str) -> Json:
    """The object, and every object inside it. Events stay as they were created (facts §2)."""
    return value if version == NEWEST else _rendered(value, version)


def error_body(body: Json, version: str) -> Json:
    """The body ``{"error": …}``, and the objects inside it."""
    if version == NEWEST:
        return body
    rendered: Json = _rendered(body, version)
    _undo(rendered["error"], "error", version)
    return rendered


def event(value: Json, version: str) -> Json:
    """An event, its object and the object's old values, as an endpoint of this version gets them."""
    value = {**value, "api_version": version}
    if version == NEWEST:
        return value
    _undo(value, "event", version)
    data = value["data"]
    value["data"] = {**data, "object": _rendered(data["object"], version)}
    if "previous_attributes" in data:
        value["data"]["previous_attributes"] = _old_values(data["previous_attributes"], data["object"], version)
    return value


def _old_values(values: Json, current: Json, version: str) -> Json:
    """The old values of an object's fields, without those that the version lacks."""
    rendered = _rendered({**values, "object": current["object"]}, version)
    return {name: value for name, value in rendered.items() if name in values}


def _rendered(value: Any, version: str) -> Any:
    """A copy: the store's records share their inner dictionaries with what is rendered of them."""
    if isinstance(value, list):
        return [_rendered(item, version) for item in value]
    if not isinstance(value, dict) or value.get("object") == "event":
        return value
    # What callers write as metadata is theirs, even where it looks like an object.
    copy = {name: inner if name == "metadata" else _rendered(inner, version) for name, inner in value.items()}
    kind = copy.get("object")
    if isinstance(kind, str):
        _undo(copy, kind, version)
    return copy


def _undo(value: Json, kind: str, version: str) -> None:
    for undo in _UNDO.get((kind, version), ()):
        undo(value)
