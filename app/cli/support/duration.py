"""Spans of time as people type them: 90s, 30m, 1h, 3d."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import click

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = timedelta(days=3650)


class Duration(click.ParamType[timedelta]):
    """A positive number and a unit: seconds, minutes, hours or days."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        match = re.fullmatch(r"([1-9][0-9]{0,7})([smhd])", str(value).strip())
        span = timedelta(seconds=int(match[1]) * _SECONDS[match[2]]) if match else timedelta()
        if not timedelta() < span <= _LONGEST:
            self.fail(f"{value!r} is not a duration such as 30m, 1h or 3d.", param, ctx)
        return span
