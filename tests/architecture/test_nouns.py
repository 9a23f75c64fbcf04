"""Within a layer a noun imports only the nouns that its docstring names, and nothing goes round in a circle."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = (
    "app/domain",
    "app/models",
    "app/gateway",
    "app/services",
    "app/api",
    "app/cli",
    "app/telemetry",
    "dashboards",
)
_USES = re.compile(r"^Uses ([a-z_, ]+)\.$", re.MULTILINE)


def nouns(layer: str) -> dict[str, Path]:
    """The nouns of a layer: its modules and packages by name."""
    folder = ROOT / layer
    files = {path.stem: path for path in folder.glob("*.py") if path.stem != "__init__"}
    return files | {path.parent.name: path for path in folder.glob("*/__init__.py")}


def stated(path: Path) -> set[str]:
    """The nouns that a docstring names on its line ``Uses …``."""
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    line = _USES.search(docstring)
    return set(line[1].split(", ")) if line else set()


def imported(layer: str, noun: str, path: Path) -> set[str]:
    """The other nouns of the layer that the noun's files import."""
    package = layer.replace("/", ".")
    files = path.parent.rglob("*.py") if path.stem == "__init__" else [path]
    names = {name for file in files for name in _names(file) if name.startswith(f"{package}.")}
    return {name.removeprefix(f"{package}.").split(".")[0] for name in names} - {noun}


def _names(file: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return found


@pytest.mark.parametrize("layer", LAYERS)
def test_a_noun_imports_exactly_the_nouns_that_its_docstring_names(layer: str) -> None:
    rooms = nouns(layer)
    assert rooms
    wrong = {}
    for noun, path in rooms.items():
        used = imported(layer, noun, path) & rooms.keys()
        if used != stated(path):
            wrong[noun] = f"Uses {', '.join(sorted(used))}." if used else "uses none"
    assert not wrong


@pytest.mark.parametrize("layer", LAYERS)
def test_nouns_import_each_other_in_no_circle(layer: str) -> None:
    rooms = nouns(layer)
    uses = {noun: imported(layer, noun, path) & rooms.keys() for noun, path in rooms.items()}
    while leaves := {noun for noun, used in uses.items() if not used & uses.keys()}:
        for noun in leaves:
            del uses[noun]
    assert not uses, f"a circle among {sorted(uses)}"
