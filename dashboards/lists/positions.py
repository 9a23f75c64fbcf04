"""Where a list goes on, as part of an address: a time and the id of the last row, readable and checked."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_EVENT = re.compile(r"([0-9]{1,11})-([\x21-\x7e]{1,255})")
_REPORT = re.compile(r"([0-9]{1,14})-([0-9a-f]{24})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def event_position(text: str | None) -> tuple[int, str] | None:
    """The position among events; None for the beginning, which is also the nearest sensible view of nonsense."""
    found = _EVENT.fullmatch(text or "")
    return (int(found[1]), found[2]) if found else None


def report_position(text: str | None) -> tuple[datetime, str] | None:
    """The position among reports of reconciliation; None for the beginning."""
    found = _REPORT.fullmatch(text or "")
    return (_EPOCH + int(found[1]) * _MILLISECOND, found[2]) if found else None


def write(position: tuple[int | datetime, str] | None) -> str | None:
    """A position as part of an address."""
    if position is None:
        return None
    at, row_id = position
    number = at if isinstance(at, int) else (at - _EPOCH) // _MILLISECOND
    return f"{number}-{row_id}"
