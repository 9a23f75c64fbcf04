"""How two values of one field are joined, so that the order in which they were learnt does not matter."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def earliest(old: int | None, new: int | None) -> int | None:
    return min((time for time in (old, new) if time is not None), default=None)


def latest(old: int | None, new: int | None) -> int | None:
    return max((time for time in (old, new) if time is not None), default=None)


def fill(old: T | None, new: T | None) -> T | None:
    """The one that is known; of two different ones the smaller text, so that order does not matter."""
    if old is None or new is None:
        return new if old is None else old
    return min(old, new, key=repr) if old != new else old
