"""What the documents name exists: every ``flask …`` command with its options, every page and section they link to."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask

from app.factory import create_app
from config import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# In a line of a shell block, after a prompt of another command, or between backticks.
_COMMAND = re.compile(r"(?:^|`|exec (?:-T )?\w+ |bin/)flask ((?:[^`#|\n\\]|\\\n)+)", re.MULTILINE)


def _written() -> Iterator[tuple[str, list[str]]]:
    for path in DOCUMENTS:
        for found in _COMMAND.finditer(path.read_text("utf-8")):
            words = shlex.split(found[1].replace("\\\n", " "))
            if words[:2] == ["--app", "wsgi"]:
                words = words[2:]
            if words and words[0] != "…":
                yield f"{path.name}: flask {' '.join(words)}", words


WRITTEN = dict(_written())


@pytest.fixture(scope="module")
def commands() -> click.Group:
    app: Flask = create_app(Settings(secret_key="x" * 40))
    return app.cli


@pytest.mark.parametrize("place", WRITTEN)
def test_command_exists(place: str, commands: click.Group) -> None:
    words = WRITTEN[place]
    command: click.Command = commands
    while isinstance(command, click.Group) and words:
        # Several are written as one: list|show|replay.
        names, words = words[0].split("|"), words[1:]
        for name in names:
            assert name in command.commands, f"{place}: there is no {name}"
        command = command.commands[names[0]]
    assert not isinstance(command, click.Group), place
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options | {"--help"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        page, _, anchor = link.partition("#")
        target = path.parent / page if page else path
        assert target.exists(), link
        if anchor:
            assert anchor in _anchors(target), link


def _anchors(path: Path) -> set[str]:
    """The names that headings get where the repository is shown."""
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_commands_are_found_in_the_documents() -> None:
    assert len(WRITTEN) > 30
