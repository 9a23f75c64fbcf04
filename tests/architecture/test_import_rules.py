"""Rules about the code that import-linter and the linter cannot say."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("app", "dashboards", "sandbox", "tooling", "tests")
LONGEST_FILE = 400
# Names that say nothing about what is inside, so that everything ends up there.
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
# Beside the standard library, what the two single files of the top level may import.
TOP_LEVEL = {
    "config.py": {"dotenv", "pymongo"},
    "wsgi.py": {"app", "config"},
    "gunicorn.conf.py": {"config", "prometheus_client"},
}


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def imported_modules(path: Path) -> set[str]:
    """Every module that a file imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # A relative import would hide what is meant; the linter bans it.
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
    return found


def test_the_domain_imports_the_standard_library_and_itself() -> None:
    for path in python_files("app/domain"):
        foreign = {
            name
            for name in imported_modules(path)
            if name.partition(".")[0] not in sys.stdlib_module_names
            and not (name == "app.domain" or name.startswith("app.domain."))
        }
        assert not foreign, f"{path.relative_to(ROOT)} imports {', '.join(sorted(foreign))}"


@pytest.mark.parametrize(("name", "allowed"), TOP_LEVEL.items())
def test_the_files_of_the_top_level_import_little(name: str, allowed: set[str]) -> None:
    packages = {module.partition(".")[0] for module in imported_modules(ROOT / name)}
    assert packages - sys.stdlib_module_names <= allowed


def test_no_layer_but_the_start_reads_the_environment() -> None:
    """Settings come from config.Settings, which validates them and which .env.example documents."""
    for path in python_files("app", "dashboards"):
        tree = ast.parse(path.read_text("utf-8"))
        reads = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
            if isinstance(node.value, ast.Name) and node.value.id == "os"
        ]
        assert not reads, f"{path.relative_to(ROOT)} reads the environment"


def test_every_file_is_named_for_what_it_holds() -> None:
    assert [path for path in python_files(*OURS) if path.stem in EMPTY_NAMES] == []


def test_no_file_is_too_long_to_read() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in python_files(*OURS)}
    too_long = {str(path.relative_to(ROOT)): lines for path, lines in lengths.items() if lines > LONGEST_FILE}
    assert too_long == {}
