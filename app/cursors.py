"""Where a page of a list begins, and the same as signed text of an address: one form for the API and the dashboard."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LONGEST = 600


class InvalidCursor(ValueError):
    """The message says to people what is wrong with the link that they followed."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row beside which a page lies: after it in the list, or before it when going back.

    ``value`` is what the list is sorted by, ``row_id`` tells rows of the same value apart.
    """

    value: Any
    row_id: Any
    back: bool = False


class Cursors:
    """The cursors of one list. Each is bound to the ``parameters`` (filters and sort order) that it was made for."""

    def __init__(self, secret_key: str, name: str, parameters: Mapping[str, str] | None = None) -> None:
        self._serializer = URLSafeSerializer(secret_key, salt="list-cursor")
        text = json.dumps([name, sorted((parameters or {}).items())])
        self._digest = hashlib.sha256(text.encode()).hexdigest()[:16]

    def write(self, cursor: Cursor | None) -> str | None:
        """The cursor as text; None where there is no further page."""
        if cursor is None:
            return None
        is_time = isinstance(cursor.value, datetime)
        value = (cursor.value - _EPOCH) // _MILLISECOND if is_time else cursor.value
        row_id = cursor.row_id if isinstance(cursor.row_id, int) else str(cursor.row_id)
        return str(self._serializer.dumps([self._digest, int(is_time), value, row_id, int(cursor.back)]))

    def read(self, text: str | None) -> Cursor | None:
        """The cursor in a text. Raises InvalidCursor for one that was not written here, or for another list."""
        if text is None:
            return None
        try:
            if len(text) > _LONGEST:
                raise ValueError(text)
            digest, is_time, value, row_id, back = self._serializer.loads(text)
        except (BadData, ValueError, TypeError) as error:
            raise InvalidCursor("This page link is invalid.") from error
        if digest != self._digest:
            raise InvalidCursor("This page link belongs to another filter or sort order.")
        return Cursor(_EPOCH + value * _MILLISECOND if is_time else value, row_id, back=bool(back))
