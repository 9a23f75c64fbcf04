"""A range as people write it: days in the dashboard's time zone, or exact times."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.errors import ValidationFailed

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# RFC 3339, of which seconds and offset may be left out. The library reads more of ISO 8601, where a day may look like
# this (20250131, 2025-W05-5), and would be taken for its first instant.
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?")
# No payment is older, and far dates do not survive a change of time zone.
_YEARS = range(2000, 2200)


def day_range(
    first: str | None, last: str | None, timezone: str, *, names: tuple[str, str] = ("from", "to")
) -> tuple[datetime | None, datetime | None]:
    """Inclusive start and exclusive end, in UTC; ``names`` are those of the fields for what is refused.

    Raises ValidationFailed.
    """
    zone = ZoneInfo(timezone)
    start = _moment(names[0], first, zone, days=0)
    end = _moment(names[1], last, zone, days=1)
    if start and end and start > end:
        raise ValidationFailed(errors={names[1]: [f"This is before {names[0]}."]})
    return start, end


def is_day(text: str) -> bool:
    """True for a day that exists, written as 2025-01-31."""
    try:
        return _DAY.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _moment(name: str, text: str | None, zone: ZoneInfo, *, days: int) -> datetime | None:
    """A day's midnight, ``days`` later; or an exact time, which is local where it names no offset."""
    if text is None:
        return None
    try:
        if is_day(text):
            found = datetime.combine(date.fromisoformat(text) + timedelta(days=days), time(), zone)
        elif _TIME.fullmatch(text):
            found = datetime.fromisoformat(text)
            found = found if found.tzinfo else found.replace(tzinfo=zone)
        else:
            raise ValueError(text)
        if found.year not in _YEARS:
            raise ValueError(text)
    except (ValueError, OverflowError) as error:
        told = "Use a date (2025-01-31) or an RFC 3339 time (2025-01-31T09:30:00Z)."
        raise ValidationFailed(errors={name: [told]}) from error
    return found.astimezone(UTC)
