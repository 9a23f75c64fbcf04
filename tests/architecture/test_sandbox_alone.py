"""The sandbox is loaded without anything of the application, in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
APPLICATION = {"app", "config", "dashboards", "tooling", "wsgi"}
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "sandbox").rglob("*.py")
)


def loaded_by(*modules: str) -> set[str]:
    """The modules that a fresh interpreter holds after it has imported these, beside those it starts with."""
    code = (
        "import importlib, json, sys; before = set(sys.modules)\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(json.loads(process.stdout))


def test_sandbox_loads_nothing_of_the_application() -> None:
    loaded = loaded_by(*MODULES)
    assert set(MODULES) <= loaded
    assert {name for name in loaded if name.partition(".")[0] in APPLICATION} == set()


def test_sandbox_package_loads_only_itself() -> None:
    assert loaded_by("sandbox") == {"sandbox"}


def test_money_loads_only_the_core_and_the_standard_library() -> None:
    ours = {"sandbox", "sandbox.core", "sandbox.core.errors", "sandbox.core.money"}
    others = loaded_by("sandbox.core.money") - ours
    assert {name for name in others if name.partition(".")[0] not in sys.stdlib_module_names} == set()
