"""A file of settings that gets a secret: readable by its owner only, and never half written."""

from __future__ import annotations

from pathlib import Path

from dotenv import dotenv_values, set_key

_PRIVATE = 0o600


def make_private(path: Path) -> None:
    """Create the file if there is none, and let only its owner read it. Raises OSError."""
    path.touch(mode=_PRIVATE)
    path.chmod(_PRIVATE)


def value_of(path: Path, name: str) -> str:
    """The value that the file gives a setting; empty where it gives none."""
    return dotenv_values(path).get(name) or ""


def put(path: Path, name: str, value: str) -> None:
    """Give a setting its value, in place of an earlier one; everything else stays as it is. Raises OSError."""
    set_key(path, name, value, quote_mode="never", follow_symlinks=True)
