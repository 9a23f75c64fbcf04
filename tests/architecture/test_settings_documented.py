"""``.env.example`` documents every setting, with its default, and nothing else."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from dotenv import dotenv_values

from config import Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_example_names_exactly_the_settings() -> None:
    assert set(dotenv_values(EXAMPLE)) == {field.name.upper() for field in fields(Settings)}


def test_example_shows_the_defaults() -> None:
    example = {name: value or "" for name, value in dotenv_values(EXAMPLE).items()}
    assert Settings.from_env(example) == Settings()


def test_every_variable_is_explained() -> None:
    """Each block of variables follows a comment; a block without one explains nothing."""
    for block in EXAMPLE.read_text("utf-8").split("\n\n"):
        assert block.startswith("#"), block
