"""Where a list goes on, as part of an address: signed, and bound to the filter and the order that it was made for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from app.services.listing import Place

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LONGEST = 500


class BadCursor(ValueError):
    """The message says to people what is wrong with it."""


def write(place: Place | None, name: str, parameters: Mapping[str, str]) -> str | None:
    """The cursor of the list ``name`` with these parameters; None where there is nothing to go on to."""
    if place is None:
        return None
    is_time = isinstance(place.value, datetime)
    value = (place.value - _EPOCH) // _MILLISECOND if is_time else place.value
    parts = [_digest(name, parameters), int(is_time), value, place.row_id, int(place.back)]
    return str(_serializer().dumps(parts))


def read(text: str | None, name: str, parameters: Mapping[str, str]) -> Place | None:
    """The place in a cursor. Raises BadCursor for one that we did not write, or wrote for another list."""
    if text is None:
        return None
    try:
        if len(text) > _LONGEST:
            raise ValueError(text)
        digest, is_time, value, row_id, back = _serializer().loads(text)
    except (BadData, ValueError, TypeError) as error:
        told = "This address of a page is damaged, so the list is shown from its beginning."
        raise BadCursor(told) from error
    if digest != _digest(name, parameters):
        raise BadCursor(
            "This address of a page belongs to another filter or order, so the list is shown from its beginning."
        )
    return Place(_EPOCH + value * _MILLISECOND if is_time else value, row_id, back=bool(back))


def place_of(
    arguments: Mapping[str, str], name: str, parameters: Mapping[str, str], problems: list[str]
) -> Place | None:
    """Where the list goes on; a cursor that does not belong to it is a problem, and the list begins anew."""
    try:
        return read(arguments.get("cursor") or None, name, parameters)
    except BadCursor as error:
        problems.append(str(error))
        return None


def _digest(name: str, parameters: Mapping[str, str]) -> str:
    text = json.dumps([name, sorted(parameters.items())])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="dashboard-list")
