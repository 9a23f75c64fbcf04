"""Parses ranges: days in the dashboard's time zone, or exact times."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.errors import ValidationFailed

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# RFC 3339; seconds and offset are optional. The standard library accepts more of ISO 8601, in which days have further
# spellings (20250131, 2025-W05-5) that would be taken for their first instant.
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?")
# No payment is older, and dates at the ends of the calendar overflow in a change of time zone.
_YEARS = range(2000, 2200)


def day_range(
    first: str | None, last: str | None, timezone: str, *, names: tuple[str, str] = ("from", "to")
) -> tuple[datetime | None, datetime | None]:
    """Inclusive start and exclusive end, in UTC; ``names`` are the fields that errors refer to.

    Raises ValidationFailed.
    """
    zone = ZoneInfo(timezone)
    start = _instant(names[0], first, zone, days=0)
    end = _instant(names[1], last, zone, days=1)
    if start and end and start > end:
        raise ValidationFailed(errors={names[1]: [f"This is before {names[0]}."]})
    return start, end


def is_day(text: str) -> bool:
    """True for an existing day in the form 2025-01-31."""
    try:
        return _DAY.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _instant(name: str, text: str | None, zone: ZoneInfo, *, days: int) -> datetime | None:
    """Midnight of a day plus ``days``, or an exact time, which is local unless it has an offset."""
    if text is None:
        return None
    try:
        if is_day(text):
            instant = datetime.combine(date.fromisoformat(text) + timedelta(days=days), time(), zone)
        elif _TIME.fullmatch(text):
            instant = datetime.fromisoformat(text)
            instant = instant if instant.tzinfo else instant.replace(tzinfo=zone)
        else:
            raise ValueError(text)
        if instant.year not in _YEARS:
            raise ValueError(text)
    except (ValueError, OverflowError) as error:
        message = "Use a date (2025-01-31) or an RFC 3339 time (2025-01-31T09:30:00Z)."
        raise ValidationFailed(errors={name: [message]}) from error
    return instant.astimezone(UTC)
