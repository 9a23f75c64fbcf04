"""The React package: its own tests, its build, and that it agrees with the server about types and currencies."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from app.domain.money import CURRENCIES, shown_decimals
from tooling import frontend

# Vitest and vite start from nothing, on a machine that may be busy with other tests.
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def npm() -> None:
    """The package's own tools are installed."""
    if why := frontend.missing():
        pytest.skip(f"The frontend's tests did not run: {why}")
    frontend.install()


def test_every_state_error_and_race(npm: None) -> None:
    frontend.npm("test")


def test_the_package_is_built_and_small(npm: None) -> None:
    frontend.npm("run", "build")
    print(frontend.npm("run", "size"))
    assert {"index.js", "index.d.ts"} <= {path.name for path in (frontend.FRONTEND / "dist").iterdir()}


def test_the_types_are_those_of_the_server(npm: None, tmp_path: Path) -> None:
    made = tmp_path / "schema.d.ts"
    subprocess.run(["sh", "scripts/generate-types.sh", str(made)], cwd=frontend.FRONTEND, check=True)
    committed = frontend.FRONTEND / "src" / "api" / "schema.d.ts"
    assert made.read_text() == committed.read_text(), "The API changed: run `npm run generate` in frontend/."


def test_the_currencies_have_the_decimals_of_the_server() -> None:
    written = json.loads((frontend.FRONTEND / "src" / "money" / "currency-decimals.json").read_text())
    of = {code: shown_decimals(code) for code in CURRENCIES}
    assert written == {digits: sorted(code for code in of if of[code] == int(digits)) for digits in ("0", "3")}


def test_the_lock_file_names_no_place_to_download_from() -> None:
    locked = json.loads((frontend.FRONTEND / "package-lock.json").read_text())
    assert [name for name, package in locked["packages"].items() if "resolved" in package] == []
