"""The present, as everything that is stored keeps it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present as MongoDB keeps it: UTC, whole milliseconds."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
