from __future__ import annotations

from datetime import timedelta

import click
import pytest

from app.cli.support.duration import Duration


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("1h", timedelta(hours=1)),
        (" 3d ", timedelta(days=3)),
    ],
)
def test_a_number_and_a_unit(text: str, span: timedelta) -> None:
    assert Duration().convert(text, None, None) == span


@pytest.mark.parametrize("text", ["", "1", "h", "0h", "-1h", "1.5h", "1w", "1h30m", "99999d", "9999999999d", "٣d"])
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="30m, 1h or 3d"):
        Duration().convert(text, None, None)
