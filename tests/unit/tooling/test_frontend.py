from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tooling import frontend


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A frontend of one file."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "index.ts").write_text("export {};")
    monkeypatch.setattr(frontend, "FRONTEND", tmp_path)
    return tmp_path


def test_the_fingerprint_depends_on_names_and_contents_of_sources_only(sources: Path) -> None:
    before = frontend.fingerprint()
    (sources / "dist").mkdir()
    (sources / "dist" / "index.js").write_text("generated")
    assert frontend.fingerprint() == before
    (sources / "src" / "index.ts").write_text("export { };")
    changed = frontend.fingerprint()
    (sources / "src" / "index.ts").rename(sources / "src" / "main.ts")
    assert len({before, changed, frontend.fingerprint()}) == 3


def test_without_node_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert frontend.missing() == "Node.js 20 or newer is not installed (apt-get install nodejs npm)"
    assert frontend.check().startswith("frontend: not checked, because Node.js 20 or newer is not installed")


@pytest.mark.parametrize(("version", "message"), [("v18.19.0", "Node.js v18.19.0 is too old"), ("v20.0.0", None)])
def test_an_old_node_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, message: str | None
) -> None:
    for name in ("node", "npm"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho {version}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    obstacle = frontend.missing()
    if message is None:
        assert obstacle is None
    else:
        assert obstacle is not None and obstacle.startswith(message)
