"""docs/architecture.md is a true map: every file it names exists, and every noun's room is on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAP = (ROOT / "docs" / "architecture.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`((?:[\w.]+/)+[\w.]*|\w+\.py)`", MAP)))
ROOMS = sorted(
    f"{folder.relative_to(ROOT).as_posix()}/"
    for layer in ("app", "app/domain", "app/models", "app/services", "app/api", "app/cli", "dashboards")
    for folder in (ROOT / layer).iterdir()
    if (folder / "__init__.py").exists()
)


@pytest.mark.parametrize("name", NAMED)
def test_what_the_map_names_exists(name: str) -> None:
    assert (ROOT / name).is_dir() if name.endswith("/") else (ROOT / name).exists()


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_on_the_map(room: str) -> None:
    assert f"`{room}" in MAP or f"{room.rstrip('/')} " in MAP


def test_the_map_names_files() -> None:
    assert len(NAMED) > 40
